package activities

import (
	"context"
	"log/slog"

	"shiming/internal/postgres"
	"shiming/registration"
)

// ClearingStep identifies a step of a clearing and the act it finishes.
type ClearingStep = postgres.ClearingStep

// ClearingBook is where clearings are kept.
type ClearingBook interface {
	OpenClearing(ctx context.Context, app registration.ClearingApplication) (registration.ClearingResult, error)
	RefuseClearingAct(ctx context.Context, step ClearingStep, refusal registration.Refusal) (registration.ClearingResult, error)
	ClearingJudged(ctx context.Context, step ClearingStep) (registration.ClearingResult, error)
	ClearingIdle(ctx context.Context, step ClearingStep) (registration.ClearingResult, error)
	SubmitClearing(ctx context.Context, step ClearingStep) (registration.ClearingResult, error)
	ClearingReviewTick(ctx context.Context, step ClearingStep) (registration.ClearingResult, error)
	DecideClearing(ctx context.Context, step ClearingStep, inputRef string) (registration.ClearingResult, error)
	ObjectionTick(ctx context.Context, step ClearingStep) (registration.ClearingResult, error)
	WithdrawClearing(ctx context.Context, step ClearingStep) (registration.ClearingResult, error)
	ClearingUnmet(ctx context.Context, step ClearingStep) (registration.ClearingResult, error)
	ClearIdentity(ctx context.Context, step ClearingStep) (registration.ClearingResult, error)
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
func (l *ClearingLedger) RefuseClearingAct(ctx context.Context, step ClearingStep, refusal registration.Refusal) (registration.ClearingResult, error) {
	r, err := l.Book.RefuseClearingAct(ctx, step, refusal)
	return l.written(step.ClearingID, r, err)
}

// ClearingJudged goes on from waiting for eligibility.
func (l *ClearingLedger) ClearingJudged(ctx context.Context, step ClearingStep) (registration.ClearingResult, error) {
	r, err := l.Book.ClearingJudged(ctx, step)
	return l.written(step.ClearingID, r, err)
}

// ClearingIdle looks whether the applicant has been away for too long.
func (l *ClearingLedger) ClearingIdle(ctx context.Context, step ClearingStep) (registration.ClearingResult, error) {
	r, err := l.Book.ClearingIdle(ctx, step)
	return l.written(step.ClearingID, r, err)
}

// SubmitClearing freezes the materials as a review round.
func (l *ClearingLedger) SubmitClearing(ctx context.Context, step ClearingStep) (registration.ClearingResult, error) {
	r, err := l.Book.SubmitClearing(ctx, step)
	return l.written(step.ClearingID, r, err)
}

// ClearingReviewTick does what time brings a review.
func (l *ClearingLedger) ClearingReviewTick(ctx context.Context, step ClearingStep) (registration.ClearingResult, error) {
	r, err := l.Book.ClearingReviewTick(ctx, step)
	return l.written(step.ClearingID, r, err)
}

// DecideClearing applies a reviewer's decision.
func (l *ClearingLedger) DecideClearing(ctx context.Context, step ClearingStep, inputRef string) (registration.ClearingResult, error) {
	r, err := l.Book.DecideClearing(ctx, step, inputRef)
	return l.written(step.ClearingID, r, err)
}

// ObjectionTick looks whether the holder has objected, or the time for it is over.
func (l *ClearingLedger) ObjectionTick(ctx context.Context, step ClearingStep) (registration.ClearingResult, error) {
	r, err := l.Book.ObjectionTick(ctx, step)
	return l.written(step.ClearingID, r, err)
}

// WithdrawClearing ends a clearing at the applicant's wish.
func (l *ClearingLedger) WithdrawClearing(ctx context.Context, step ClearingStep) (registration.ClearingResult, error) {
	r, err := l.Book.WithdrawClearing(ctx, step)
	return l.written(step.ClearingID, r, err)
}

// ClearingUnmet leads back to the applicant with the condition that stopped being met.
func (l *ClearingLedger) ClearingUnmet(ctx context.Context, step ClearingStep) (registration.ClearingResult, error) {
	r, err := l.Book.ClearingUnmet(ctx, step)
	return l.written(step.ClearingID, r, err)
}

// ClearIdentity records that the identity is cleared.
func (l *ClearingLedger) ClearIdentity(ctx context.Context, step ClearingStep) (registration.ClearingResult, error) {
	r, err := l.Book.ClearIdentity(ctx, step)
	return l.written(step.ClearingID, r, err)
}
