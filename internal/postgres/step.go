package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/internal/notice"
	"shiming/registration"
)

// change is a registration or a clearing being changed in one transaction, its row locked: one step of its run, or what anybody
// else does to it.
type change struct {
	*Store
	tx      pgx.Tx
	row     *row
	on      subject
	step    registration.Step
	act     act
	at      time.Time
	created bool                 // the row was made in this transaction
	rides   bool                 // the step is taken in the task that delivers an act, though none asks for it
	review  *registration.Review // the newest round, once it was read or made
}

// subject is what a change is of, a registration or a clearing: what the two do differently.
type subject interface {
	kind() registration.Kind
	named() string // the account, as subscribers may learn it; empty if they may not
	facts() registration.Facts
	ended(ctx context.Context) error // what follows from a final state
	wait(ctx context.Context) error  // says until when it waits
	stand(ctx context.Context, r *registration.StepResult) error
	save(ctx context.Context, readSequence int64, others beside) error
	tellStaff(ctx context.Context, kind notice.Kind, eventKey string, data notice.Data) error

	look(ctx context.Context) error
	submit(ctx context.Context) (*registration.Refusal, error)
	mayDecide(ctx context.Context, d dossier.Decision) (*registration.Refusal, error)
	decided(ctx context.Context, d dossier.Decision, said registration.Corrections) error
	end(ctx context.Context, event registration.Event) error
}

// work is what a step does. A refusal that it returns ends the act; what was changed before it (a counted guess) is kept.
type work func(ctx context.Context, c *change) (*registration.Refusal, error)

// of makes work of what only one kind of subject does.
func of[T subject](fn func(T, context.Context) (*registration.Refusal, error)) work {
	return func(ctx context.Context, c *change) (*registration.Refusal, error) {
		t, ok := c.on.(T)
		if !ok {
			return nil, fmt.Errorf("postgres: no step of %s", c.row.ID)
		}
		return fn(t, ctx)
	}
}

// takeAct takes the step that an act asks for, if the state allows it. The run has judged that already, but may have lost the
// task in which another step changed the state: what is written counts.
func (s *Store) takeAct(ctx context.Context, step registration.Step, act registration.Act, fn work) (registration.StepResult, error) {
	return s.take(ctx, step, func(ctx context.Context, c *change) (*registration.Refusal, error) {
		if refusal := registration.RefuseAct(c.on.kind(), c.row.State, act); refusal != nil {
			return refusal, c.dropInput(ctx)
		}
		return fn(ctx, c)
	})
}

// take takes one step: it locks the row, lets fn change it, and commits row, timeline and all else together.
func (s *Store) take(ctx context.Context, step registration.Step, fn work) (registration.StepResult, error) {
	result, err := s.takeOnce(ctx, step, fn)
	var illegal *registration.IllegalTransitionError
	if errors.Is(err, errInputGone) || step.ActID != "" && errors.As(err, &illegal) {
		return s.takeOnce(ctx, step, func(_ context.Context, c *change) (*registration.Refusal, error) {
			return &registration.Refusal{Code: registration.CodeWrongState, State: c.row.State}, nil
		})
	}
	return result, err
}

func (s *Store) takeOnce(ctx context.Context, step registration.Step, fn work) (registration.StepResult, error) {
	var result registration.StepResult
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		c, err := s.begin(ctx, tx, step)
		switch {
		case errors.Is(err, ErrNotFound) && step.Known > 0:
			result.Behind = true
			return s.ahead(ctx, tx, step, "", 0)
		case err != nil:
			return err
		case c.row.Version < step.Known:
			result.Behind = true
			return s.ahead(ctx, tx, step, c.on.named(), c.row.Version)
		}
		result, err = c.run(ctx, fn)
		return err
	})
	return result, err
}

// run does the work of a step, unless its act is over already, and commits it.
func (c *change) run(ctx context.Context, fn work) (registration.StepResult, error) {
	refusal, over, err := c.fence(ctx)
	if err != nil {
		return registration.StepResult{}, err
	}
	if over {
		return c.result(ctx, refusal)
	}
	before := c.row.Sequence
	if refusal == nil {
		if refusal, err = fn(ctx, c); err != nil {
			return registration.StepResult{}, err
		}
	}
	return c.commit(ctx, before, refusal)
}

// open takes the first step of a run, which makes the row. A refusal undoes what was written; a row that was made before is
// answered as the first time.
func (s *Store) open(ctx context.Context, make func(ctx context.Context, tx pgx.Tx) (*change, *registration.Refusal, error)) (registration.StepResult, error) {
	var result registration.StepResult
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		c, refusal, err := make(ctx, tx)
		switch {
		case err != nil:
			return err
		case refusal != nil:
			result.Refusal = refusal
			return refusal
		case c.created:
			result, err = c.commit(ctx, c.row.Sequence, nil)
			return err
		}
		result, err = c.result(ctx, nil)
		return err
	})
	if result.Refusal != nil {
		return result, nil
	}
	return result, err
}

// begin locks the row of a registration or a clearing, and reads what belongs to it.
func (s *Store) begin(ctx context.Context, tx pgx.Tx, step registration.Step) (*change, error) {
	if registration.IsClearingID(step.Subject) {
		c, err := s.beginClearing(ctx, tx, step)
		if err != nil {
			return nil, err
		}
		return c.change, nil
	}
	c, err := s.beginRegistration(ctx, tx, step)
	if err != nil {
		return nil, err
	}
	return c.change, nil
}

