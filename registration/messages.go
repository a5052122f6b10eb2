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
	AttrProblem   = "Problem"           // Keyword: what keeps a run from going on
)

// The problems that [AttrProblem] names.
const (
	// ProblemDatabaseBehind: the database knows less than the run, which stands still until they agree again.
	ProblemDatabaseBehind = "database_behind"
)

// SearchAttributes lists name and type of every search attribute.
func SearchAttributes() map[string]string {
	return map[string]string{
		AttrState: "Keyword", AttrKind: "Keyword", AttrWaitingOn: "Keyword", AttrDueAt: "Datetime", AttrOverdue: "Bool", AttrProblem: "Keyword",
	}
}

// SignalLook tells a run to read its row: something was stored that it must follow, or a step may have been lost. It says
// nothing else, so it may come twice, late, or for nothing.
const SignalLook = "look"

// Look is the argument of [SignalLook].
type Look struct {
	ID string `json:"id"` // of the registration or clearing
}

// QueryFacts asks a registration's or a clearing's run what it believes: its [Case].
const QueryFacts = "facts"

// Application starts a registration. Personal data waits in the vault under ApplicantRef.
type Application struct {
	RegistrationID string `json:"registration_id"`
	AccountID      string `json:"account_id"`
	Kind           Kind   `json:"kind"`
	Locale         Locale `json:"locale"`
	ApplicantRef   string `json:"applicant_ref"` // developer name (开发者名称), registered e-mail, phone
	// IdentityRef is the person the wallet has verified already; empty if none (guide section 5.1).
	IdentityRef string `json:"identity_ref,omitempty"`
	// Case is what a run starts from that takes a registration up: a continued one, or one in place of a run that is gone.
	// It reads its row first; nil where the registration is to be opened.
	Case *Case `json:"case,omitempty"`
	// OpenBy is until when it may be opened: later, its caller was answered that it was not; zero: at any time.
	OpenBy time.Time `json:"open_by,omitzero"`
	// RunID is the engine's, filled in by the run.
	RunID string `json:"run_id,omitempty"`
}

// ActArgs is what every update of a registration's workflow takes: which act, by whom, and where its input waits.
type ActArgs struct {
	// Act is the update's name, said again under the seal, so that one act's arguments cannot be sent as another's. A release
	// before this one leaves it empty.
	Act            Act    `json:"act,omitempty"`
	ActID          string `json:"act_id"`
	RegistrationID string `json:"registration_id"`
	Actor          Actor  `json:"actor"`
	InputRef       string `json:"input_ref,omitempty"` // vault reference to what was handed in
	Role           Role   `json:"role,omitempty"`      // admin_session
}

// For reports whether the arguments are an act's of this kind on this registration or clearing.
func (a ActArgs) For(kind Act, subject string) bool {
	return a.RegistrationID == subject && (a.Act == kind || a.Act == "")
}

// Answer is what an accepted and successful act leaves behind.
type Answer struct {
	State    State `json:"state"`
	Sequence int64 `json:"sequence"`
	Version  int64 `json:"version"` // that the run stands at
}

// Deadline is a moment that was announced, and whether it rests on a calendar not yet published.
type Deadline struct {
	At          time.Time `json:"at"`
	Provisional bool      `json:"provisional,omitempty"`
}

// PayoutWorkflow is the type of the workflow that announces and orders a penny payment.
const PayoutWorkflow = "Payout"

// PayoutWorkflowID names the workflow that announces and orders a penny payment.
func PayoutWorkflowID(paymentID string) string { return "payout/" + paymentID }
