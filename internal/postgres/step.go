package postgres

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/registration"
)

// Step identifies one step of a registration's or a clearing's workflow. A step that finishes an act is recognised by it when
// it is repeated after its commit; steps that time or a report brings look at what is stored and may be taken any number of
// times.
type Step struct {
	RegistrationID string             `json:"registration_id"` // or the clearing's id
	Actor          registration.Actor `json:"actor"`
	ActID          string             `json:"act_id,omitempty"` // the act this step finishes
	Known          int64              `json:"known,omitempty"`  // the version that the run stands at; 0: nothing yet
	RunID          string             `json:"run_id,omitempty"` // the engine's
}

// change is a registration being changed in one transaction, its row locked.
type change struct {
	*Store
	tx      pgx.Tx
	rec     *record
	payment *payment // the newest, nil if none
	step    Step
	act     act
	at      time.Time
	created bool // the row was made in this transaction
	// spendGrant: the payment about to be opened is over the limit and allowed by ops.
	spendGrant bool
	// judgeLater: the window's end is not judged before an amount that was entered in time.
	judgeLater *time.Time
}

// apply runs one step: it locks the registration, lets fn change it, and commits row, timeline and all else together.
// A refusal returned by fn is part of the result, and what fn changed before refusing (a counted guess) is kept.
func (s *Store) apply(ctx context.Context, step Step, fn work) (registration.StepResult, error) {
	result, err := s.take(ctx, step, fn)
	var illegal *registration.IllegalTransitionError
	// The stored state may be ahead of the run's, whose task was lost after a step had committed: what is written counts.
	if errors.Is(err, errInputGone) || step.ActID != "" && errors.As(err, &illegal) {
		return s.take(ctx, step, func(_ context.Context, c *change) (*registration.Refusal, error) {
			return &registration.Refusal{Code: registration.CodeWrongState, State: c.rec.State}, nil
		})
	}
	return result, err
}

// work is what a step does to a registration.
type work func(ctx context.Context, c *change) (*registration.Refusal, error)

