package notice

import "slices"

// Kind names the event that a notice tells of.
type Kind string

// To the applicant, about the penny payment (对公打款) and the registration.
const (
	PaymentRequested   Kind = "payment_requested"
	MoneyArrived       Kind = "money_arrived"
	WindowClosing      Kind = "window_closing"      // sent on the day before the window closes
	PaymentFailed      Kind = "payment_failed"      // the bank refused or returned it: correct the bank account
	WindowClosed       Kind = "window_closed"       // time or guesses used up: ask for a new payment
	ExpiryReminder     Kind = "expiry_reminder"     // 7 days before the registration expires
	Approved           Kind = "approved"            //
	CorrectionRequired Kind = "correction_required" //
	Rejected           Kind = "rejected"            // final
	ClearingDecided    Kind = "clearing_decided"    //
	DeadlineMoved      Kind = "deadline_moved"      // a date that was announced has become a later one
	ClearingObjection  Kind = "clearing_objection"  // to the account that an identity is to be cleared from; one link, by mail and SMS, works once
)

// To reviewers and ops.
const (
	ReviewReminder          Kind = "review_reminder"
	ReviewOverdue           Kind = "review_overdue"
	ClearingObjected        Kind = "clearing_objected" // Final: the objection has ended it, else a reviewer must decide again
	PayoutOverdue           Kind = "payout_overdue"
	PayoutReturned          Kind = "payout_returned"
	WebhookEndpointDisabled Kind = "webhook_endpoint_disabled"
	ReportUnmatched         Kind = "report_unmatched" // a bank's or wallet's report with an unknown key
	CalendarChanged         Kind = "calendar_changed" // another calendar has come into force; Moved: what it moved
	Finding                 Kind = "finding"          // something that is not as it should be and does not mend itself
	PayoutsResumed          Kind = "payouts_resumed"  // payments go on that ops had paused
)

// Audience says who a notice is for.
type Audience string

// The audiences. ApplicantAndContact is the registered mailbox and the contact's: one mail if they are the same.
const (
	Applicant           Audience = "applicant"
	ApplicantAndContact Audience = "applicant_and_contact"
	Reviewers           Audience = "reviewers"
	Ops                 Audience = "ops"
)

// Channel is a way a notice travels.
type Channel string

// The channels.
const (
	Email Channel = "email"
	SMS   Channel = "sms"
)

// rule is what process.md ("Notices") lays down for a kind.
type rule struct {
	kind     Kind
	audience Audience
	sms      bool // beside e-mail, which every kind has
}

func rules() []rule {
	return []rule{
		{PaymentRequested, Applicant, true},
		{MoneyArrived, Applicant, true},
		{WindowClosing, Applicant, true},
		{PaymentFailed, Applicant, true},
		{WindowClosed, Applicant, true},
		{ExpiryReminder, Applicant, true},
		{Approved, ApplicantAndContact, false},
		{CorrectionRequired, ApplicantAndContact, false},
		{Rejected, ApplicantAndContact, false},
		{ClearingDecided, ApplicantAndContact, false},
		{DeadlineMoved, Applicant, true},
		{ClearingObjection, Applicant, true},
		{ReviewReminder, Reviewers, false},
		{ReviewOverdue, Ops, false},
		{ClearingObjected, Reviewers, false},
		{PayoutOverdue, Ops, false},
		{PayoutReturned, Ops, false},
		{WebhookEndpointDisabled, Ops, false},
		{ReportUnmatched, Ops, false},
		{CalendarChanged, Ops, false},
		{Finding, Ops, false},
		{PayoutsResumed, Ops, false},
	}
}

func (k Kind) rule() (rule, bool) {
	all := rules()
	i := slices.IndexFunc(all, func(r rule) bool { return r.kind == k })
	if i < 0 {
		return rule{}, false
	}
	return all[i], true
}

// Kinds lists every kind, applicants' first.
func Kinds() []Kind {
	all := rules()
	kinds := make([]Kind, len(all))
	for i, r := range all {
		kinds[i] = r.kind
	}
	return kinds
}

// Audience says who the notice is for; empty for an unknown kind.
func (k Kind) Audience() Audience {
	r, _ := k.rule()
	return r.audience
}

// Channels says how the notice travels; none for an unknown kind.
func (k Kind) Channels() []Channel {
	r, known := k.rule()
	switch {
	case !known:
		return nil
	case r.sms:
		return []Channel{Email, SMS}
	default:
		return []Channel{Email}
	}
}

// internal is true of what stays in the house.
func (k Kind) internal() bool {
	return k.Audience() == Reviewers || k.Audience() == Ops
}

// forFailure picks the kind that tells the applicant the right way on: a refused or returned payment wants
// another bank account, a closed window or used-up guesses want another payment.
func (k Kind) forFailure(code string) Kind {
	if k != PaymentFailed && k != WindowClosed || code == "" {
		return k
	}
	if code == FailureWindowClosed || code == FailureAttemptsUsed {
		return WindowClosed
	}
	return PaymentFailed
}