func (s *Store) changeOf(tx pgx.Tx, step registration.Step, r *row) *change {
	return &change{Store: s, tx: tx, row: r, step: step, at: s.now()}
}

// errInputGone says that what an act handed in has served its purpose: the act is an old one, told again to a run that
// does not remember it.
var errInputGone = errors.New("postgres: the act's input is gone")

// input opens what an act handed in.
func (c *change) input(ctx context.Context, purpose string, v any) error {
	err := c.get(ctx, c.tx, Owner{Subject: c.row.ID, Row: c.step.ActID}, c.step.InputRef, purpose, v)
	if errors.Is(err, ErrNotFound) {
		return errInputGone
	}
	return err
}

// dropInput forgets what an act handed in, if it did: it has served its purpose.
func (c *change) dropInput(ctx context.Context) error {
	if c.step.InputRef == "" {
		return nil
	}
	return drop(ctx, c.tx, c.step.InputRef)
}

func (c *change) commit(ctx context.Context, before int64, refusal *registration.Refusal) (registration.StepResult, error) {
	if err := c.finishAct(ctx, refusal); err != nil {
		return registration.StepResult{}, err
	}
	if err := c.on.wait(ctx); err != nil {
		return registration.StepResult{}, err
	}
	c.row.UpdatedAt = c.at
	c.row.stepped(c.step, c.mayBeLost())
	if err := c.on.save(ctx, before, c.ending(refusal)); err != nil {
		return registration.StepResult{}, err
	}
	return c.result(ctx, refusal)
}

// ending is what a step writes in one statement with its row: that the act is over, and word to the run to look, which may never
// hear of the step.
func (c *change) ending(refusal *registration.Refusal) beside {
	return func(p *parameters) string {
		var all []string
		if c.step.ActID != "" {
			all = append(all, c.act.finished(p, refusal, c.at))
		}
		if c.mayBeLost() {
			all = append(all, lookSoon(p, c.row.ID, c.row.Version, c.at))
		}
		return strings.Join(all, ", ")
	}
}

// mayBeLost reports whether the run may never hear of this step: it was taken in the task that delivered an act.
func (c *change) mayBeLost() bool { return c.step.ActID != "" || c.created || c.rides }

// result is all that the run mirrors, so that any step brings it up to date.
func (c *change) result(ctx context.Context, refusal *registration.Refusal) (registration.StepResult, error) {
	r := registration.StepResult{Refusal: refusal}
	r.State, r.Sequence, r.Version = c.row.State, c.row.Sequence, c.row.Version
	err := c.on.stand(ctx, &r)
	return r, err
}

// tellChanged saves what somebody else than the run has changed, and tells the run, at once or soon.
func (c *change) tellChanged(ctx context.Context, tell func(ctx context.Context, q querier, id string, version int64, at time.Time) error) error {
	c.row.UpdatedAt = c.at
	c.row.raise()
	if err := c.on.save(ctx, c.row.Sequence, nil); err != nil {
		return err
	}
	return tell(ctx, c.tx, c.row.ID, c.row.Version, c.at)
}

// move takes the step that the table names for event, and writes it on the timeline and for subscribers.
func (c *change) move(ctx context.Context, event registration.Event) error {
	from := c.row.State
	to, err := registration.Next(c.on.kind(), from, event, c.on.facts())
	if err != nil {
		return err
	}
	c.row.State = to
	c.row.Sequence++
	if from != to {
		c.row.StateSince = c.at
	}
	if to.Final() {
		c.row.EndedAt = &c.at
	}
	if err := c.write(ctx, from, event); err != nil || !to.Final() {
		return err
	}
	return c.on.ended(ctx)
}

// finishAct notes on the row that the act this step belongs to is over. If its caller has already been answered (202), a refusal
// shows as last_error.
func (c *change) finishAct(ctx context.Context, refusal *registration.Refusal) error {
	if c.step.ActID == "" {
		return nil
	}
	if c.step.Actor == registration.ByApplicant {
		c.row.LastActAt = c.at
		if refusal == nil {
			c.row.LastError = nil
		}
	}
	switch {
	case !c.act.Deferred || refusal == nil:
	case c.act.Kind == registration.ActDecide: // none of the applicant's: reviewers find it on the timeline
		return c.note(ctx, decisionRefused(refusal), string(c.step.Actor))
	default:
		c.setError(refusal.Code, refusal.Errors...)
	}
	return nil
}

// decisionRefused is what the timeline says of a decision that was refused after its 202.
func decisionRefused(refusal *registration.Refusal) string {
	return "decision_refused:" + string(refusal.Code)
}

// counts reports whether an act that ended so counts towards the limit a day: not if the provider stayed away, nor if payments
// were paused meanwhile.
func counts(refusal *registration.Refusal) bool {
	return refusal == nil || !slices.Contains(uncounted, refusal.Code)
}

// uncounted are the refusals that are nobody's fault who acts.
var uncounted = []registration.Code{registration.CodeProviderUnavailable, registration.CodeSpendingPaused, registration.CodeHeldAfterRestore}

// setError keeps a refusal for the applicant to find.
func (c *change) setError(code registration.Code, fields ...registration.FieldError) {
	c.row.setError(code, fields, c.at)
}