func (s *Store) take(ctx context.Context, step Step, fn work) (registration.StepResult, error) {
	var result registration.StepResult
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		c, err := s.begin(ctx, tx, step)
		switch {
		case errors.Is(err, ErrNotFound) && step.Known > 0:
			result.Behind = true
			return s.ahead(ctx, tx, step, "", 0)
		case err != nil:
			return err
		case c.rec.Version < step.Known:
			result.Behind = true
			return s.ahead(ctx, tx, step, c.rec.AccountID, c.rec.Version)
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

// errInputGone says that what an act handed in has served its purpose: the act is an old one, told again to a run that
// does not remember it.
var errInputGone = errors.New("postgres: the act's input is gone")

// input opens what an act handed in.
func (c *change) input(ctx context.Context, ref, purpose string, v any) error {
	err := c.get(ctx, c.tx, Owner{Subject: c.rec.ID, Row: c.step.ActID}, ref, purpose, v)
	if errors.Is(err, ErrNotFound) {
		return errInputGone
	}
	return err
}

func (s *Store) begin(ctx context.Context, tx pgx.Tx, step Step) (*change, error) {
	rec, err := load(ctx, tx, step.RegistrationID, "for update")
	if err != nil {
		return nil, err
	}
	p, err := newestPayment(ctx, tx, rec.ID, "for update")
	if err != nil {
		return nil, err
	}
	return &change{Store: s, tx: tx, rec: rec, payment: p, step: step, at: s.now()}, nil
}

// fence judges the act that the step finishes, if it does any.
func (c *change) fence(ctx context.Context) (refusal *registration.Refusal, over bool, err error) {
	if c.step.ActID == "" {
		return nil, false, nil
	}
	c.act, refusal, over, err = fence(ctx, c.tx, c.step, c.rec.State, c.at)
	return refusal, over, err
}

func (c *change) commit(ctx context.Context, before int64, refusal *registration.Refusal) (registration.StepResult, error) {
	if err := c.finishAct(ctx, refusal); err != nil {
		return registration.StepResult{}, err
	}
	if err := c.setDue(ctx); err != nil {
		return registration.StepResult{}, err
	}
	c.rec.UpdatedAt = c.at
	c.rec.stepped(c.step, c.mayBeLost())
	if c.mayBeLost() {
		if err := lookSoon(ctx, c.tx, c.rec.ID, c.rec.Version, c.at); err != nil {
			return registration.StepResult{}, err
		}
	}
	if err := c.rec.save(ctx, c.tx, before); err != nil {
		return registration.StepResult{}, err
	}
	return c.result(ctx, refusal)
}

// mayBeLost reports whether the run may never hear of this step: it was taken in the task that delivered an act.
func (c *change) mayBeLost() bool { return c.step.ActID != "" || c.created }

// result is all that the run mirrors, so that any step brings it up to date.
func (c *change) result(ctx context.Context, refusal *registration.Refusal) (registration.StepResult, error) {
	r := registration.StepResult{
		Refusal: refusal, State: c.rec.State, Sequence: c.rec.Sequence, Version: c.rec.Version, Overdue: c.rec.Overdue,
		Payment: c.payment.ref(), Idle: c.nextIdleLook(),
	}
	if c.rec.DueAt != nil {
		r.Due = &registration.Deadline{At: *c.rec.DueAt, Provisional: c.rec.DueProvisional}
	}
	if c.judgeLater != nil && r.Payment != nil {
		r.Payment.Closes = &registration.Deadline{At: *c.judgeLater}
	}
	var err error
	if c.rec.State == registration.UnderReview {
		r.Review, err = c.nextReviewLook(ctx)
	}
	return r, err
}

// move takes the step that the table names for event, and writes it on the timeline and for subscribers.
func (c *change) move(ctx context.Context, event registration.Event) error {
	from := c.rec.State
	to, err := registration.Next(c.rec.Kind, from, event, c.rec.facts())
	if err != nil {
		return err
	}
	c.rec.State = to
	c.rec.Sequence++
	if from != to {
		c.rec.StateSince = c.at
	}
	if to.Final() {
		c.rec.EndedAt = &c.at
	}
	if err := writeTransition(ctx, c.tx, c.rec, from, event, c.step.Actor, c.at); err != nil || !to.Final() {
		return err
	}
	return c.tellOpsOfUnheard(ctx)
}

func writeTransition(ctx context.Context, tx pgx.Tx, rec *record, from registration.State, event registration.Event, actor registration.Actor, at time.Time) error {
	_, err := tx.Exec(ctx, `insert into timeline (registration_id, sequence, kind, at, event, from_state, to_state, actor)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, rec.ID, rec.Sequence, rec.Kind, at, event, from, rec.State, actor)
	if err != nil || from == rec.State {
		return err
	}
	return emit(ctx, tx, rec, "registration.state_changed", from, rec.State, at)
}

// seen writes something on the timeline that is no transition.
func seen(ctx context.Context, q querier, rec *record, event, actor string, at time.Time) error {
	_, err := q.Exec(ctx, `insert into timeline (registration_id, kind, at, event, from_state, to_state, actor) values ($1, $2, $3, $4, $5, $5, $6)`,
		rec.ID, rec.Kind, at, event, rec.State, actor)
	return err
}

// setDue says until when the registration waits, and whether the review or the payment is late.
func (c *change) setDue(ctx context.Context) error {
	r := c.rec
	r.DueAt, r.DueProvisional, r.Overdue = nil, false, false
	switch {
	case r.State.Final():
	case r.State == registration.UnderReview:
		return c.tx.QueryRow(ctx, `select due_at, due_provisional, overdue from reviews where subject_id = $1 and round = $2`,
			r.ID, r.ReviewRound).Scan(&r.DueAt, &r.DueProvisional, &r.Overdue)
	case r.State == registration.PayoutPending:
		r.DueAt, r.DueProvisional, r.Overdue = c.payment.ExpectedBy, c.payment.WindowProvisional, c.payment.Overdue
	case r.State == registration.DepositRequired:
		r.DueAt, r.DueProvisional = c.payment.WindowClosesAt, c.payment.WindowProvisional
	default:
		r.DueAt = new(c.idleSince())
	}
	return nil
}

// idleSince is when the registration expires if the applicant does nothing more.
func (c *change) idleSince() time.Time { return idleUntil(c.Store, c.rec) }

func idleUntil(s *Store, r *record) time.Time {
	since := r.LastActAt
	if r.StateSince.After(since) {
		since = r.StateSince
	}
	return s.cal.Days(since, registration.IdleDays)
}

// finishAct ends the act this step belongs to. If its caller has already been answered (202), a refusal shows as
// last_error.
func (c *change) finishAct(ctx context.Context, refusal *registration.Refusal) error {
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
	case c.act.Kind == registration.ActDecide: // none of the applicant's: reviewers find it on the timeline
		return seen(ctx, c.tx, c.rec, decisionRefused(refusal), string(c.step.Actor), c.at)
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
	c.rec.LastError = &registration.LastError{Code: code, Message: registration.Explain(code, c.rec.Locale), Errors: fields, At: c.at}
}
