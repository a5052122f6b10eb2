package registration

import (
	"strings"
	"time"
)

// ClearingWorkflow is the workflow type that clears an identity.
const ClearingWorkflow = "IdentityClearing"

// ClearingWorkflowID names the one workflow that may clear an account's identity.
func ClearingWorkflowID(accountID string) string { return "clearing/" + accountID }

// ContestedWorkflowID names the workflow of a contested claim, which must not name an account. Ids of clearings have an
// underscore after "clr", and so could an account's; the prefix keeps the two apart.
func ContestedWorkflowID(clearingID string) string { return "contested-clearing/" + clearingID }

// ClearingApplication starts a clearing. What the applicant handed in, and what the wallet said, wait in the vault.
type ClearingApplication struct {
	ClearingID string `json:"clearing_id"`
	AccountID  string `json:"account_id,omitempty"` // empty for a contested claim
	ClaimRef   string `json:"claim_ref"`            // holder's name, ID number, reason
	// ConditionsRef is what the conditions came to when the clearing was asked for; empty for a contested claim.
	ConditionsRef string `json:"conditions_ref,omitempty"`
	// WhenEligible accepts a clearing for which only time is missing.
	WhenEligible bool `json:"when_eligible,omitempty"`
	// Case is what a run starts from that takes a clearing up, as [Application.Case] does a registration.
	Case *ClearingCase `json:"case,omitempty"`
	// OpenBy is until when it may be opened: later, its caller was answered that it was not; zero: at any time.
	OpenBy time.Time `json:"open_by,omitzero"`
	// RunID is the engine's, filled in by the run.
	RunID string `json:"run_id,omitempty"`
}

// ClearingCase is the part of a clearing's run that a continued run starts from.
type ClearingCase struct {
	State    State      `json:"state"`
	Sequence int64      `json:"sequence"` // of the ledger, as last answered
	Due      *Deadline  `json:"due,omitempty"`
	Overdue  bool       `json:"overdue,omitempty"`
	Version  int64      `json:"version"`           // never falls
	Wake     *time.Time `json:"wake,omitempty"`    // when the state is looked at next
	Attempt  int        `json:"attempt,omitempty"` // to clear; each has a hold of its own
}

// WorkflowID names the application's workflow.
func (a ClearingApplication) WorkflowID() string {
	if a.AccountID == "" {
		return ContestedWorkflowID(a.ClearingID)
	}
	return ClearingWorkflowID(a.AccountID)
}

// ClearingResult is what one step of a clearing came to, as the database committed it.
type ClearingResult struct {
	Refusal  *Refusal  `json:"refusal,omitempty"`
	State    State     `json:"state"`
	Sequence int64     `json:"sequence"`
	Due      *Deadline `json:"due,omitempty"`
	Overdue  bool      `json:"overdue,omitempty"`
	Version  int64     `json:"version"`
	// Wake is when the workflow should look again; nil for never.
	Wake *time.Time `json:"wake,omitempty"`
	// Attempt is the newest attempt to clear; Stale is one before it whose hold may still be there, 0 if there is none.
	Attempt int `json:"attempt,omitempty"`
	Stale   int `json:"stale,omitempty"`
	// Waits: no attempt was begun, for another clearing of the account is being carried out.
	Waits bool `json:"waits,omitempty"`
	// Behind: the database knows less than the run; nothing was done.
	Behind bool `json:"behind,omitempty"`
}

// ClearingVerdict is what the conditions came to, without their evidence.
type ClearingVerdict struct {
	Met bool `json:"met"`
}

// IsClearingID tells a clearing's id from a registration's.
func IsClearingID(id string) bool { return strings.HasPrefix(id, "clr_") }
