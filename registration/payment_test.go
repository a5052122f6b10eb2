package registration_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	. "shiming/registration"
)

// ordered is a payment that was announced and ordered.
func ordered() Payment {
	p := NewPayment(plain{}, on(1, 9))
	p.Notified(plain{}, on(1, 10))
	p.OrderedAt = at(1, 10)
	return p
}

func TestWhatAReportChanges(t *testing.T) {
	t.Parallel()
	type report struct {
		said string
		news bool
	}
	for name, c := range map[string]struct {
		reports  []report
		state    PayoutState
		bank     string
		accepted bool
	}{
		"sent":                            {[]report{{"sent", true}}, PayoutSent, "sent", true},
		"settled at once":                 {[]report{{"settled", true}}, PayoutSettled, "settled", true},
		"twice":                           {[]report{{"sent", true}, {"sent", false}}, PayoutSent, "sent", true},
		"an earlier stage, reported late": {[]report{{"settled", true}, {"sent", false}}, PayoutSettled, "settled", true},
		"failed":                          {[]report{{"failed", true}}, PayoutFailed, "failed", false},
		"failed after it was sent":        {[]report{{"sent", true}, {"failed", true}}, PayoutReturned, "returned", true},
		"failed after it had settled":     {[]report{{"settled", true}, {"failed", true}}, PayoutReturned, "returned", true},
		"returned":                        {[]report{{"settled", true}, {"returned", true}}, PayoutReturned, "returned", true},
		"what comes after the end":        {[]report{{"returned", true}, {"settled", false}, {"failed", false}}, PayoutReturned, "returned", true},
		"what is no word of the bank's":   {[]report{{"lost", false}, {"", false}, {"requested", false}}, PayoutRequestedState, "requested", false},
	} {
		p := ordered()
		for _, r := range c.reports {
			assert.Equal(t, r.news, p.Report(r.said, "account_closed", on(2, 9)), "%s: %s", name, r.said)
		}
		assert.Equal(t, c.state, p.State, name)
		assert.Equal(t, c.bank, p.BankState, name)
		assert.Equal(t, c.accepted, p.AcceptedAt != nil, name)
		assert.Equal(t, c.state == PayoutFailed || c.state == PayoutReturned, p.Lost(), name)
	}
}

func TestTheBanksReasonsAreOurCodes(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]string{"account_closed": "account_closed", "bank_not_found": "bank_not_found", "his words": "other", "": "other"} {
		p := ordered()
		p.Report("failed", reason, on(2, 9))
		assert.Equal(t, want, *p.Failure)
	}
}

func TestOpsWordOnAPayment(t *testing.T) {
	t.Parallel()
	p := ordered()
	assert.True(t, p.Resolve("failed", "other", on(2, 9)))
	assert.Equal(t, BankWrittenOff, p.BankState, "the bank has said nothing")
	assert.True(t, p.Report("settled", "", on(3, 9)), "so what it says later counts")
	assert.Equal(t, "settled", p.BankState)
	assert.Equal(t, PayoutFailed, p.State, "but is for ops")

	p = ordered()
	p.Report("sent", "", on(2, 9))
	assert.True(t, p.Resolve("failed", "other", on(2, 9)))
	assert.Equal(t, "returned", p.BankState)
}

func TestAVoidPaymentTakesNoState(t *testing.T) {
	t.Parallel()
	p := ordered()
	p.Void(on(2, 9))
	p.Drop()
	assert.Equal(t, BankDropped, p.BankState)
	assert.True(t, p.Report("settled", "", on(2, 10)))
	assert.Equal(t, PayoutVoid, p.State)
	assert.NotNil(t, p.AcceptedAt, "it counts all the same")
	p.Drop()
	assert.Equal(t, "settled", p.BankState)
}

func TestWrongAmounts(t *testing.T) {
	t.Parallel()
	p := ordered()
	assert.False(t, p.AwaitsAmount(), "it was not sent yet")
	p.Report("sent", "", on(1, 11))
	assert.True(t, p.AwaitsAmount())
	for left := AmountGuesses - 1; left >= 0; left-- {
		assert.Equal(t, left, p.WrongAmount())
	}
	p.Void(on(1, 12))
	assert.False(t, p.AwaitsAmount())
}

func TestTheWindow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settled, since time.Time
		closes, remind *time.Time
	}{
		"three days after the notice":                  {on(1, 12), on(1, 12), at(5, 0), at(3, 12)},
		"one day after the money, if that is later":    {on(4, 9), on(4, 9), at(6, 0), at(4, 12)},
		"the reminder comes after the money, or never": {on(4, 13), on(4, 13), at(6, 0), nil},
		"one day after it could be told":               {on(2, 9), on(20, 9), at(22, 0), nil},
	} {
		p := ordered()
		p.Report("settled", "", c.settled)
		p.SetWindow(plain{}, c.since)
		assert.Equal(t, c.closes, p.WindowClosesAt, name)
		assert.Equal(t, c.remind, p.RemindAt, name)
	}
}

