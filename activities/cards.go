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

// CardBook is what of the database the card steps need.
type CardBook interface {
	StepBook
	Get(ctx context.Context, owner postgres.Owner, ref, purpose string, v any) error
	TryCard(ctx context.Context, accountID, cardNumber, actID string) (*registration.Refusal, error)
	CardMismatched(ctx context.Context, accountID, cardNumber, actID string) error
	ReturnCard(ctx context.Context, actID string) error
	CardBinding(ctx context.Context, registrationID string) (bindingID string, sentAt time.Time, err error)
	ResendAllowed(ctx context.Context, registrationID string) (*registration.Refusal, error)
	CardAccepted(ctx context.Context, step registration.Step, bindingID string) (registration.StepResult, error)
	CodeIncorrect(ctx context.Context, step registration.Step) (registration.StepResult, error)
	CardProven(ctx context.Context, step registration.Step) (registration.StepResult, error)
	CodeResent(ctx context.Context, step registration.Step) (registration.StepResult, error)
}

// StepBook is what every activity needs that asks a provider for an act and takes the act's step itself.
type StepBook interface {
	// Finished is what the act's step came to, if it was taken before; nil: it was not.
	Finished(ctx context.Context, step registration.Step) (*registration.StepResult, error)
	RefuseAct(ctx context.Context, step registration.Refusing) (registration.StepResult, error)
}

// Cards verifies a contact by personal debit card (guide section 5.1). Each activity asks the bank and takes the step that
// follows. If the bank stays busy they give up after a short while: the act is then answered provider_unavailable and nothing
// has been counted.
type Cards struct {
	Bank CardBank
	Book CardBook
	Now  func() time.Time // time.Now, unless time does not pass by itself
}

// input opens what was handed in with the step's act.
func (a *Cards) input(ctx context.Context, step registration.Step, purpose string, v any) error {
	return a.Book.Get(ctx, postgres.Owner{Subject: step.Subject, Row: step.ActID}, step.InputRef, purpose, v)
}

// BindCard has the bank check a card's details and send the SMS code. Mismatches are counted by the card's fingerprint, before
// the bank is asked and not after, so that tries made at once count each.
func (a *Cards) BindCard(ctx context.Context, step registration.Step) (registration.StepResult, error) {
	return unlessFinished(ctx, a.Book, step, func() (refusal *registration.Refusal, then taken, err error) {
		var card dossier.Card
		if err := a.input(ctx, step, dossier.PurposeCard, &card); err != nil {
			return nil, nil, err
		}
		if refusal, err := a.Book.TryCard(ctx, step.AccountID, card.Number, step.ActID); refusal != nil || err != nil {
			return refusal, nil, err
		}
		bindingID, err := a.Bank.BindCard(ctx, step.ActID, bank.Card{Number: card.Number, Holder: card.Holder, IDNumber: card.IDNumber, Phone: card.Phone})
		refusal, err = refused(err)
		if refusal != nil && refusal.Code == registration.CodeCardElementsMismatch {
			err = a.Book.CardMismatched(ctx, step.AccountID, card.Number, step.ActID)
		} else {
			err = errors.Join(err, a.Book.ReturnCard(ctx, step.ActID))
		}
		return refusal, func() (registration.StepResult, error) { return a.Book.CardAccepted(ctx, step, bindingID) }, err
	})
}

// ConfirmCode has the bank judge an SMS code.
func (a *Cards) ConfirmCode(ctx context.Context, step registration.Step) (registration.StepResult, error) {
	return unlessFinished(ctx, a.Book, step, func() (refusal *registration.Refusal, then taken, err error) {
		var code dossier.Code
		if err := a.input(ctx, step, dossier.PurposeCode, &code); err != nil {
			return nil, nil, err
		}
		bindingID, sentAt, err := a.Book.CardBinding(ctx, step.Subject)
		if err != nil {
			return nil, nil, err
		}
		if tooLate(sentAt, a.Now()) {
			return registration.Refuse(registration.CodeCodeExpired), nil, nil
		}
		refusal, err = refused(a.Bank.ConfirmCode(ctx, bindingID, code.Code))
		if refusal != nil && refusal.Code == registration.CodeCodeIncorrect { // a step of its own counts it
			return nil, func() (registration.StepResult, error) { return a.Book.CodeIncorrect(ctx, step) }, nil
		}
		return refusal, func() (registration.StepResult, error) { return a.Book.CardProven(ctx, step) }, err
	})
}

// ResendCode has the bank send a new SMS code, at most one a minute and five in all.
func (a *Cards) ResendCode(ctx context.Context, step registration.Step) (registration.StepResult, error) {
	return unlessFinished(ctx, a.Book, step, func() (refusal *registration.Refusal, then taken, err error) {
		if refusal, err := a.Book.ResendAllowed(ctx, step.Subject); refusal != nil || err != nil {
			return refusal, nil, err
		}
		bindingID, _, err := a.Book.CardBinding(ctx, step.Subject)
		if err != nil {
			return nil, nil, err
		}
		refusal, err = refused(a.Bank.ResendCode(ctx, step.ActID, bindingID))
		return refusal, func() (registration.StepResult, error) { return a.Book.CodeResent(ctx, step) }, err
	})
}

// tooLate reports whether an SMS code sent at sentAt has expired (guide section 5.1, step 6; lifetime ours).
func tooLate(sentAt, now time.Time) bool { return now.Sub(sentAt) > registration.CodeLifetime }

// refused takes a definite no of the bank out of err.
func refused(err error) (*registration.Refusal, error) {
	if no, ok := errors.AsType[*bank.Refusal](err); ok {
		return registration.Refuse(registration.Code(no.Reason)), nil
	}
	return nil, err
}
