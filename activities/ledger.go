package activities

import (
	"context"
	"log/slog"
	"time"

	"shiming/internal/postgres"
	"shiming/registration"
)

// Step identifies a step and the act it finishes.
type Step = postgres.Step

// Book is where registrations are kept: the part of package postgres that a step needs.
type Book interface {
	Open(ctx context.Context, app registration.Application) (registration.StepResult, error)
	RefuseAct(ctx context.Context, step Step, refusal registration.Refusal, inputRef string) (registration.StepResult, error)
	CardAccepted(ctx context.Context, step Step, bindingID, cardRef string) (registration.StepResult, error)
	CodeIncorrect(ctx context.Context, step Step, inputRef string) (registration.StepResult, error)
	CardProven(ctx context.Context, step Step, inputRef string) (registration.StepResult, error)
	CodeResent(ctx context.Context, step Step) (registration.StepResult, error)
	SessionOpened(ctx context.Context, step Step, sessionID string) (registration.StepResult, error)
	TakeCompany(ctx context.Context, step Step, inputRef string) (registration.StepResult, error)
	NewPayout(ctx context.Context, step Step) (registration.StepResult, error)
	PaymentTick(ctx context.Context, step Step, paymentID string) (registration.StepResult, error)
	EnterAmount(ctx context.Context, step Step, inputRef string) (registration.StepResult, error)
	Submit(ctx context.Context, step Step) (registration.StepResult, error)
	ReviewTick(ctx context.Context, step Step) (registration.StepResult, error)
	Decide(ctx context.Context, step Step, inputRef string) (registration.StepResult, error)
	Withdraw(ctx context.Context, step Step) (registration.StepResult, error)
	Idle(ctx context.Context, step Step) (registration.StepResult, error)
	Look(ctx context.Context, step Step) (registration.StepResult, error)
	Cancelled(ctx context.Context, step Step) (registration.StepResult, error)
}

// Ledger writes the steps of registrations, each in one transaction. Its activities are local: short, and answered the
// same when repeated. They never give up: without the record there is no progress.
type Ledger struct {
	Book Book
	Log  *slog.Logger
}

// written ends every activity of the ledger.
func (l *Ledger) written(step Step, r registration.StepResult, err error) (registration.StepResult, error) {
	if err != nil {
		l.Log.Error("a step could not be written", "registration_id", step.RegistrationID, "act_id", step.ActID, "error", err)
	}
	return r, classify(err)
}

// Open creates the registration.
func (l *Ledger) Open(ctx context.Context, app registration.Application) (registration.StepResult, error) {
	r, err := l.Book.Open(ctx, app)
	return l.written(Step{RegistrationID: app.RegistrationID}, r, err)
}

// RefuseAct ends an act that changes nothing.
func (l *Ledger) RefuseAct(ctx context.Context, step Step, refusal registration.Refusal, inputRef string) (registration.StepResult, error) {
	r, err := l.Book.RefuseAct(ctx, step, refusal, inputRef)
	return l.written(step, r, err)
}

// CardAccepted keeps the binding that the bank has opened.
func (l *Ledger) CardAccepted(ctx context.Context, step Step, bindingID, cardRef string) (registration.StepResult, error) {
	r, err := l.Book.CardAccepted(ctx, step, bindingID, cardRef)
	return l.written(step, r, err)
}

// CodeIncorrect counts a wrong SMS code.
func (l *Ledger) CodeIncorrect(ctx context.Context, step Step, inputRef string) (registration.StepResult, error) {
	r, err := l.Book.CodeIncorrect(ctx, step, inputRef)
	return l.written(step, r, err)
}

// CardProven claims the identity of the card's holder.
func (l *Ledger) CardProven(ctx context.Context, step Step, inputRef string) (registration.StepResult, error) {
	r, err := l.Book.CardProven(ctx, step, inputRef)
	return l.written(step, r, err)
}

// CodeResent counts a new SMS code.
func (l *Ledger) CodeResent(ctx context.Context, step Step) (registration.StepResult, error) {
	r, err := l.Book.CodeResent(ctx, step)
	return l.written(step, r, err)
}

// SessionOpened makes a QR session the current one.
func (l *Ledger) SessionOpened(ctx context.Context, step Step, sessionID string) (registration.StepResult, error) {
	r, err := l.Book.SessionOpened(ctx, step, sessionID)
	return l.written(step, r, err)
}

// TakeCompany takes company information.
func (l *Ledger) TakeCompany(ctx context.Context, step Step, inputRef string) (registration.StepResult, error) {
	r, err := l.Book.TakeCompany(ctx, step, inputRef)
	return l.written(step, r, err)
}

// NewPayout opens a new payment to the account on file.
func (l *Ledger) NewPayout(ctx context.Context, step Step) (registration.StepResult, error) {
	r, err := l.Book.NewPayout(ctx, step)
	return l.written(step, r, err)
}

// PaymentTick does what time brings a payment.
func (l *Ledger) PaymentTick(ctx context.Context, step Step, paymentID string) (registration.StepResult, error) {
	r, err := l.Book.PaymentTick(ctx, step, paymentID)
	return l.written(step, r, err)
}

// EnterAmount judges an amount.
func (l *Ledger) EnterAmount(ctx context.Context, step Step, inputRef string) (registration.StepResult, error) {
	r, err := l.Book.EnterAmount(ctx, step, inputRef)
	return l.written(step, r, err)
}

// Submit freezes a review round.
func (l *Ledger) Submit(ctx context.Context, step Step) (registration.StepResult, error) {
	r, err := l.Book.Submit(ctx, step)
	return l.written(step, r, err)
}

// ReviewTick does what time brings a review.
func (l *Ledger) ReviewTick(ctx context.Context, step Step) (registration.StepResult, error) {
	r, err := l.Book.ReviewTick(ctx, step)
	return l.written(step, r, err)
}

// Decide applies a reviewer's decision.
func (l *Ledger) Decide(ctx context.Context, step Step, inputRef string) (registration.StepResult, error) {
	r, err := l.Book.Decide(ctx, step, inputRef)
	return l.written(step, r, err)
}

// Withdraw ends a registration at the applicant's wish.
func (l *Ledger) Withdraw(ctx context.Context, step Step) (registration.StepResult, error) {
	r, err := l.Book.Withdraw(ctx, step)
	return l.written(step, r, err)
}

// Idle looks whether the applicant has been away for too long.
func (l *Ledger) Idle(ctx context.Context, step Step) (registration.StepResult, error) {
	r, err := l.Book.Idle(ctx, step)
	return l.written(step, r, err)
}

// Look follows what is stored, and says where the row stands.
func (l *Ledger) Look(ctx context.Context, step Step) (registration.StepResult, error) {
	r, err := l.Book.Look(ctx, step)
	return l.written(step, r, err)
}

// Cancelled does what a request to cancel the run comes to.
func (l *Ledger) Cancelled(ctx context.Context, step Step) (registration.StepResult, error) {
	r, err := l.Book.Cancelled(ctx, step)
	return l.written(step, r, err)
}

// tooLate reports whether an SMS code sent at sentAt has expired (guide section 5.1, step 6; lifetime ours).
func tooLate(sentAt, now time.Time) bool { return now.Sub(sentAt) > registration.CodeLifetime }
