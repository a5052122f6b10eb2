package clearing

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // Asia/Shanghai on machines without zone files

	"shiming/registration"
)

// words put what was found into one language.
type words interface {
	holderUnknown() string
	holderMatches() string
	holderReviewed() string
	holderDiffers() string
	letterNeeded() string
	neverFrozen() string
	frozenNow() string
	frozenLongAgo(last time.Time) string
	frozenLately(last, until time.Time) string
	notActivated() string
	oldEnough(opened time.Time) string
	tooYoung(opened, until time.Time) string
	noCards() string
	cards(last4 []string) string
	noBalance() string
	balance(fen int64) string
	noRefundable() string
	refundable(count int, last, until time.Time) string
	nothingInTransit() string
	inTransit(withdrawals, transfers int) string
}

func wordsOf(l registration.Locale) words {
	if l == registration.English {
		return english{}
	}
	return chinese{}
}

// yuan spells fen as CNY.
func yuan(fen int64) string { return fmt.Sprintf("%d.%02d", fen/100, fen%100) }

// local is a moment in China.
func local(t time.Time) time.Time {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil { // embedded above
		return t
	}
	return t.In(zone)
}

type english struct{}

func (english) day(t time.Time) string    { return local(t).Format("2 Jan 2006") }
func (english) moment(t time.Time) string { return local(t).Format("15:04 on 2 Jan 2006") }

func (english) holderUnknown() string {
	return "Name and ID number are compared once the clearing is asked for and every other condition is met."
}
func (english) holderReviewed() string { return "A reviewer decides by the materials." }
func (english) holderMatches() string {
	return "Name and ID number are those of the verified identity."
}

func (english) holderDiffers() string {
	return "Name and ID number are not those of the verified identity; only its holder can have it cleared."
}

func (english) letterNeeded() string {
	return "Name and ID number are not those of the verified identity; an authorised person of the company needs a letter of authorisation."
}
func (english) neverFrozen() string { return "The wallet account was never frozen." }
func (english) frozenNow() string {
	return "The wallet account is frozen; have it unfrozen first. It can be cleared half a year after the last freeze."
}

func (e english) frozenLongAgo(last time.Time) string {
	return fmt.Sprintf("Last frozen on %s, more than half a year ago.", e.day(last))
}

func (e english) frozenLately(last, until time.Time) string {
	return fmt.Sprintf("Last frozen on %s; half a year must pass, until %s.", e.day(last), e.moment(until))
}

func (english) notActivated() string {
	return "The wallet account is not activated; activate it in the wallet."
}

func (e english) oldEnough(opened time.Time) string {
	return fmt.Sprintf("Opened on %s, more than 30 days ago, and activated.", e.day(opened))
}

func (e english) tooYoung(opened, until time.Time) string {
	return fmt.Sprintf("Opened on %s; it must be older than 30 days, from %s.", e.day(opened), e.moment(until))
}
func (english) noCards() string { return "No bank card is bound." }
func (english) cards(last4 []string) string {
	if len(last4) == 1 {
		return fmt.Sprintf("1 card bound: ending %s; unbind it in the wallet.", last4[0])
	}
	return fmt.Sprintf("%d cards bound: ending %s; unbind them in the wallet.", len(last4), strings.Join(last4, ", "))
}
func (english) noBalance() string { return "The balance is zero." }
func (english) balance(fen int64) string {
	return fmt.Sprintf("Balance %s CNY; withdraw it in the wallet.", yuan(fen))
}
func (english) noRefundable() string { return "No refundable transaction in the last 30 days." }
func (e english) refundable(count int, last, until time.Time) string {
	if count == 1 {
		return fmt.Sprintf("1 refundable transaction, on %s; 30 days must pass, until %s.", e.day(last), e.moment(until))
	}
	return fmt.Sprintf("%d refundable transactions, the last on %s; 30 days must pass, until %s.", count, e.day(last), e.moment(until))
}
func (english) nothingInTransit() string { return "Nothing is under way." }
func (english) inTransit(withdrawals, transfers int) string {
	var parts []string
	if withdrawals > 0 {
		parts = append(parts, fmt.Sprintf("%d withdrawal%s", withdrawals, plural(withdrawals)))
	}
	if transfers > 0 {
		parts = append(parts, fmt.Sprintf("%d transfer%s to unverified accounts", transfers, plural(transfers)))
	}
	return fmt.Sprintf("Still under way: %s; wait until the money has arrived.", strings.Join(parts, " and "))
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}
