package problem

import (
	"net/http"

	"shiming/registration"
)

// conflicts are the 409s: right in itself, but not as things stand.
func conflicts() []Entry {
	entries := []Entry{
		{
			Code: registration.CodeWrongState, Title: "The state does not allow this",
			Detail: "Read the registration again; its state says what can be done.",
		},
		{
			Code: registration.CodeSubmittedLocked, Title: "What was submitted cannot be changed",
			Detail: "Wait for the decision; after a rejection the fields it names can be changed.",
		},
		{
			Code: registration.CodeRegistrationExists, Title: "The account has a registration already",
			Detail: "Go on with the existing one, or withdraw it first. An approved account cannot register again.",
		},
		{
			Code: registration.CodeIdentityInUse, Title: "The identity is bound to another account",
			Detail: "Use another identity, or have this one cleared first.",
		},
		{
			Code: registration.CodeOrganizationInUse, Title: "The organisation is bound to another account",
			Detail: "Use the account that is registered for this organisation.",
		},
		{
			Code: registration.CodeClaimedByOther, Title: "Another reviewer has claimed this case",
			Detail: "Have it released or assigned to you first.",
		},
		{
			Code: registration.CodeSecondReviewer, Title: "Another reviewer must decide this case",
			Detail: "Leave it to a reviewer who has not approved it: decided_before names those who have.",
		},
		{
			Code: registration.CodeClearingExists, Title: "A clearing is under way already",
			Detail: "Go on with the existing one, or withdraw it first.",
		},
		{
			Code: CodeClearingNotEligible, Title: "The identity cannot be cleared yet",
			Detail: "Meet the unmet conditions; where time alone cures one, eligible_at says when.",
		},
	}
	return withStatus(http.StatusConflict, entries)
}

func withStatus(status int, entries []Entry) []Entry {
	for i := range entries {
		entries[i].Status = status
	}
	return entries
}
