package activities

import (
	"context"
	"errors"
	"time"

	"shiming/internal/bank"
	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/registration"
)

// CardBank is what a bank does about a personal card.
type CardBank interface {
	BindCard(ctx context.Context, key string, card bank.Card) (bindingID string, err error)
	ResendCode(ctx context.Context, key, bindingID string) error
	ConfirmCode(ctx context.Context, bindingID, code string) error
}

// CardBook is what of the database the card step needs.
type CardBook interface {
	Get(ctx context.Context, owner postgres.Owner, ref, purpose string, v any) error
	TryCard(ctx context.Context, accountID, cardNumber, actID string) (*registration.Refusal, error)
	CardMismatched(ctx context.Context, accountID, cardNumber, actID string) error
	ReturnCard(ctx context.Context, actID string) error
	CardBinding(ctx context.Context, registrationID string) (bindingID string, sentAt time.Time, err error)
	ResendAllowed(ctx context.Context, registrationID string) (*registration.Refusal, error)
}

// Cards verifies a contact by personal debit card (guide section 5.1). If the bank stays busy the activities give up
// after a short while: the act is then answered provider_unavailable and nothing has been counted.
type Cards struct {
	Bank CardBank
	Book CardBook
	Now  func() time.Time // time.Now, unless time does not pass by itself
}

// CardAct names an act on a card and where its input waits.
type CardAct struct {
	RegistrationID string `json:"registration_id"`
	AccountID      string `json:"account_id"`
	ActID          string `json:"act_id"`
	InputRef       string `json:"input_ref,omitempty"`
}

// input is whose the act's input is: the act's own.
func (c CardAct) input() postgres.Owner {
	return postgres.Owner{Subject: c.RegistrationID, Row: c.ActID}
}

// CardAnswer is the bank's answer to an act: a refusal, or (for a new card) its id of the binding.
type CardAnswer struct {
	ActID     string                `json:"act_id,omitempty"` // a release before this one leaves it empty
	BindingID string                `json:"binding_id,omitempty"`
	Refusal   *registration.Refusal `json:"refusal,omitempty"`
}

// To reports whether it is the answer to this act, and not to an earlier one.
func (a CardAnswer) To(actID string) bool { return a.ActID == actID || a.ActID == "" }

func (c CardAct) answered(refusal *registration.Refusal) CardAnswer {
	return CardAnswer{ActID: c.ActID, Refusal: refusal}
}

// BindCard has the bank check a card's details and send the SMS code. Mismatches are counted by the card's fingerprint, before
// the bank is asked and not after, so that tries made at once count each.
func (a *Cards) BindCard(ctx context.Context, act CardAct) (CardAnswer, error) {
	defer alive(ctx)()
	var card dossier.Card
	if err := a.Book.Get(ctx, act.input(), act.InputRef, dossier.PurposeCard, &card); err != nil {
		return CardAnswer{}, classify(err)
	}
	if refusal, err := a.Book.TryCard(ctx, act.AccountID, card.Number, act.ActID); refusal != nil || err != nil {
		return act.answered(refusal), classify(err)
	}
	bindingID, err := a.Bank.BindCard(ctx, act.ActID, bank.Card{Number: card.Number, Holder: card.Holder, IDNumber: card.IDNumber, Phone: card.Phone})
	refusal, err := refused(err)
	if refusal != nil && refusal.Code == registration.CodeCardElementsMismatch {
		err = a.Book.CardMismatched(ctx, act.AccountID, card.Number, act.ActID)
	} else {
		err = errors.Join(err, a.Book.ReturnCard(ctx, act.ActID))
	}
	return CardAnswer{ActID: act.ActID, BindingID: bindingID, Refusal: refusal}, classify(err)
}

// ConfirmCode has the bank judge an SMS code. Code incorrect and code expired come back as refusals.
func (a *Cards) ConfirmCode(ctx context.Context, act CardAct) (CardAnswer, error) {
	defer alive(ctx)()
	var code dossier.Code
	if err := a.Book.Get(ctx, act.input(), act.InputRef, dossier.PurposeCode, &code); err != nil {
		return CardAnswer{}, classify(err)
	}
	bindingID, sentAt, err := a.Book.CardBinding(ctx, act.RegistrationID)
	if err != nil {
		return CardAnswer{}, classify(err)
	}
	if tooLate(sentAt, a.Now()) {
		return act.answered(registration.Refuse(registration.CodeCodeExpired)), nil
	}
	refusal, err := refused(a.Bank.ConfirmCode(ctx, bindingID, code.Code))
	return act.answered(refusal), classify(err)
}

// ResendCode has the bank send a new SMS code, at most one a minute and five in all.
func (a *Cards) ResendCode(ctx context.Context, act CardAct) (CardAnswer, error) {
	defer alive(ctx)()
	if refusal, err := a.Book.ResendAllowed(ctx, act.RegistrationID); refusal != nil || err != nil {
		return act.answered(refusal), classify(err)
	}
	bindingID, _, err := a.Book.CardBinding(ctx, act.RegistrationID)
	if err != nil {
		return CardAnswer{}, classify(err)
	}
	refusal, err := refused(a.Bank.ResendCode(ctx, act.ActID, bindingID))
	return act.answered(refusal), classify(err)
}

// refused takes a definite no of the bank out of err.
func refused(err error) (*registration.Refusal, error) {
	if no, ok := errors.AsType[*bank.Refusal](err); ok {
		return registration.Refuse(registration.Code(no.Reason)), nil
	}
	return nil, err
}
