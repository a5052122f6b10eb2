package registration

import "time"

// The workflow types.
const (
	IndividualWorkflow = "IndividualRegistration"
	EnterpriseWorkflow = "EnterpriseRegistration"
)

// WorkflowOf names the workflow type of a kind.
func WorkflowOf(k Kind) string {
	if k == Enterprise {
		return EnterpriseWorkflow
	}
	return IndividualWorkflow
}

// TaskQueue is the queue registrations run on unless configured otherwise.
const TaskQueue = "shiming"

// The search attributes (all registered at set-up, verified at start).
const (
	AttrState     = "RegistrationState" // Keyword
	AttrKind      = "DeveloperKind"     // Keyword
	AttrWaitingOn = "WaitingOn"         // Keyword
	AttrDueAt     = "DueAt"             // Datetime
	AttrOverdue   = "Overdue"           // Bool
)

// SearchAttributes lists name and type of every search attribute.
func SearchAttributes() map[string]string {
	return map[string]string{
		AttrState: "Keyword", AttrKind: "Keyword", AttrWaitingOn: "Keyword", AttrDueAt: "Datetime", AttrOverdue: "Bool",
	}
}

// The signals: reports of outside parties, and news of an objection, stored in the database before they are told.
const (
	SignalBankReport    = "bank_report"
	SignalSessionReport = "session_report"
	SignalObjection     = "objection"
)

// Application starts a registration. Personal data waits in the vault under ApplicantRef.
type Application struct {
	RegistrationID string `json:"registration_id"`
	AccountID      string `json:"account_id"`
	Kind           Kind   `json:"kind"`
	Locale         Locale `json:"locale"`
	ApplicantRef   string `json:"applicant_ref"` // developer name (开发者名称), registered e-mail, phone
	// IdentityRef is the person the wallet has verified already; empty if none (guide section 5.1).
	IdentityRef string `json:"identity_ref,omitempty"`
	// Case is where a running registration stands when its run is continued as a new one; nil at the start.
	Case *Case `json:"case,omitempty"`
}

// Case is what a registration's workflow remembers. Everything else it asks the database for.
type Case struct {
	State    State       `json:"state"`
	Sequence int64       `json:"sequence"` // of the newest transition
	Due      *Deadline   `json:"due,omitempty"`
	Overdue  bool        `json:"overdue,omitempty"`
	Payment  *PaymentRef `json:"payment,omitempty"`
	Ordered  string      `json:"ordered,omitempty"` // the newest payment whose Payout was started
	// Idle and Review are when inactivity and the review are looked at next.
	Idle   *Deadline `json:"idle,omitempty"`
	Review *Deadline `json:"review,omitempty"`
}

// ActArgs is what every update of a registration's workflow takes: which act, by whom, and where its input waits.
type ActArgs struct {
	ActID          string `json:"act_id"`
	RegistrationID string `json:"registration_id"`
	Actor          Actor  `json:"actor"`
	InputRef       string `json:"input_ref,omitempty"` // vault reference to what was handed in
	Role           Role   `json:"role,omitempty"`      // admin_session
	Outcome        string `json:"outcome,omitempty"`   // resolve_payout: settled, failed, returned
}

// Answer is what an accepted and successful act leaves behind.
type Answer struct {
	State     State  `json:"state"`
	Sequence  int64  `json:"sequence"`
	SessionID string `json:"session_id,omitempty"` // admin_session; its QR payload waits in the database
}

// BankReport tells a run that something about one of its payments was stored.
type BankReport struct {
	RegistrationID string `json:"registration_id"`
	PaymentID      string `json:"payment_id"`
}

// SessionReport tells a run that the wallet reported on a QR session.
type SessionReport struct {
	RegistrationID string `json:"registration_id"`
	SessionID      string `json:"session_id"`
}

// Deadline is a moment that was announced, and whether it rests on a calendar not yet published.
type Deadline struct {
	At          time.Time `json:"at"`
	Provisional bool      `json:"provisional,omitempty"`
}

// The other workflow types and their ids.
const (
	PayoutWorkflow = "Payout"
	NoticeWorkflow = "Notice"
)

// PayoutWorkflowID names the workflow that announces and orders a penny payment.
func PayoutWorkflowID(paymentID string) string { return "payout/" + paymentID }

// NoticeWorkflowID names the workflow that delivers a notice.
func NoticeWorkflowID(noticeID string) string { return "notice/" + noticeID }
