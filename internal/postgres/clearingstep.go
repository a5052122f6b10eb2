package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/registration"
)

// clearingChange is a clearing being changed in one transaction, its row locked.
type clearingChange struct {
	*Store
	tx   pgx.Tx
	rec  *clearing
	docs []registration.Document
	step Step
	act  act
	at   time.Time

	created bool // the row is made in this transaction
	rides   bool // the step is taken in the task that delivers an act, though none asks for it

	nothingBound bool // what the clearing is about is bound no more
	waits        bool // another clearing of the account is being carried out
}

// clearingWork is what a step does to a clearing.
type clearingWork func(ctx context.Context, c *clearingChange) (*registration.Refusal, error)

// clearingAct runs the step that an act asks for, if the state allows it. The workflow has judged that already, but may
// have lost the task in which another step changed the state.
func (s *Store) clearingAct(ctx context.Context, step Step, act registration.Act, fn clearingWork) (registration.ClearingResult, error) {
	return s.applyClearing(ctx, step, func(ctx context.Context, c *clearingChange) (*registration.Refusal, error) {
		if refusal := registration.RefuseAct(registration.IdentityClearing, c.rec.State, act); refusal != nil {
			return refusal, nil
		}
		return fn(ctx, c)
	})
}

// applyClearing runs one step of a clearing, as [Store.apply] does of a registration.
func (s *Store) applyClearing(ctx context.Context, step Step, fn clearingWork) (registration.ClearingResult, error) {
	result, err := s.takeClearing(ctx, step, fn)
	if errors.Is(err, errInputGone) {
		return s.takeClearing(ctx, step, func(_ context.Context, c *clearingChange) (*registration.Refusal, error) {
			return &registration.Refusal{Code: registration.CodeWrongState, State: c.rec.State}, nil
		})
	}
	return result, err
}

func (s *Store) takeClearing(ctx context.Context, step Step, fn clearingWork) (registration.ClearingResult, error) {
	var result registration.ClearingResult
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		c, err := s.beginClearing(ctx, tx, step)
		switch {
		case errors.Is(err, ErrNotFound) && step.Known > 0:
			result.Behind = true
			return s.ahead(ctx, tx, step, "", 0)
		case err != nil:
			return err
		case c.rec.Version < step.Known:
			result.Behind = true
			return s.ahead(ctx, tx, step, c.rec.namedAccount(), c.rec.Version)
		}
		refusal, over, err := c.fence(ctx)
		if err != nil {
			return err
		}
		if over {
			result, err = c.result(ctx, refusal)
			return err
		}
		before := c.rec.Sequence
		if refusal == nil {
			if refusal, err = fn(ctx, c); err != nil {
				return err
			}
		}
		result, err = c.commit(ctx, before, refusal)
		return err
	})
	return result, err
}

func (s *Store) beginClearing(ctx context.Context, tx pgx.Tx, step Step) (*clearingChange, error) {
	rec, err := loadClearing(ctx, tx, step.RegistrationID, "for update")
	if err != nil {
		return nil, err
	}
	docs, err := currentDocuments(ctx, tx, rec.ID)
	if err != nil {
		return nil, err
	}
	return &clearingChange{Store: s, tx: tx, rec: rec, docs: docs, step: step, at: s.now()}, nil
}

// fence judges the act that the step finishes, if it does any.
func (c *clearingChange) fence(ctx context.Context) (refusal *registration.Refusal, over bool, err error) {
	if c.step.ActID == "" {
		return nil, false, nil
	}
	c.act, refusal, over, err = fence(ctx, c.tx, c.step, c.rec.State, c.at)
	return refusal, over, err
}

func (c *clearingChange) commit(ctx context.Context, before int64, refusal *registration.Refusal) (registration.ClearingResult, error) {
	if err := c.finishAct(ctx, refusal); err != nil {
		return registration.ClearingResult{}, err
	}
	c.rec.UpdatedAt = c.at
	lost := c.mayBeLost()
	c.rec.stepped(c.step, lost)
	if lost {
		if err := lookSoon(ctx, c.tx, c.rec.ID, c.rec.Version, c.at); err != nil {
			return registration.ClearingResult{}, err
		}
	}
	if err := c.rec.save(ctx, c.tx, before); err != nil {
		return registration.ClearingResult{}, err
	}
	return c.result(ctx, refusal)
}

// mayBeLost reports whether the run may never hear of this step: it was taken in the task that delivered an act.
func (c *clearingChange) mayBeLost() bool { return c.step.ActID != "" || c.created || c.rides }

func (c *clearingChange) result(ctx context.Context, refusal *registration.Refusal) (registration.ClearingResult, error) {
	r := registration.ClearingResult{Refusal: refusal, State: c.rec.State, Sequence: c.rec.Sequence, Version: c.rec.Version, Attempt: c.rec.Attempt}
	err := c.setDue(ctx, &r)
	return r, err
}

