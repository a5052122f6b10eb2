package bank

import (
	"errors"
	"slices"

	"shiming/internal/outside"
)

// Reason is the bank's machine code for a no.
type Reason string

// The reasons, by what they refuse.
const (
	// Why a card cannot be bound.

	ReasonCardNotDebit         Reason = "card_not_debit"
	ReasonCardIsCorporate      Reason = "card_is_corporate"
	ReasonCardUnusable         Reason = "card_unusable" // lost or frozen
	ReasonCardElementsMismatch Reason = "card_elements_mismatch"

	// Why an SMS code is not taken.

	ReasonCodeIncorrect Reason = "code_incorrect"
	ReasonCodeExpired   Reason = "code_expired"

	// Why a transfer cannot be paid, or came back.

	ReasonAccountNotFound     Reason = "account_not_found"
	ReasonAccountNameMismatch Reason = "account_name_mismatch"
	ReasonBankNotFound        Reason = "bank_not_found"
	ReasonAccountClosed       Reason = "account_closed"

	// ReasonOther is any no this list does not know.
	ReasonOther Reason = "other"
)

var transferReasons = []Reason{
	ReasonAccountNotFound, ReasonAccountNameMismatch, ReasonBankNotFound, ReasonAccountClosed,
}

// TransferReason reads the reason of a transfer's failure as the bank wrote it, in an answer or a report. What is not
// known becomes ReasonOther, so the bank's own words go no further.
func TransferReason(s string) Reason {
	if r := Reason(s); slices.Contains(transferReasons, r) {
		return r
	}
	return ReasonOther
}

var (
	// ErrUnavailable says that nothing was done: no connection, 503, 429.
	ErrUnavailable = outside.ErrUnavailable
	// ErrUnknown says that it may have been done: time-out, connection lost, unreadable answer.
	ErrUnknown = outside.ErrUnknown
	// ErrKeyReused says that an idempotency key came again with other details.
	ErrKeyReused = errors.New("bank: idempotency key used before with other details")
)

// Refusal is a definite no by the bank.
type Refusal struct{ Reason Reason }

func (r *Refusal) Error() string { return "bank refused: " + string(r.Reason) }
