package activities

import (
	"context"
	"log/slog"

	"shiming/registration"
)

// ClearingBook is where clearings are kept.
type ClearingBook interface {
	OpenClearing(ctx context.Context, app registration.ClearingApplication) (registration.ClearingResult, error)
	RefuseClearingAct(ctx context.Context, step Step, refusal registration.Refusal) (registration.ClearingResult, error)
	ClearingJudged(ctx context.Context, step Step) (registration.ClearingResult, error)
	ClearingIdle(ctx context.Context, step Step) (registration.ClearingResult, error)
	SubmitClearing(ctx context.Context, step Step) (registration.ClearingResult, error)
	ClearingReviewTick(ctx context.Context, step Step) (registration.ClearingResult, error)
	DecideClearing(ctx context.Context, step Step, inputRef string) (registration.ClearingResult, error)
	WithdrawClearing(ctx context.Context, step Step) (registration.ClearingResult, error)
	ClearingUnmet(ctx context.Context, step Step) (registration.ClearingResult, error)
	ClearIdentity(ctx context.Context, step Step) (registration.ClearingResult, error)
	ClearingAttempt(ctx context.Context, step Step) (registration.ClearingResult, error)
	LookClearing(ctx context.Context, step Step) (registration.ClearingResult, error)
	ClearingCancelled(ctx context.Context, step Step) (registration.ClearingResult, error)
}

// ClearingLedger writes the steps of clearings, as [Ledger] does those of registrations.
type ClearingLedger struct {
	Book ClearingBook
	Log  *slog.Logger
}

func (l *ClearingLedger) written(clearingID string, r registration.ClearingResult, err error) (registration.ClearingResult, error) {
	if err != nil {
		l.Log.Error("a step could not be written", "clearing_id", clearingID, "error", err)
	}
	return r, classify(err)
}

// OpenClearing creates the clearing.
func (l *ClearingLedger) OpenClearing(ctx context.Context, app registration.ClearingApplication) (registration.ClearingResult, error) {
	r, err := l.Book.OpenClearing(ctx, app)
	return l.written(app.ClearingID, r, err)
}

// RefuseClearingAct ends an act that changes nothing.
func (l *ClearingLedger) RefuseClearingAct(ctx context.Context, step Step, refusal registration.Refusal) (registration.ClearingResult, error) {
	r, err := l.Book.RefuseClearingAct(ctx, step, refusal)
	return l.written(step.RegistrationID, r, err)
}

// ClearingJudged goes on from waiting for eligibility.
func (l *ClearingLedger) ClearingJudged(ctx context.Context, step Step) (registration.ClearingResult, error) {
	r, err := l.Book.ClearingJudged(ctx, step)
	return l.written(step.RegistrationID, r, err)
}

// ClearingIdle looks whether the applicant has been away for too long.
func (l *ClearingLedger) ClearingIdle(ctx context.Context, step Step) (registration.ClearingResult, error) {
	r, err := l.Book.ClearingIdle(ctx, step)
	return l.written(step.RegistrationID, r, err)
}

// SubmitClearing freezes the materials as a review round.
func (l *ClearingLedger) SubmitClearing(ctx context.Context, step Step) (registration.ClearingResult, error) {
	r, err := l.Book.SubmitClearing(ctx, step)
	return l.written(step.RegistrationID, r, err)
}

// ClearingReviewTick does what time brings a review.
func (l *ClearingLedger) ClearingReviewTick(ctx context.Context, step Step) (registration.ClearingResult, error) {
	r, err := l.Book.ClearingReviewTick(ctx, step)
	return l.written(step.RegistrationID, r, err)
}

// DecideClearing applies a reviewer's decision.
func (l *ClearingLedger) DecideClearing(ctx context.Context, step Step, inputRef string) (registration.ClearingResult, error) {
	r, err := l.Book.DecideClearing(ctx, step, inputRef)
	return l.written(step.RegistrationID, r, err)
}

// WithdrawClearing ends a clearing at the applicant's wish.
func (l *ClearingLedger) WithdrawClearing(ctx context.Context, step Step) (registration.ClearingResult, error) {
	r, err := l.Book.WithdrawClearing(ctx, step)
	return l.written(step.RegistrationID, r, err)
}

// ClearingUnmet leads back to the applicant with the condition that stopped being met.
func (l *ClearingLedger) ClearingUnmet(ctx context.Context, step Step) (registration.ClearingResult, error) {
	r, err := l.Book.ClearingUnmet(ctx, step)
	return l.written(step.RegistrationID, r, err)
}

// ClearIdentity records that the identity is cleared.
func (l *ClearingLedger) ClearIdentity(ctx context.Context, step Step) (registration.ClearingResult, error) {
	r, err := l.Book.ClearIdentity(ctx, step)
	return l.written(step.RegistrationID, r, err)
}

// ClearingAttempt begins and numbers an attempt to clear.
func (l *ClearingLedger) ClearingAttempt(ctx context.Context, step Step) (registration.ClearingResult, error) {
	r, err := l.Book.ClearingAttempt(ctx, step)
	return l.written(step.RegistrationID, r, err)
}

// LookClearing follows what is stored, and says where the row stands.
func (l *ClearingLedger) LookClearing(ctx context.Context, step Step) (registration.ClearingResult, error) {
	r, err := l.Book.LookClearing(ctx, step)
	return l.written(step.RegistrationID, r, err)
}

// ClearingCancelled does what a request to cancel the run comes to.
func (l *ClearingLedger) ClearingCancelled(ctx context.Context, step Step) (registration.ClearingResult, error) {
	r, err := l.Book.ClearingCancelled(ctx, step)
	return l.written(step.RegistrationID, r, err)
}
