package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/registration"
)

// clearingChange is a clearing being changed.
type clearingChange struct {
	*change
	rec  *clearing
	docs []registration.Document

	nothingBound bool // what the clearing is about is bound no more
	waits        bool // another clearing of the account is being carried out
	stale        int  // the attempt before, whose hold may still be there; 0: none
}

func (s *Store) beginClearing(ctx context.Context, tx pgx.Tx, step registration.Step) (*clearingChange, error) {
	rec, err := loadClearing(ctx, tx, step.Subject, "for update")
	if err != nil {
		return nil, err
	}
	docs, err := currentDocuments(ctx, tx, rec.ID)
	if err != nil {
		return nil, err
	}
	return s.clearingChange(tx, step, rec, docs), nil
}

func (s *Store) clearingChange(tx pgx.Tx, step registration.Step, rec *clearing, docs []registration.Document) *clearingChange {
	c := &clearingChange{change: s.changeOf(tx, step, &rec.row), rec: rec, docs: docs}
	c.on = c
	return c
}

func (c *clearingChange) kind() registration.Kind { return registration.IdentityClearing }

func (c *clearingChange) named() string { return c.rec.namedAccount() }

func (c *clearingChange) facts() registration.Facts {
	f := c.rec.facts(c.docs)
	f.Gone = c.nothingBound
	return f.Facts()
}

func (c *clearingChange) ended(ctx context.Context) error { return c.closeObjection(ctx, false) }

func (c *clearingChange) save(ctx context.Context, readSequence int64, others beside) error {
	return c.rec.save(ctx, c.tx, readSequence, others)
}

// wait is nothing: until when a clearing waits stands in columns of their own.
func (c *clearingChange) wait(context.Context) error { return nil }

// stand says where the clearing stands, until when it waits, and when to look at it again.
func (c *clearingChange) stand(ctx context.Context, r *registration.StepResult) error {
	k := c.rec
	r.Attempt, r.Stale = k.Attempt, c.stale
	switch k.State {
	case registration.WaitingEligibility:
		at := c.at // the conditions are met, and nobody has acted on it
		if k.EligibleAt != nil {
			at = *k.EligibleAt
		}
		r.Wake, r.Due = &at, &registration.Deadline{At: at}
	case registration.MaterialsRequired:
		idle := k.activity().Expires(c.cal)
		r.Wake, r.Due = &idle, &registration.Deadline{At: idle}
	case registration.Clearing:
		if c.waits {
			r.Waits, r.Wake = true, new(c.at.Add(holdRetry))
		}
	case registration.ObjectionPeriod:
		r.Wake, r.Due = k.ObjectionUntil, &registration.Deadline{At: *k.ObjectionUntil, Provisional: k.ObjectionProvisional}
	case registration.UnderReview:
		round, err := c.round(ctx)
		if err != nil {
			return err
		}
		due := round.Due()
		r.Due, r.Overdue, r.Wake = &due, round.Overdue, round.NextLook(c.cal, c.at)
	}
	return nil
}

// holdRetry is when a clearing that waits for another to be carried out looks again, if it hears nothing.
const holdRetry = 5 * time.Minute

// look follows what is stored: a binding that another clearing has taken away, an objection. Then it does what time brings: it ends
// the time for objecting, reminds reviewers, and ends a clearing whose applicant has been away for 30 days, for it would keep the
// account from registering.
func (c *clearingChange) look(ctx context.Context) error {
	if ended, err := c.followBinding(ctx); ended || err != nil {
		return err
	}
	switch c.rec.State {
	case registration.ObjectionPeriod:
		return c.followObjection(ctx)
	case registration.UnderReview:
		return c.tickReview(ctx)
	case registration.MaterialsRequired:
		if !c.at.Before(c.rec.activity().Expires(c.cal)) {
			return c.end(ctx, registration.ExpiredByTime)
		}
	}
	return nil
}

func (c *clearingChange) end(ctx context.Context, event registration.Event) error {
	if err := c.closeReview(ctx); err != nil {
		return err
	}
	return c.move(ctx, event)
}

// conditions opens what the conditions came to last; nil if they were never judged.
func (s *Store) conditions(ctx context.Context, q querier, k *clearing) (registration.Conditions, error) {
	if k.ConditionsRef == nil {
		return nil, nil
	}
	var kept dossier.Conditions
	err := s.get(ctx, q, Own(k.ID), *k.ConditionsRef, dossier.PurposeConditions, &kept)
	return kept.Conditions, err
}
