package statement

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"shiming/internal/bank"
	"shiming/registration"
)

// comparing is a comparison under way.
type comparing struct {
	Comparison
	statements Statements
	payments   []Payment
	lines      []line // of all statements
}

// payment is ours with this key, nil if it is nobody's.
func (c *comparing) payment(key string) *Payment {
	i := slices.IndexFunc(c.payments, func(p Payment) bool { return p.Key == key && key != "" })
	if i < 0 {
		return nil
	}
	return &c.payments[i]
}

// differ notes a difference. A second one of a kind about the same subject becomes part of the first.
func (c *comparing) differ(d Difference) {
	i := slices.IndexFunc(c.Differences, func(x Difference) bool { return x.Kind == d.Kind && x.Subject == d.Subject })
	if i < 0 {
		c.Differences = append(c.Differences, d)
		return
	}
	c.Differences[i].Tried += "; " + d.Tried
	c.Differences[i].Facts += "\n" + d.Facts
}

// ours judges a transfer of a payment that we know.
func (c *comparing) ours(l line, p Payment) {
	c.Matched++
	c.Sightings = append(c.Sightings, l.sighting(p))
	if p.Secret {
		c.Withheld++
	} else {
		c.OutFen += l.AmountFen
		if l.State == bank.TransferReturned {
			c.BackFen += l.AmountFen
		}
	}
	var what, facts []string
	if p.AmountFen != nil && *p.AmountFen != l.AmountFen {
		what, facts = append(what, "the amount"), append(facts, fmt.Sprintf("amount %d", l.AmountFen))
	}
	if p.Last4 != l.AccountLast4 {
		what, facts = append(what, "the account, which ends "+l.AccountLast4+" there and "+p.Last4+" here"), append(facts, "account "+l.AccountLast4)
	}
	if string(l.State) != p.BankState {
		what, facts = append(what, fmt.Sprintf("the state, which is %s there and %s here", l.State, p.BankState)), append(facts, "state "+string(l.State)+" "+p.BankState)
	}
	if len(what) > 0 {
		c.differ(Difference{
			Kind: registration.FindingStatementDiffers, Subject: p.ID, AccountID: p.AccountID,
			Tried: c.of() + " has another value: " + strings.Join(what, ", ") + referred(l), Facts: strings.Join(facts, ", "),
		})
	}
	if l.State == bank.TransferReturned && p.BankState == string(bank.TransferReturned) && p.ReturnedLate {
		c.differ(Difference{
			Kind: registration.FindingStatementReturnedLate, Subject: p.ID, AccountID: p.AccountID,
			Tried: c.of() + " has it as returned" + referred(l) + "; " + p.RegistrationID + " had ended or gone on before", Facts: "returned " + l.Reference,
		})
	}
}

// nobodys judges a transfer whose key no payment has. One of the same amount to an account that ends alike is a payment's
// second, under another key.
func (c *comparing) nobodys(l line) {
	facts := fmt.Sprintf("%s %s %d %s %t", l.Key, l.Reference, l.AmountFen, l.AccountLast4, l.State == bank.TransferReturned)
	if p := c.alike(l); p != nil {
		c.differ(Difference{
			Kind: registration.FindingStatementDouble, Subject: p.ID, AccountID: p.AccountID,
			Tried: c.of() + " has the same amount to the same account once more, under the key " + named(l.Key) + referred(l), Facts: facts,
		})
		return
	}
	subject := l.Key
	if subject == "" {
		subject = l.Reference
	}
	c.differ(Difference{
		Kind: registration.FindingStatementUnknown, Subject: named(subject), Facts: facts,
		Tried: c.of() + " has it, " + string(l.State) + ", to an account ending " + l.AccountLast4 + referred(l) + "; no payment has this key",
	})
}

