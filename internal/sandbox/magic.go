package sandbox

import "strings"

// The values with a meaning (spec: sandbox, "Values with a meaning").
const (
	cardGood      = "622202"
	cardMismatch  = "622203"
	cardCredit    = "622204"
	cardCorporate = "622205"
	cardBusy      = "622206" // 503 twice, then good
	cardLost      = "622207"

	wrongPassword = "000000"

	accountRefused  = "0000" // no such account
	accountReturned = "0001" // settles, then comes back: name does not match
	accountBusy     = "0002" // 503 three times, then accepted
	accountMute     = "0003" // executed, the answer never comes
	accountStuck    = "0004" // never settles
	accountRepeats  = "0005" // settled is reported three times

	cardBusyTimes    = 2
	accountBusyTimes = 3
)

// cardPrefix returns the six digits that decide what happens, or "" if they mean nothing here.
func cardPrefix(number string) string {
	for _, p := range []string{cardGood, cardMismatch, cardCredit, cardCorporate, cardBusy, cardLost} {
		if strings.HasPrefix(number, p) {
			return p
		}
	}
	return ""
}

// accountEnding returns the last four characters, which decide what happens to a transfer.
func accountEnding(number string) string {
	return number[max(0, len(number)-4):]
}

// traits are what an account id's prefixes say about the account in the wallet.
type traits struct {
	verified, frozen, young, carded, funded, refundable, intransit bool
}

// traitsOf reads the chained prefixes from the front: "carded-funded-x" has two, "x-carded-" none.
func traitsOf(accountID string) traits {
	var t traits
	known := map[string]*bool{
		"verified": &t.verified, "frozen": &t.frozen, "young": &t.young, "carded": &t.carded,
		"funded": &t.funded, "refundable": &t.refundable, "intransit": &t.intransit,
	}
	for {
		prefix, rest, found := strings.Cut(accountID, "-")
		trait, ok := known[prefix]
		if !found || !ok {
			return t
		}
		*trait, accountID = true, rest
	}
}
