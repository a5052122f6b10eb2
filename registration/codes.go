package registration

import (
	"fmt"
	"time"
)

// Code is a machine-readable answer of the HTTP contract. The statuses they travel with are package problem's.
type Code string

// The codes that a registration's workflow or its stored state can answer with.
const (
	CodeNotFound                Code = "not_found"
	CodeWrongState              Code = "wrong_state"
	CodeSubmittedLocked         Code = "submitted_locked"
	CodeRegistrationExists      Code = "registration_exists"
	CodeIdentityInUse           Code = "identity_in_use"
	CodeOrganizationInUse       Code = "organization_in_use"
	CodeClaimedByOther          Code = "claimed_by_other"
	CodeSecondReviewer          Code = "second_reviewer_required"
	CodeOwnCase                 Code = "forbidden" // to decide what one has opened, or handed something in for
	CodeClearingExists          Code = "clearing_exists"
	CodeClearingNotEligible     Code = "clearing_not_eligible"
	CodeInvalidRequest          Code = "invalid_request"
	CodeCardNotDebit            Code = "card_not_debit"
	CodeCardIsCorporate         Code = "card_is_corporate"
	CodeCardUnusable            Code = "card_unusable"
	CodeCardElementsMismatch    Code = "card_elements_mismatch"
	CodeCodeIncorrect           Code = "code_incorrect"
	CodeCodeExpired             Code = "code_expired"
	CodeAdminMustBeAgent        Code = "admin_must_be_authorized_agent"
	CodeLicenceNumbers          Code = "licence_numbers_must_be_uscc"
	CodeBankAccountNameMismatch Code = "bank_account_name_mismatch"
	CodeContactNameMismatch     Code = "contact_name_mismatch"
	CodeDepositMismatch         Code = "deposit_amount_mismatch"
	CodeDepositExceeded         Code = "deposit_attempts_exceeded"
	CodeRequirementsMissing     Code = "requirements_missing"
	CodeCardAttemptsExceeded    Code = "card_attempts_exceeded"
	CodeCodeAttemptsExceeded    Code = "code_attempts_exceeded"
	CodeCodeResendTooSoon       Code = "code_resend_too_soon"
	CodePayoutLimitReached      Code = "payout_limit_reached"
	CodeActsExceeded            Code = "acts_exceeded"
	CodeAccountLimitReached     Code = "account_limit_reached" // an account, a phone, a mailbox, an ID number or a caller has had its share
	CodeSpendingPaused          Code = "spending_paused"       // no payment is made: by ops' word, or for the day's ceiling
	CodeHeldAfterRestore        Code = "held_after_restore"    // the database is older than its engine: nothing is opened or paid until it is repaired
	CodeProviderUnavailable     Code = "provider_unavailable"

	// These are never a problem's code, only a last_error's: the person on the phone was not recognised, the bank would
	// not pay or sent the money back, nobody entered the amount in time, and what was to be cleared is bound no more.
	CodeAdminNotVerified Code = "admin_not_verified"
	CodePaymentFailed    Code = "payment_failed"
	CodeWindowClosed     Code = "deposit_window_closed"
	CodeNothingToClear   Code = "nothing_to_clear"
)

// FieldError points at one field of what was handed in.
type FieldError struct {
	Location string `json:"location" doc:"Path of the field" example:"company.bank.account_number"`
	Code     string `json:"code" doc:"Machine-readable reason" example:"missing"`
	Message  string `json:"message" doc:"The reason in words" example:"Upload the front of the ID card."`
}

// Refusal is a definite no to an act. It is an error and travels as one from the workflow to the API; it holds no
// personal data, because failures are readable in the engine.
type Refusal struct {
	Code         Code         `json:"code"`
	Errors       []FieldError `json:"errors,omitempty"`
	AttemptsLeft *int         `json:"attempts_left,omitempty"`
	RetryAt      *time.Time   `json:"retry_at,omitempty"` // absent where time alone cures nothing
	State        State        `json:"state,omitempty"`    // with wrong_state and submitted_locked
	Detail       string       `json:"detail,omitempty"`   // what to do, where the code alone does not say it; no personal data
}

func (r *Refusal) Error() string { return fmt.Sprintf("refused: %s", r.Code) }

// Refuse makes a refusal of a code alone.
func Refuse(code Code) *Refusal { return &Refusal{Code: code} }

// WithAttempts says how many tries are left.
func (r *Refusal) WithAttempts(left int) *Refusal { r.AttemptsLeft = &left; return r }

// Until says when the act may be tried again.
func (r *Refusal) Until(at time.Time) *Refusal { r.RetryAt = &at; return r }

// Saying says what to do, in place of the code's own words.
func (r *Refusal) Saying(detail string) *Refusal { r.Detail = detail; return r }

// At names fields.
func (r *Refusal) At(errs ...FieldError) *Refusal { r.Errors = append(r.Errors, errs...); return r }

// RefuseAct judges an act and returns the refusal it earns, nil if it may be tried.
func RefuseAct(kind Kind, state State, act Act) *Refusal {
	switch Judge(kind, state, act) {
	case Allowed:
		return nil
	case Locked:
		return &Refusal{Code: CodeSubmittedLocked, State: state}
	}
	return &Refusal{Code: CodeWrongState, State: state}
}