// setDue says until when the clearing waits, and when the workflow should look again.
func (c *clearingChange) setDue(ctx context.Context, r *registration.ClearingResult) error {
	k := c.rec
	switch k.State {
	case registration.WaitingEligibility:
		at := c.at // the conditions are met, and nobody has acted on it
		if k.EligibleAt != nil {
			at = *k.EligibleAt
		}
		r.Wake, r.Due = &at, &registration.Deadline{At: at}
	case registration.MaterialsRequired:
		idle := c.idleUntil()
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
		r.Due, r.Overdue, r.Wake = &registration.Deadline{At: round.DueAt, Provisional: round.DueProvisional}, round.Overdue, c.nextLook(round)
	}
	return nil
}

// holdRetry is when a clearing that waits for another to be carried out looks again, if it hears nothing.
const holdRetry = 5 * time.Minute

// idleUntil is when the clearing ends if the applicant does nothing more.
func (c *clearingChange) idleUntil() time.Time {
	since := c.rec.LastActAt
	if c.rec.StateSince.After(since) {
		since = c.rec.StateSince
	}
	return c.cal.Days(since, registration.IdleDays)
}

// move takes the step that the table names for event, and writes it on the timeline and for subscribers.
func (c *clearingChange) move(ctx context.Context, event registration.Event) error {
	k, from := c.rec, c.rec.State
	facts := k.facts(c.docs)
	facts.NothingBound = facts.NothingBound || c.nothingBound
	to, err := registration.Next(registration.IdentityClearing, from, event, facts)
	if err != nil {
		return err
	}
	k.State = to
	k.Sequence++
	if from != to {
		k.StateSince = c.at
	}
	if to.Final() {
		k.EndedAt = &c.at
		if err := c.closeObjection(ctx, false); err != nil {
			return err
		}
	}
	return c.write(ctx, from, event)
}

func (c *clearingChange) write(ctx context.Context, from registration.State, event registration.Event) error {
	k := c.rec
	_, err := c.tx.Exec(ctx, `insert into clearing_timeline (clearing_id, sequence, at, event, from_state, to_state, actor) values ($1, $2, $3, $4, $5, $6, $7)`,
		k.ID, k.Sequence, c.at, event, from, k.State, c.step.Actor)
	if err != nil || from == k.State {
		return err
	}
	return c.emit(ctx, "clearing.state_changed", from)
}

// emit writes an event for subscribers. That of a contested claim names no account.
func (c *clearingChange) emit(ctx context.Context, kind string, from registration.State) error {
	subject := &record{ID: c.rec.ID, Sequence: c.rec.Sequence}
	if !c.rec.Contested {
		subject.AccountID = c.rec.account()
	}
	return emit(ctx, c.tx, subject, kind, from, c.rec.State, c.at)
}

// seenClearing writes something on the timeline that is no transition.
func seenClearing(ctx context.Context, q querier, k *clearing, event, actor string, at time.Time) error {
	_, err := q.Exec(ctx, `insert into clearing_timeline (clearing_id, at, event, from_state, to_state, actor) values ($1, $2, $3, $4, $4, $5)`,
		k.ID, at, event, k.State, actor)
	return err
}

// finishAct closes the act this step belongs to. If its caller has already been answered (202), a refusal shows as
// last_error.
func (c *clearingChange) finishAct(ctx context.Context, refusal *registration.Refusal) error {
	if c.step.ActID == "" {
		return nil
	}
	if c.step.Actor == registration.ByApplicant {
		c.rec.LastActAt = c.at
		if refusal == nil {
			c.rec.LastError = nil
		}
	}
	if err := c.act.finish(ctx, c.tx, refusal, c.at); err != nil {
		return err
	}
	switch {
	case !c.act.Deferred || refusal == nil:
	case c.act.Kind == registration.ActDecide:
		return seenClearing(ctx, c.tx, c.rec, decisionRefused(refusal), string(c.step.Actor), c.at)
	default:
		c.setError(refusal.Code, refusal.Errors...)
	}
	return nil
}

func (c *clearingChange) setError(code registration.Code, fields ...registration.FieldError) {
	c.rec.LastError = &registration.LastError{Code: code, Message: registration.Explain(code, c.rec.Locale), Errors: fields, At: c.at}
}

// input opens what an act handed in.
func (c *clearingChange) input(ctx context.Context, ref, purpose string, v any) error {
	err := c.get(ctx, c.tx, Owner{Subject: c.rec.ID, Row: c.step.ActID}, ref, purpose, v)
	if errors.Is(err, ErrNotFound) {
		return errInputGone
	}
	return err
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
