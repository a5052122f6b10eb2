package clearing

import (
	"time"

	"shiming/internal/wallet"
	"shiming/internal/workday"
	"shiming/registration"
)

// Asked is what the conditions are judged by beside the wallet's facts.
type Asked struct {
	// Holder says whether name and ID number handed in are the bound identity's; nil if nobody has been compared.
	Holder *bool
	// Company says that an authorised person of a company may ask too, by letter.
	Company bool
	At      time.Time
	Locale  registration.Locale
}

// Judge answers the conditions in the order of the contract.
func Judge(facts wallet.Facts, cal workday.Calendar, asked Asked) registration.Conditions {
	j := judge{facts: facts, cal: cal, Asked: asked, say: wordsOf(asked.Locale)}
	return registration.Conditions{
		j.holderRequest(), j.notFrozen(), j.accountAge(), j.cardsUnbound(), j.zeroBalance(), j.noRefundable(), j.noFundsInTransit(),
	}
}

// Contested is what a claimant who names no account is shown: the one condition that concerns them, which a reviewer
// judges by their materials.
func Contested(locale registration.Locale) registration.Conditions {
	return registration.Conditions{{Code: registration.HolderRequest, Evidence: wordsOf(locale).holderReviewed()}}
}

type judge struct {
	Asked
	facts wallet.Facts
	cal   workday.Calendar
	say   words
}

func (j judge) condition(code registration.ConditionCode, met bool, evidence string) registration.Condition {
	return registration.Condition{Code: code, Met: &met, Evidence: evidence}
}

// cured is a condition that time alone meets, at a date.
func (j judge) cured(code registration.ConditionCode, at time.Time, met, unmet string) registration.Condition {
	if !j.At.Before(at) {
		return j.condition(code, true, met)
	}
	c := j.condition(code, false, unmet)
	c.EligibleAt = &at
	return c
}

func (j judge) holderRequest() registration.Condition {
	switch {
	case j.Holder == nil:
		return registration.Condition{Code: registration.HolderRequest, Evidence: j.say.holderUnknown()}
	case *j.Holder:
		return j.condition(registration.HolderRequest, true, j.say.holderMatches())
	case j.Company:
		return j.condition(registration.HolderRequest, false, j.say.letterNeeded())
	}
	return j.condition(registration.HolderRequest, false, j.say.holderDiffers())
}

// notFrozen: half a year, which is six calendar months, must lie between the last freeze and the clearing.
func (j judge) notFrozen() registration.Condition {
	switch last := j.facts.LastFrozenAt; {
	case j.facts.Frozen:
		return j.condition(registration.NotFrozen, false, j.say.frozenNow())
	case last == nil:
		return j.condition(registration.NotFrozen, true, j.say.neverFrozen())
	default:
		at := j.cal.Months(*last, registration.ClearingFreezeMonths)
		return j.cured(registration.NotFrozen, at, j.say.frozenLongAgo(*last), j.say.frozenLately(*last, at))
	}
}

func (j judge) accountAge() registration.Condition {
	at := j.cal.Days(j.facts.OpenedAt, registration.ClearingAgeDays)
	if !j.facts.Activated { // time does not activate it
		return j.condition(registration.AccountAge, false, j.say.notActivated())
	}
	return j.cured(registration.AccountAge, at, j.say.oldEnough(j.facts.OpenedAt), j.say.tooYoung(j.facts.OpenedAt, at))
}

func (j judge) cardsUnbound() registration.Condition {
	cards := j.facts.CardsLast4
	if len(cards) == 0 {
		return j.condition(registration.CardsUnbound, true, j.say.noCards())
	}
	return j.condition(registration.CardsUnbound, false, j.say.cards(cards))
}

func (j judge) zeroBalance() registration.Condition {
	if j.facts.BalanceFen == 0 {
		return j.condition(registration.ZeroBalance, true, j.say.noBalance())
	}
	return j.condition(registration.ZeroBalance, false, j.say.balance(j.facts.BalanceFen))
}

// noRefundable regards the transactions of the last 30 days; what is older is nobody's business any more.
func (j judge) noRefundable() registration.Condition {
	var count int
	var last time.Time
	for _, t := range j.facts.Refundable {
		if j.At.Before(j.cal.Days(t, registration.ClearingRefundDays)) {
			count++
			if t.After(last) {
				last = t
			}
		}
	}
	if count == 0 {
		return j.condition(registration.NoRefundable, true, j.say.noRefundable())
	}
	at := j.cal.Days(last, registration.ClearingRefundDays)
	return j.cured(registration.NoRefundable, at, "", j.say.refundable(count, last, at))
}

// noFundsInTransit has no date: when money arrives is the bank's to know.
func (j judge) noFundsInTransit() registration.Condition {
	out, over := j.facts.WithdrawalsInTransit, j.facts.TransfersInTransit
	if out == 0 && over == 0 {
		return j.condition(registration.NoFundsInTransit, true, j.say.nothingInTransit())
	}
	return j.condition(registration.NoFundsInTransit, false, j.say.inTransit(out, over))
}
