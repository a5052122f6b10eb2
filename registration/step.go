package registration

import "time"

// StepResult is what one step of a registration came to, as the database committed it. A step that is repeated after
// its commit is answered with the act's first answer and with where the registration stands by now.
type StepResult struct {
	Refusal  *Refusal    `json:"refusal,omitempty"` // the act was refused; everything else still holds
	State    State       `json:"state"`
	Sequence int64       `json:"sequence"`
	Due      *Deadline   `json:"due,omitempty"`
	Overdue  bool        `json:"overdue,omitempty"`
	Payment  *PaymentRef `json:"payment,omitempty"` // the newest penny payment
	// Wake is when the workflow should look again (an inactivity or review reminder); nil for never.
	Wake *time.Time `json:"wake,omitempty"`
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
