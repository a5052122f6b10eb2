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
	Case *Case `json:"case,omitempty"`
	// OpenBy is until when it may be opened: later, its caller was answered that it was not; zero: at any time.
	OpenBy time.Time `json:"open_by,omitzero"`
	// RunID is the engine's, filled in by the run.
	RunID string `json:"run_id,omitempty"`
}

// WorkflowID names the application's workflow.
func (a ClearingApplication) WorkflowID() string {
	if a.AccountID == "" {
		return ContestedWorkflowID(a.ClearingID)
	}
	return ClearingWorkflowID(a.AccountID)
}

// ClearingVerdict is what the conditions came to, without their evidence.
type ClearingVerdict struct {
	Met bool `json:"met"`
}

// IsClearingID tells a clearing's id from a registration's.
func IsClearingID(id string) bool { return strings.HasPrefix(id, "clr_") }
