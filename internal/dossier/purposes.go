package dossier

import (
	"maps"
	"slices"
)

// The purposes under which the vault seals.
const (
	PurposeApplicant     = "applicant"
	PurposeIdentity      = "identity"
	PurposeCard          = "card"
	PurposeCode          = "code"
	PurposeCompany       = "company"
	PurposeContact       = "contact"
	PurposeAmount        = "amount"
	PurposeReport        = "report"
	PurposeDecision      = "decision"
	PurposeReason        = "reason" // what reviewers and ops wrote: a message, a note, why something was done
	PurposeNotice        = "notice"
	PurposeClaim         = "claim"
	PurposeConditions    = "conditions"
	PurposeObjection     = "objection"
	PurposeWebhookSecret = "webhook secret"
	PurposeAnswer        = "answer" // to a call with an idempotency key
)

// blocks says for each purpose to a multiple of how many bytes its values are padded. What is usual fills one block, so that the length
// of what is sealed does not tell one amount, name or verdict from another. Scans are not padded: their size is no secret.
var blocks = map[string]int{
	PurposeAmount:        32,
	PurposeCode:          32,
	PurposeObjection:     64,
	PurposeWebhookSecret: 128,
	PurposeIdentity:      256,
	PurposeApplicant:     512,
	PurposeCard:          512,
	PurposeReason:        512,
	PurposeReport:        1024,
	PurposeContact:       1024,
	PurposeClaim:         2048,
	PurposeCompany:       2048,
	PurposeNotice:        4096,
	PurposeConditions:    4096,
	PurposeDecision:      4096,
	PurposeAnswer:        4096,
}

// Purposes lists every purpose, in alphabetical order.
func Purposes() []string { return slices.Sorted(maps.Keys(blocks)) }

// Block is the size to a multiple of which values of a purpose are padded; ok is false of what is no purpose.
func Block(purpose string) (size int, ok bool) {
	size, ok = blocks[purpose]
	return size, ok
}
