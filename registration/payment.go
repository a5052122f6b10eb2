package registration

import "time"

// Payment is a penny payment as the rules see it: how it stands, not to whom it goes nor how much it is.
type Payment struct {
	State             PayoutState
	BankState         string // what the bank has said last, or we in its place
	AttemptsLeft      int
	RequestedAt       time.Time
	NotifiedAt        *time.Time // the first channel has taken the notice
	OrderedAt         *time.Time // before the bank is first called
	AcceptedAt        *time.Time // the bank took it: from here on it counts
	SettledAt         *time.Time
	ConfirmedAt       *time.Time
	ReturnedAt        *time.Time
	VoidedAt          *time.Time
	ExpectedBy        *time.Time // by when the money, and before its notice the notice itself, is late
	WindowClosesAt    *time.Time
	WindowProvisional bool
	RemindAt          *time.Time // when to say that the window closes tomorrow; nil once said, or if it is not worth it
	Failure           *string
	Overdue           bool
}

// What we say of a payment that the bank has not answered. Either stands only until it does.
const (
	BankDropped    = "dropped"     // it had never heard of it when it was asked, and it was not sent
	BankWrittenOff = "written_off" // ops called it failed
)

// stage orders what can be said of a payment; a later stage wins (docs: penny-payment rules).
var stage = map[string]int{"requested": 0, BankWrittenOff: 1, BankDropped: 1, "sent": 2, "settled": 3, "failed": 4, "returned": 4}

// NewPayment is a payment that is asked for now.
func NewPayment(cal Calendar, now time.Time) Payment {
	late := cal.WorkingDays(now, NoticeOverdueDays)
	return Payment{
		State: PayoutRequestedState, BankState: "requested", AttemptsLeft: AmountGuesses, RequestedAt: now,
		ExpectedBy: &late.At, WindowProvisional: late.Provisional,
	}
}

// Open reports whether the payment is under way or its amount awaited.
func (p *Payment) Open() bool {
	switch p.State {
	case PayoutRequestedState, PayoutSent, PayoutSettled:
		return true
	}
	return false
}

// Answered reports whether the bank has ever said anything of the payment.
func (p *Payment) Answered() bool { return stage[p.BankState] >= stage["sent"] }

// Lost reports whether the bank would not pay, or the money came back.
func (p *Payment) Lost() bool {
	return p.Failure != nil && (p.State == PayoutFailed || p.State == PayoutReturned)
}

// Report applies what the bank says, sent, settled, failed or returned, and reports whether it is news. Failed after sent counts
// as returned.
func (p *Payment) Report(said, reason string, now time.Time) (news bool) {
	if said == "failed" && (p.BankState == "sent" || p.BankState == "settled") {
		said = "returned"
	}
	if stage[said] <= stage[p.BankState] {
		return false
	}
	p.BankState = said
	switch said {
	case "failed", "returned":
		p.wentWrong(said, reason, now)
		return true
	case "settled":
		p.SettledAt, p.Overdue = &now, false
	}
	p.accepted(now)
	if p.Open() {
		p.State = PayoutState(said)
	}
	return true
}

// Resolve applies ops' word as if it were the bank's, but for a failure of what the bank never answered.
func (p *Payment) Resolve(said, reason string, now time.Time) (news bool) {
	answered := p.Answered()
	news = p.Report(said, reason, now)
	if p.BankState == "failed" && !answered {
		p.BankState = BankWrittenOff
	}
	return news
}

// Drop notes that the bank never heard of a payment that nobody wants any more: it is not sent.
func (p *Payment) Drop() {
	if !p.Open() && !p.Answered() {
		p.BankState = BankDropped
	}
}

// accepted notes that the bank has taken the payment.
func (p *Payment) accepted(now time.Time) {
	if p.AcceptedAt == nil && p.OrderedAt != nil {
		p.AcceptedAt = &now
	}
}

func (p *Payment) wentWrong(said, reason string, now time.Time) {
	p.Failure, p.Overdue, p.RemindAt = new(failureOf(reason)), false, nil
	p.State = PayoutFailed
	if said == "returned" {
		p.accepted(now)
		p.State, p.ReturnedAt = PayoutReturned, &now
	}
}

// failureOf maps the bank's reason to a code of ours; its own words go no further.
func failureOf(reason string) string {
	switch reason {
	case "account_not_found", "account_name_mismatch", "bank_not_found", "account_closed":
		return reason
	}
	return "other"
}

// AwaitsAmount reports whether an amount may be entered: the payment was sent, and is not over.
func (p *Payment) AwaitsAmount() bool { return p.Open() && p.State != PayoutRequestedState }

// WrongAmount burns an attempt and says how many are left. With none left the payment is to be voided.
func (p *Payment) WrongAmount() (left int) {
	p.AttemptsLeft--
	return p.AttemptsLeft
}

// Void ends an open payment whose amount nobody may enter any more. What the bank later says of it is still recorded.
func (p *Payment) Void(now time.Time) {
	if p.Open() {
		p.State, p.VoidedAt, p.Overdue = PayoutVoid, &now, false
	}
}

// Confirm ends the payment: its amount was entered.
func (p *Payment) Confirm(now time.Time) {
	p.State, p.ConfirmedAt, p.Overdue, p.RemindAt = PayoutConfirmed, &now, false, nil
}

// ShownOtherwise reports whether what an applicant sees of a payment differs from what they saw of it before.
func (p *Payment) ShownOtherwise(before Payment) bool {
	return p.State != before.State || p.Moved(before)
}

// Leads reports whether a run must follow where a payment has come to. That it was sent leads nowhere: the run looks when the
// money should have come, and learns then that it was.
func (p *Payment) Leads(before Payment) bool {
	return p.State != before.State && p.State != PayoutSent
}

// Moved reports whether what a run waits for of a payment, or whether it is late, differs from before.
func (p *Payment) Moved(before Payment) bool {
	return (p.SettledAt == nil) != (before.SettledAt == nil) || p.Overdue != before.Overdue ||
		!p.expectedBy().Same(before.expectedBy()) || !p.closes().Same(before.closes()) || !sameTime(p.RemindAt, before.RemindAt)
}

func (p *Payment) expectedBy() *Deadline { return p.deadline(p.ExpectedBy) }

// closes is when the window closes, nil while the money has not arrived.
func (p *Payment) closes() *Deadline {
	if p.SettledAt == nil {
		return nil
	}
	return p.deadline(p.WindowClosesAt)
}

func (p *Payment) deadline(at *time.Time) *Deadline {
	if at == nil {
		return nil
	}
	return &Deadline{At: *at, Provisional: p.WindowProvisional}
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}