// alike is a payment that stands on a statement too and has the amount and the account of a transfer that is nobody's.
func (c *comparing) alike(l line) *Payment {
	i := slices.IndexFunc(c.payments, func(p Payment) bool {
		return p.AmountFen != nil && *p.AmountFen == l.AmountFen && p.Last4 == l.AccountLast4 && c.stated(p)
	})
	if i < 0 {
		return nil
	}
	return &c.payments[i]
}

// transfers are those of a payment by its key, by day: on the statements at hand, and as they were seen on all others.
func (c *comparing) transfers(p Payment) []Sighting {
	all := slices.DeleteFunc(slices.Clone(p.Seen), func(s Sighting) bool {
		_, atHand := c.statements[s.Day]
		return atHand
	})
	for _, l := range c.lines {
		if l.Key == p.Key {
			all = append(all, l.sighting(p))
		}
	}
	slices.SortStableFunc(all, func(a, b Sighting) int { return cmp.Compare(a.Day, b.Day) })
	return all
}

// stated reports whether any day's statement has the payment.
func (c *comparing) stated(p Payment) bool { return len(c.transfers(p)) > 0 }

// doubled judges a payment whose key is there twice. It is found on the day of each transfer that is not the first.
func (c *comparing) doubled(p Payment) {
	all := slices.DeleteFunc(c.transfers(p), func(s Sighting) bool { return s.Day > c.Day })
	if len(all) < 2 || all[len(all)-1].Day != c.Day {
		return
	}
	var which []string
	for _, s := range all {
		which = append(which, cmp.Or(s.Reference, "one without a reference")+" on "+string(s.Day))
	}
	c.differ(Difference{
		Kind: registration.FindingStatementDouble, Subject: p.ID, AccountID: p.AccountID, Facts: strings.Join(which, ", "),
		Tried: fmt.Sprintf("there are %d transfers under its key: %s", len(all), strings.Join(which, ", ")),
	})
}

// missed judges a payment that the bank said it has taken on the day, and that no statement has. What was taken at the end
// of the day may be booked on the next, whose statement must be whole then. What is booked later than that is missed until
// the day that has it is compared.
func (c *comparing) missed(p Payment) {
	if !p.out() || p.AcceptedAt == nil || DayOf(*p.AcceptedAt) != c.Day || c.stated(p) {
		return
	}
	next := c.Day.Add(1)
	atEdge := !p.AcceptedAt.Before(c.Day.End().Add(-atTheEdge))
	if !c.Whole || atEdge && !c.statements[next].whole(next) {
		c.Waiting++
		return
	}
	c.differ(Difference{
		Kind: registration.FindingStatementMissing, Subject: p.ID, AccountID: p.AccountID, Facts: "missing",
		Tried: "the bank has said " + p.BankState + "; neither the statement of " + string(c.Day) + " nor that of another day has its key",
	})
}

func (c *comparing) of() string { return "the statement of " + string(c.Day) }

// referred names a transfer as the bank does, if it does.
func referred(l line) string {
	if l.Reference == "" {
		return ""
	}
	return " (the bank's reference " + named(l.Reference) + ")"
}

// longestName is how much of a bank's key or reference is a name to us.
const longestName = 128

// aPersons is what may be the number of a phone, a card or a person: eleven digits or more, and no letter but the X at the
// end of an ID number. None of them begins with 20, as the day does with which banks begin their references.
var (
	aPersons = regexp.MustCompile(`^[^A-Za-z0-9]*([0-9][^A-Za-z0-9]*){11,}[Xx]?$`)
	aDays    = regexp.MustCompile(`^20[0-9]{2}-?[01][0-9]-?[0-3][0-9]`)
)

// named is a bank's key or reference as it may stand in a finding: as it is, if it looks like one, else a hash of it, for
// it may be anything that a person has typed in.
func named(s string) string {
	plain := s != "" && len(s) <= longestName && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
	if plain && (!aPersons.MatchString(s) || aDays.MatchString(s)) {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return "unreadable-" + hex.EncodeToString(sum[:8])
}
