package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/notice"
	"shiming/internal/workday"
	"shiming/registration"
)

// deadlineMoved is what a timeline says of a deadline that another calendar has moved.
const deadlineMoved = "deadline_moved"

// ByCalendar is who moves deadlines when the calendar in force changes.
const ByCalendar = "calendar"

// MoveDeadlines has every open deadline be as the store's calendar says, later only. Each is moved by itself, under its row's
// lock, with the word to its run; one that stands as it should is left alone, so this may be done any number of times and by
// any number of processes. One that cannot be moved keeps no other from it.
func (s *Store) MoveDeadlines(ctx context.Context, cause int64) error {
	var errs []error
	err := openDeadlines(ctx, s.pool, func(d OpenDeadline) error {
		if same(d.Due, d.Moved(s.cal)) {
			return nil
		}
		if err := s.moveDeadline(ctx, cause, d); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", d.Subject, err))
		}
		return ctx.Err()
	})
	return errors.Join(append(errs, err)...)
}

func same(a, b workday.Deadline) bool { return a.At.Equal(b.At) && a.Provisional == b.Provisional }

func (s *Store) moveDeadline(ctx context.Context, cause int64, d OpenDeadline) error {
	switch d.What {
	case DueReview, DueClearingReview:
		return s.inTx(ctx, func(tx pgx.Tx) error { return s.moveReview(ctx, tx, cause, d) })
	case DueObjection:
		return s.inTx(ctx, func(tx pgx.Tx) error { return s.moveObjection(ctx, tx, cause, d) })
	}
	return s.movePayment(ctx, cause, d)
}

// movePayment moves what is awaited of a payment. Whoever was told a date is told the new one.
func (s *Store) movePayment(ctx context.Context, cause int64, d OpenDeadline) error {
	return s.changePayment(ctx, d.payment, func(c *regChange, p *payment) error {
		now, waits := p.deadline(c.rec.State, c.rec.StateSince)
		if !waits || p != c.payment || c.rec.EndedAt != nil {
			return nil
		}
		told, err := announced(ctx, c.tx, map[string]*payment{p.RegistrationID: p})
		if err != nil {
			return err
		}
		now.Announced = told[p.ID]
		if c.rec.State == registration.DepositRequired {
			p.MoveWindow(c.cal, c.rec.StateSince)
		} else {
			p.SetExpected(c.cal)
		}
		after, _ := p.deadline(c.rec.State, c.rec.StateSince)
		if after.Due.At.Equal(now.Due.At) {
			return nil
		}
		if now.Announced {
			data := c.paymentData()
			data.Deadline, data.DeadlineProvisional = &after.Due.At, after.Due.Provisional
			if err := c.tell(ctx, notice.DeadlineMoved, movedKey(p.ID, after.Due.At), data); err != nil {
				return err
			}
		}
		if err := c.note(ctx, deadlineMoved, ByCalendar); err != nil {
			return err
		}
		return noteMove(ctx, c.tx, cause, now, after.Due.At, c.at)
	})
}

// movedKey is the key of the notice that says to where a deadline has moved.
func movedKey(of string, to time.Time) string {
	return fmt.Sprintf("%s/%s/%d", deadlineMoved, of, to.Unix())
}

// noteMove keeps what a change of the calendar has moved, for the summary.
func noteMove(ctx context.Context, tx pgx.Tx, cause int64, d OpenDeadline, to, at time.Time) error {
	_, err := tx.Exec(ctx, `insert into deadline_moves (change_id, subject, what, from_at, to_at, told, at) values ($1, $2, $3, $4, $5, $6, $7)`,
		cause, d.Subject, d.What, d.Due.At, to, d.Announced, at)
	return err
}

// moveReview moves when a review is due. Its applicant was told no date.
func (s *Store) moveReview(ctx context.Context, tx pgx.Tx, cause int64, d OpenDeadline) error {
	c, err := s.begin(ctx, tx, registration.Step{Subject: d.Subject, Actor: ByCalendar})
	if err != nil || c.row.State != registration.UnderReview || c.row.ReviewRound != d.round {
		return err
	}
	r, err := c.round(ctx)
	if err != nil || r.Overdue {
		return err
	}
	d.Due = r.Due()
	due, err := s.saveReviewDue(ctx, tx, cause, d, c.at)
	if err != nil || same(due, d.Due) {
		return err
	}
	c.review.DueAt, c.review.DueProvisional = due.At, due.Provisional
	if !due.At.Equal(d.Due.At) {
		if err := c.note(ctx, deadlineMoved, ByCalendar); err != nil {
			return err
		}
	}
	if err := c.on.wait(ctx); err != nil {
		return err
	}
	return c.tellChanged(ctx, tellRun)
}

// saveReviewDue writes when a review is due by the calendar.
func (s *Store) saveReviewDue(ctx context.Context, tx pgx.Tx, cause int64, d OpenDeadline, at time.Time) (workday.Deadline, error) {
	due := d.Moved(s.cal)
	if same(due, d.Due) {
		return due, nil
	}
	if _, err := tx.Exec(ctx, `update reviews set due_at = $3, due_provisional = $4 where subject_id = $1 and round = $2`,
		d.Subject, d.round, due.At, due.Provisional); err != nil || due.At.Equal(d.Due.At) {
		return due, err
	}
	return due, noteMove(ctx, tx, cause, d, due.At, at)
}

// moveObjection moves until when the holder may object, and tells them if they were told another day.
func (s *Store) moveObjection(ctx context.Context, tx pgx.Tx, cause int64, d OpenDeadline) error {
	c, err := s.beginClearing(ctx, tx, registration.Step{Subject: d.Subject, Actor: ByCalendar})
	if err != nil || c.rec.State != registration.ObjectionPeriod || c.rec.ObjectedAt != nil || c.rec.ObjectionUntil == nil {
		return err
	}
	now, waits, err := c.rec.objection(ctx, tx)
	if err != nil || !waits {
		return err
	}
	until := now.Moved(s.cal)
	if same(until, now.Due) {
		return nil
	}
	c.rec.ObjectionUntil, c.rec.ObjectionProvisional = &until.At, until.Provisional
	if !until.At.Equal(now.Due.At) {
		if err := c.tellOfMove(ctx, cause, now, until); err != nil {
			return err
		}
	}
	return c.tellChanged(ctx, tellRun)
}

func (c *clearingChange) tellOfMove(ctx context.Context, cause int64, d OpenDeadline, until workday.Deadline) error {
	if d.Announced {
		err := c.tellHolder(ctx, notice.DeadlineMoved, movedKey(c.rec.ID, until.At), notice.Data{Deadline: &until.At, DeadlineProvisional: until.Provisional})
		if err != nil {
			return err
		}
	}
	if err := c.note(ctx, deadlineMoved, ByCalendar); err != nil {
		return err
	}
	return noteMove(ctx, c.tx, cause, d, until.At, c.at)
}
