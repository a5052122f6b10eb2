package postgres

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/notice"
	"shiming/registration"
)

// Withdraw ends a registration at the applicant's wish. What it claimed is free again; a payment under way is void,
// and what the bank says of it later is still recorded.
func (s *Store) Withdraw(ctx context.Context, step Step) (registration.StepResult, error) {
	return s.apply(ctx, step, func(ctx context.Context, c *change) (*registration.Refusal, error) {
		return nil, c.end(ctx, registration.WithdrawnByApplicant)
	})
}

// end gives back what the registration holds and moves it to its end.
func (c *change) end(ctx context.Context, event registration.Event) error {
	for _, undo := range []func(context.Context) error{c.void, c.closeReview, c.releaseUnbound, c.dropBinding} {
		if err := undo(ctx); err != nil {
			return err
		}
	}
	return c.move(ctx, event)
}

// Idle looks whether the applicant has been away for too long: reminds 7 days before the end of 30, and expires after them.
func (s *Store) Idle(ctx context.Context, step Step) (registration.StepResult, error) {
	return s.apply(ctx, step, func(ctx context.Context, c *change) (*registration.Refusal, error) {
		expires := c.idleSince()
		switch {
		case c.rec.State.WaitingOn() != registration.Applicant, c.at.Before(c.remindIdle()):
			return nil, nil
		case c.at.Before(expires):
			key := "expiry/" + c.rec.ID + "/" + strconv.FormatInt(expires.Unix(), 10)
			return nil, c.tell(ctx, notice.ExpiryReminder, key, notice.Data{Deadline: &expires})
		}
		return nil, c.end(ctx, registration.ExpiredByTime)
	})
}

// remindIdle is when the applicant is reminded that the registration will expire.
func (c *change) remindIdle() time.Time {
	return c.cal.Days(c.idleSince(), -registration.IdleReminderDays)
}

// nextIdleLook is by when inactivity must be looked at again, if nothing happens before: not before the applicant can be late.
func (c *change) nextIdleLook() *time.Time {
	remind, expires := c.remindIdle(), c.idleSince()
	switch {
	case c.rec.State.Final():
		return nil
	case c.rec.State.WaitingOn() != registration.Applicant:
		return new(c.cal.Days(c.at, registration.IdleDays-registration.IdleReminderDays))
	case c.at.Before(remind):
		return &remind
	}
	return &expires
}

// Touch notes an act that needs no message to the workflow: it restarts the clock of [Store.Idle].
func touch(ctx context.Context, s *Store, tx pgx.Tx, rec *record, at time.Time) error {
	rec.LastActAt = at
	if rec.State.WaitingOn() == registration.Applicant && rec.State != registration.DepositRequired {
		rec.DueAt = new(idleUntil(s, rec))
	}
	rec.UpdatedAt = at
	return rec.save(ctx, tx, rec.Sequence)
}
