package registration

import (
	"slices"
	"time"
)

// ConditionCode names a condition for clearing an identity.
type ConditionCode string

// The conditions, in the order they are answered (docs/process.md, "Clearing an identity").
const (
	HolderRequest    ConditionCode = "holder_request"
	NotFrozen        ConditionCode = "not_frozen"
	AccountAge       ConditionCode = "account_age"
	CardsUnbound     ConditionCode = "cards_unbound"
	ZeroBalance      ConditionCode = "zero_balance"
	NoRefundable     ConditionCode = "no_refundable_transactions"
	NoFundsInTransit ConditionCode = "no_funds_in_transit"
)

// The limits of a clearing (docs/process.md; the objection's is ours).
const (
	ClearingAgeDays      = 30 // the wallet account's
	ClearingRefundDays   = 30
	ClearingFreezeMonths = 6 // calendar months after the last freeze
	ObjectionDays        = 3 // working days
)

// Condition is one condition and whether it is met.
type Condition struct {
	Code ConditionCode `json:"code" enum:"holder_request,not_frozen,account_age,cards_unbound,zero_balance,no_refundable_transactions,no_funds_in_transit" doc:"Machine-readable name" example:"account_age"`
	// Met is null where nobody has been compared yet.
	Met        *bool      `json:"met" doc:"Whether it is met; null if it cannot be told yet" example:"false"`
	Evidence   string     `json:"evidence" doc:"What was found and what to do, in the registration's language" example:"Opened on 20 Sep 2026; cleared can be what is older than 30 days."`
	EligibleAt *time.Time `json:"eligible_at" doc:"The earliest date time alone will cure it; null if it is met or time does not" example:"2026-10-20T09:30:00+08:00"`
}

// Unmet reports whether the condition is known not to be met.
func (c Condition) Unmet() bool { return c.Met != nil && !*c.Met }

// Conditions are all of them.
type Conditions []Condition

// Eligible reports whether nothing stands in the way. What cannot be told yet does not.
func (cs Conditions) Eligible() bool { return !slices.ContainsFunc(cs, Condition.Unmet) }

// ButHolder leaves out who asks: of a company an authorised person may, by letter.
func (cs Conditions) ButHolder() Conditions {
	return slices.DeleteFunc(slices.Clone(cs), func(c Condition) bool { return c.Code == HolderRequest })
}

// NeededToOpen are the conditions that bar a clearing of an account of a kind from beginning. Who asks for a company
// without being the holder hands in a letter of authorisation later on.
func (cs Conditions) NeededToOpen(kind Kind) Conditions {
	if kind == Enterprise {
		return cs.ButHolder()
	}
	return cs
}

// EligibleAt is when time alone will have cured everything; ok is false if it will not.
func (cs Conditions) EligibleAt() (at time.Time, ok bool) {
	for _, c := range cs {
		switch {
		case !c.Unmet():
		case c.EligibleAt == nil:
			return time.Time{}, false
		case c.EligibleAt.After(at):
			at = *c.EligibleAt
		}
	}
	return at, true
}

// Handheld is the holder with the ID card in hand (手持身份证).
const Handheld Slot = "handheld"

// ClearingSlots lists the slots of a clearing's materials; all but the letter are required.
func ClearingSlots() []Slot { return append(RequiredClearingSlots(), AuthorizationLetter) }

// RequiredClearingSlots are the materials without which a clearing cannot be submitted.
func RequiredClearingSlots() []Slot { return []Slot{IDCardFront, IDCardBack, Handheld} }

// KnownClearingField reports whether a rejection of a clearing may name f.
func KnownClearingField(f Field) bool {
	return f == "documents" || slices.ContainsFunc(ClearingSlots(), func(s Slot) bool { return DocumentField(s) == f })
}

// ClearingView is a clearing as its applicant's backend sees it.
type ClearingView struct {
	ID             string        `json:"id" doc:"Opaque id" example:"clr_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	AccountID      *string       `json:"account_id" doc:"The account; null for a contested claim, which names none" example:"acct-1001"`
	State          State         `json:"state" enum:"waiting_eligibility,materials_required,under_review,objection_period,clearing,cleared,rejected,withdrawn" doc:"Where the clearing stands" example:"materials_required"`
	Conditions     []Condition   `json:"conditions" doc:"The conditions as last checked"`
	Requirements   []Requirement `json:"requirements" doc:"What is still to be handed in, or cured in the wallet"`
	Documents      []Document    `json:"documents" doc:"What was uploaded"`
	ObjectionUntil *time.Time    `json:"objection_until" doc:"Until when the account's holder may object" example:"2026-10-11T00:00:00+08:00"`
	Review         *ReviewView   `json:"review" doc:"The newest review round"`
	LastError      *LastError    `json:"last_error" doc:"Why the last act was refused after its answer had been given"`
	Processing     bool          `json:"processing" doc:"An act is still being worked on"`
	CreatedAt      time.Time     `json:"created_at" doc:"When it was asked for" example:"2026-09-28T09:30:00+08:00"`
	UpdatedAt      time.Time     `json:"updated_at" doc:"When it last changed" example:"2026-09-30T10:00:00+08:00"`
}
