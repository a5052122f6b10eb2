package notice

import "time"

// Data is what a template may use. Everything is optional; what is left out is left out of the text.
// There is deliberately no field for an ID number, a card or an amount.
type Data struct {
	RegistrationID string // or the clearing's id, or of a Finding whatever it is about
	AccountID      string // shown to reviewers, to ops, and to the holder in ClearingObjection
	DeveloperName  string // shown to applicants only, never in a subject
	CompanyName    string // likewise
	Kind           string // "individual", "enterprise" or "clearing"

	BankAccountLast4 string

	Deadline            *time.Time // shown in Asia/Shanghai, to the minute
	DeadlineProvisional bool       // the calendar of that year is not published: it may move later

	Reasons      []Reason
	Failure      string // why a payment failed: one of the Failure codes
	AttemptsLeft int    // tries left to enter the amount; 0: not said

	// Final: no further payment can be asked for (PaymentFailed, WindowClosed), or the refusal of a
	// clearing stands (ClearingDecided). A rejected registration is always final.
	Final bool

	Link    string // absolute http(s) URL of the page to go to; ClearingObjection needs it or the token
	Token   string // of ClearingObjection's link, for the SMS and for a mail without a link
	Outcome string // of a clearing: one of the Outcome codes
	// ByLetter: an authorised person of the company asks for the clearing, not the holder of an ID card.
	ByLetter bool
	Detail   string // for reviewers and ops only, in plain words, without personal data
	Open     int    // of a Finding: how many of its kind wait for ops

	// Of a CalendarChanged: which notices the calendars have, and what has moved. Before is empty if nobody knows.
	CalendarBefore, CalendarAfter string
	Moved                         []Moved
}

// Moved is how many deadlines of a kind another calendar has moved, and of how many somebody was told a date before.
type Moved struct {
	What  string // "payment_notice", "deposit_window", "review", "clearing_review", "objection"
	Count int
	Told  int
}

// Reason is one point that a reviewer objects to.
type Reason struct {
	Field   string // path as in the API: "company.bank.account_number"
	Code    string // "unreadable", "mismatch", "expired", "incomplete", "not_accepted", "other"
	Message string // the reviewer's own words
}

// Why a payment failed.
const (
	FailureAccountNotFound     = "account_not_found"
	FailureAccountNameMismatch = "account_name_mismatch"
	FailureBankNotFound        = "bank_not_found"
	FailureAccountClosed       = "account_closed"
	FailureReturned            = "returned"
	FailureOther               = "other"
	FailureWindowClosed        = "window_closed"
	FailureAttemptsUsed        = "attempts_used"
)

// How a clearing was decided.
const (
	OutcomeCleared  = "cleared"
	OutcomeRejected = "rejected"
	OutcomeObjected = "objected" // the holder objected in time
)

// Message is a notice ready to send. The SMS part is empty for kinds that go by e-mail only.
type Message struct {
	Subject string // one line
	Text    string
	HTML    string

	SMSTemplate string            // a key of SMSTemplates
	SMSParams   map[string]string // exactly the template's placeholders, none empty
}