func TestTheWindowMovesLaterOnlyAndRemindsOnce(t *testing.T) {
	t.Parallel()
	p := ordered()
	p.Report("settled", "", on(1, 12))
	p.SetWindow(plain{}, on(1, 12))
	assert.False(t, p.TakeReminder(on(3, 11)))
	assert.True(t, p.TakeReminder(on(3, 12)))
	assert.False(t, p.TakeReminder(on(3, 13)), "once")
	p.MoveWindow(later{}, on(1, 12))
	assert.Equal(t, at(6, 0), p.WindowClosesAt)
	assert.Nil(t, p.RemindAt)
	p.MoveWindow(plain{}, on(1, 12))
	assert.Equal(t, at(6, 0), p.WindowClosesAt)
	assert.False(t, p.WindowOver(on(6, 0).Add(-1)))
	assert.True(t, p.WindowOver(on(6, 0)))
}

func TestWhenMoneyIsLate(t *testing.T) {
	t.Parallel()
	requested, announced, sent := NewPayment(plain{}, on(1, 9)), ordered(), ordered()
	sent.Report("sent", "", on(1, 11))
	settled := sent
	settled.Report("settled", "", on(1, 12))
	for name, c := range map[string]struct {
		payment Payment
		now     time.Time
		asked   bool
		late    bool
		next    *time.Time
		ask     bool
	}{
		"no channel has taken the notice":    {requested, on(3, 0), false, true, at(3, 0), false},
		"not yet":                            {requested, on(2, 23), false, false, at(3, 0), false},
		"announced, and not sent":            {announced, on(5, 0), false, true, at(5, 0), false},
		"sent, and the bank not asked":       {sent, on(5, 0), false, false, at(5, 0), true},
		"sent, long ago":                     {sent, on(9, 0), false, false, at(9, 0), true},
		"sent, and the bank knows no better": {sent, on(5, 0), true, true, at(5, 0), true},
		"sent, asked too early":              {sent, on(4, 0), true, false, at(5, 0), true},
		"settled, and not followed":          {settled, on(4, 0), false, false, at(5, 0), false},
	} {
		next, ask := c.payment.NextLook(PayoutPending, c.now)
		assert.Equal(t, c.next, next, name)
		assert.Equal(t, c.ask, ask, name)
		if !c.payment.UnderWay(PayoutPending) {
			continue
		}
		assert.Equal(t, c.late, c.payment.BecomesLate(c.now, c.asked), name)
		if c.late {
			assert.False(t, c.payment.BecomesLate(c.now, c.asked), "%s: once", name)
			next, _ = c.payment.NextLook(PayoutPending, c.now)
			assert.Nil(t, next, name)
		}
	}
}

func TestWhatIsExpectedMovesLaterOnly(t *testing.T) {
	t.Parallel()
	p := ordered()
	p.SetExpected(later{})
	assert.Equal(t, at(6, 0), p.ExpectedBy)
	assert.Equal(t, at(6, 0), p.WindowClosesAt, "the window lasts as long")
	assert.True(t, p.WindowProvisional)
	p.SetExpected(plain{})
	assert.Equal(t, at(6, 0), p.ExpectedBy)
	assert.False(t, p.Outlasted(on(5, 23)))
	assert.True(t, p.Outlasted(on(6, 0)))
}

func TestWhatIsShownOfAPayment(t *testing.T) {
	t.Parallel()
	before := ordered()
	same := before
	same.ExpectedBy = new(*before.ExpectedBy)
	assert.False(t, same.ShownOtherwise(before))
	for name, change := range map[string]func(p *Payment){
		"state":    func(p *Payment) { p.Report("sent", "", on(2, 0)) },
		"overdue":  func(p *Payment) { p.Overdue = true },
		"expected": func(p *Payment) { p.SetExpected(later{}) },
		"reminder": func(p *Payment) { p.RemindAt = at(3, 0) },
	} {
		p := before
		change(&p)
		assert.True(t, p.ShownOtherwise(before), name)
	}
	p := before
	p.AttemptsLeft--
	p.OrderedAt = at(9, 9)
	assert.False(t, p.ShownOtherwise(before), "nobody goes by that")
}

func TestWhereAPaymentLeads(t *testing.T) {
	t.Parallel()
	before := ordered()
	p := before
	p.Report("sent", "", on(2, 0))
	assert.False(t, p.Leads(before), "to the day on which the money is expected, as before")
	assert.False(t, p.Moved(before))
	sent := p
	p.Report("settled", "", on(2, 0))
	assert.True(t, p.Leads(sent))
	p = sent
	p.Report("failed", "", on(2, 0))
	assert.True(t, p.Leads(sent))
}
