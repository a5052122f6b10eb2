package postgres

import (
	"context"

	"shiming/registration"
)

// Look brings a registration to where everything leads that is stored about it: a scan that the wallet has reported, what the
// bank has said of a payment. Its result tells a run that has missed a step where the row stands. It may be taken any number
// of times, also after the registration's end: then ops hears of money that came back.
func (s *Store) Look(ctx context.Context, step Step) (registration.StepResult, error) {
	return s.apply(ctx, step, func(ctx context.Context, c *change) (*registration.Refusal, error) {
		if !c.rec.State.Final() {
			c.step.Actor = registration.ByWalletHub
			if err := c.followSession(ctx); err != nil {
				return nil, err
			}
			c.step.Actor = registration.ByBank
			if err := c.followBank(ctx); err != nil {
				return nil, err
			}
		}
		c.step.Actor = registration.ByBank
		return nil, c.tellOpsOfUnheard(ctx)
	})
}

// LookAfterEnd does what is left to do for a registration or clearing whose run has ended with it.
func (s *Store) LookAfterEnd(ctx context.Context, id string) error {
	step := Step{RegistrationID: id, Actor: registration.ByBank}
	if registration.IsClearingID(id) {
		_, err := s.LookClearing(ctx, step)
		return err
	}
	_, err := s.Look(ctx, step)
	return err
}

// Cancelled does what a request to cancel the run comes to: a withdrawal by ops.
func (s *Store) Cancelled(ctx context.Context, step Step) (registration.StepResult, error) {
	return s.apply(ctx, step, func(ctx context.Context, c *change) (*registration.Refusal, error) {
		if !registration.Knows(c.rec.Kind, c.rec.State, registration.WithdrawnByApplicant) {
			return nil, seen(ctx, c.tx, c.rec, cancelIgnored, string(c.step.Actor), c.at)
		}
		return nil, c.end(ctx, registration.WithdrawnByApplicant)
	})
}

// cancelIgnored is what a timeline says of a request to cancel that the table knows no way for.
const cancelIgnored = "cancel_ignored"

// PayoutCancelIgnored puts on the timeline that somebody asked for a payment's workflow to be cancelled: a payment that was
// announced is seen through.
func (s *Store) PayoutCancelIgnored(ctx context.Context, paymentID string) error {
	var registrationID string
	if err := s.pool.QueryRow(ctx, `select registration_id from payments where id = $1`, paymentID).Scan(&registrationID); err != nil {
		return notFound(err)
	}
	rec, err := load(ctx, s.pool, registrationID, "")
	if err != nil {
		return err
	}
	return seen(ctx, s.pool, rec, "payout_"+cancelIgnored, string(registration.ByOps), s.now())
}
