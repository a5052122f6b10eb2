package registration

import "time"

// StepResult is what one step of a registration came to, as the database committed it: all that the run mirrors, so that any
// step brings it up to date. A step that is repeated after its commit is answered with the act's first answer and with where
// the registration stands by now.
type StepResult struct {
	Refusal  *Refusal    `json:"refusal,omitempty"` // the act was refused; everything else still holds
	State    State       `json:"state"`
	Sequence int64       `json:"sequence"`
	Version  int64       `json:"version"`
	Due      *Deadline   `json:"due,omitempty"`
	Overdue  bool        `json:"overdue,omitempty"`
	Payment  *PaymentRef `json:"payment,omitempty"` // the newest penny payment
	// Idle and Review are when inactivity and the review must be looked at again; nil for never.
	Idle   *time.Time `json:"idle,omitempty"`
	Review *time.Time `json:"review,omitempty"`
	// Behind: the database knows less than the run; nothing was done.
	Behind bool `json:"behind,omitempty"`
}

// PaymentRef is what the workflow needs to know of a penny payment: everything but money and account.
type PaymentRef struct {
	ID      string      `json:"id"`
	State   PayoutState `json:"state"`
	Settled bool        `json:"settled,omitempty"` // the bank has reported that the money arrived
	Overdue bool        `json:"overdue,omitempty"`
	// Expected is when the money, and before its notice the notice itself, is late.
	Expected *Deadline `json:"expected,omitempty"`
	// Closes is when the deposit window closes; nil while the money has not arrived.
	Closes *Deadline `json:"closes,omitempty"`
	// Remind is when the applicant is told that the window closes tomorrow; nil once told or not worth it.
	Remind *time.Time `json:"remind,omitempty"`
}

// Same reports whether two say the same of a payment.
func (p PaymentRef) Same(q PaymentRef) bool {
	return p.ID == q.ID && p.State == q.State && p.Settled == q.Settled && p.Overdue == q.Overdue &&
		p.Expected.Same(q.Expected) && p.Closes.Same(q.Closes) && sameTime(p.Remind, q.Remind)
}

// Same reports whether two deadlines, or none, are one.
func (d *Deadline) Same(e *Deadline) bool {
	if d == nil || e == nil {
		return d == e
	}
	return d.At.Equal(e.At) && d.Provisional == e.Provisional
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}
