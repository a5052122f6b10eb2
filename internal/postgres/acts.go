package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/registration"
)

// Act is something a person asked for that goes through the workflow.
type Act struct {
	ID             string // also the update's id: the same id is the same act
	RegistrationID string // or the clearing's id
	Act            registration.Act
	Actor          registration.Actor
	Role           registration.Role // admin_session
	Budget         int               // how many acts of this kind the subject has in an hour; 0: any number
	// AnswerBy is when its caller has been answered; from then on it is done only if the answer was 202. Zero:
	// [registration.ActAnswered] from now.
	AnswerBy time.Time
	// By is the caller who acts for the applicant with it, and decides nothing from then on; empty: nobody does.
	By string
	// Password: its payment password was right, so that its try counts no more.
	Password bool
}

// ActRecord is what is known of an act.
type ActRecord struct {
	InputRef *string               // what was handed in
	Finished bool                  // a step has answered it
	Closed   bool                  // it was answered before anything was done, and nothing will be
	Refusal  *registration.Refusal // how it ended, if it was refused
}

// ActOf finds an act; [ErrNotFound] if it was never begun.
func (s *Store) ActOf(ctx context.Context, actID string) (ActRecord, error) {
	return actOf(ctx, s.pool, actID)
}

func actOf(ctx context.Context, q querier, actID string) (ActRecord, error) {
	var a ActRecord
	err := q.QueryRow(ctx, `select input_ref, finished_at is not null, closed_at is not null, refusal from acts where id = $1`, actID).
		Scan(&a.InputRef, &a.Finished, &a.Closed, &a.Refusal)
	return a, notFound(err)
}

func (a Act) answerBy(now time.Time) time.Time {
	if a.AnswerBy.IsZero() {
		return now.Add(registration.ActAnswered)
	}
	return a.AnswerBy
}

// nthOf is the nth of the times that a query lists, nil if there are fewer.
func nthOf(ctx context.Context, q querier, sql string, n int, args ...any) (*time.Time, error) {
	var at time.Time
	err := q.QueryRow(ctx, fmt.Sprintf(`%s offset %d limit 1`, sql, n-1), args...).Scan(&at)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &at, err
}

// act is an act that a step is about to end, its row locked.
type act struct {
	ID                         string
	Kind                       registration.Act
	StartedAt                  time.Time // when it was received: what it says is judged by that moment
	Deferred, Finished, Closed bool
	Expired                    bool
	Overtaken                  bool // a newer one of its kind and person was done
	Refusal                    *registration.Refusal
}

// lockAct reads an act and locks it. Those of a subject that are done are so under its row's lock, which is held.
func (c *change) lockAct(ctx context.Context) (a act, err error) {
	a.ID = c.step.ActID
	err = c.tx.QueryRow(ctx, `select act, started_at, deferred, finished_at is not null, closed_at is not null, expires_at <= $2, refusal,
		exists (select from acts n where n.registration_id = $3 and n.act = a.act and n.actor = $4 and n.started_at > a.started_at
			and n.finished_at is not null and n.refusal is null)
		from acts a where id = $1 for update`, a.ID, c.at, c.row.ID, c.step.Actor).
		Scan(&a.Kind, &a.StartedAt, &a.Deferred, &a.Finished, &a.Closed, &a.Expired, &a.Refusal, &a.Overtaken)
	return a, notFound(err)
}

// fence judges the act that the step finishes, if it does any. It keeps a step from doing what must not be done any more: an act that
// has been done, that was answered "not done" (closed, or no longer known), that is past its time, or that a newer one of its kind
// and person has overtaken. over: there is nothing to write; else a refusal ends the act.
func (c *change) fence(ctx context.Context) (refusal *registration.Refusal, over bool, err error) {
	if c.step.ActID == "" {
		return nil, false, nil
	}
	a, err := c.lockAct(ctx)
	c.act = a
	switch {
	case errors.Is(err, ErrNotFound), err == nil && a.Closed:
		return registration.Refuse(registration.CodeProviderUnavailable), true, nil
	case err == nil && a.Expired && !a.Deferred && !a.Finished:
		_, err = closeAct(ctx, c.tx, a.ID, c.at) // nobody was answered for it in time
		return registration.Refuse(registration.CodeProviderUnavailable), true, err
	case err != nil:
		return nil, false, err
	case a.Finished:
		return a.Refusal, true, nil
	case a.Expired:
		return registration.Refuse(registration.CodeProviderUnavailable), false, nil
	case a.Overtaken:
		return &registration.Refusal{Code: registration.CodeWrongState, State: c.row.State}, false, nil
	}
	return nil, false, nil
}

// errStillOpen undoes a step of an act that is not over.
var errStillOpen = errors.New("postgres: the act is still open")

// Finished answers a step whose act is over as the first time: it has been done, or never will be. It returns nil if the act is still
// open, so that its provider may be asked.
func (s *Store) Finished(ctx context.Context, step registration.Step) (*registration.StepResult, error) {
	var over bool
	err := s.pool.QueryRow(ctx, `select not exists (select from acts where id = $1 and finished_at is null and closed_at is null and (deferred or expires_at > $2))`,
		step.ActID, s.now()).Scan(&over)
	if err != nil || !over {
		return nil, err
	}
	result, err := s.take(ctx, step, func(context.Context, *change) (*registration.Refusal, error) { return nil, errStillOpen })
	if errors.Is(err, errStillOpen) {
		return nil, nil
	}
	return &result, err
}

// closeAct ends an act that is not done and never will be, and forgets what was handed in. It reports false of one that is
// over already, or whose caller was answered 202.
func closeAct(ctx context.Context, tx pgx.Tx, id string, at time.Time) (closed bool, err error) {
	var ref *string
	err = tx.QueryRow(ctx, `update acts set closed_at = $2, verification = false where id = $1 and finished_at is null and closed_at is null
		and not deferred returning input_ref`, id, at).Scan(&ref)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, nil
	case err != nil || ref == nil:
		return err == nil, err
	}
	return true, drop(ctx, tx, *ref)
}

// finished is what ends an act with its refusal, nil if it was done. It counts no longer towards the day's limit if the provider
// stayed away.
func (a act) finished(p *parameters, refusal *registration.Refusal, at time.Time) string {
	return fmt.Sprintf(`finished as (update acts set finished_at = %s, refusal = %s, verification = verification and %s where id = %s)`,
		p.next(at), p.next(jsonb(refusal)), p.next(counts(refusal)), p.next(a.ID))
}

// DeferAct notes that the act's caller is answered before the act is done (202), and leaves word to offer it to its run until
// it is, whoever restarts meanwhile. It reports false if it is over already, or if its time is: a step may have refused it for that, and
// would refuse it whenever it is offered. It is closed then.
func (s *Store) DeferAct(ctx context.Context, actID string) (deferred bool, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		at := s.now()
		tag, err := tx.Exec(ctx, `update acts set deferred = true, expires_at = $2 where id = $1 and finished_at is null and closed_at is null
			and (deferred or expires_at > $3)`, actID, at.Add(registration.ActOffered), at)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			_, err = closeAct(ctx, tx, actID, at)
			return err
		}
		deferred = true
		return leave(ctx, tx, at, outgoing{kind: MessageAct, ref: actID, after: time.Second})
	})
	return deferred, err
}

// CloseAct ends an act whose caller is answered that it was not done: from here on it is not, whatever the run does later. It
// does not count. It reports false if a step has ended it before, or its caller was answered 202.
func (s *Store) CloseAct(ctx context.Context, actID string) (closed bool, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		closed, err = closeAct(ctx, tx, actID, s.now())
		return err
	})
	return closed, err
}

// shownLater is true of an act whose applicant was answered 202 and sees what becomes of it. A reviewer's decision is none
// of the applicant's.
const shownLater = `deferred and closed_at is null and act <> 'decide'`

// EndAct ends an act that the workflow refused without a step of its own. If its caller was answered 202, the refusal
// shows as last_error. An act that is over stays as it is.
func (s *Store) EndAct(ctx context.Context, actID string, refusal *registration.Refusal) error {
	var subject string
	err := s.pool.QueryRow(ctx, `select registration_id from acts where id = $1`, actID).Scan(&subject)
	if err != nil {
		return unless(err, pgx.ErrNoRows)
	}
	return s.inTx(ctx, func(tx pgx.Tx) error {
		c, err := s.begin(ctx, tx, registration.Step{Subject: subject}) // before the act, like every step
		if err != nil {
			return err
		}
		shown, err := endAct(ctx, tx, actID, refusal, c.at)
		if !shown || err != nil {
			return err
		}
		c.setError(refusal.Code, refusal.Errors...)
		c.row.UpdatedAt = c.at
		return c.on.save(ctx, c.row.Sequence, nil)
	})
}

// endAct reports whether the refusal is to be shown as last_error.
func endAct(ctx context.Context, tx pgx.Tx, actID string, refusal *registration.Refusal, at time.Time) (shown bool, err error) {
	err = tx.QueryRow(ctx, `update acts set finished_at = $2, refusal = $3 where id = $1 and finished_at is null and closed_at is null returning `+shownLater,
		actID, at, jsonb(refusal)).Scan(&shown)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return shown && refusal != nil, err
}

// ForgetAct removes an act, and what was handed in with it, that was refused before anything was tried: it does not
// count, and a step that comes late for it changes nothing. An act that a step has ended stays, and so does one whose
// caller was answered 202.
func (s *Store) ForgetAct(ctx context.Context, actID string) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		var ref *string
		err := tx.QueryRow(ctx, `delete from acts where id = $1 and finished_at is null and closed_at is null and not deferred returning input_ref`, actID).Scan(&ref)
		if errors.Is(notFound(err), ErrNotFound) || err == nil && ref == nil {
			return nil
		}
		if err != nil {
			return err
		}
		return drop(ctx, tx, *ref)
	})
}

// Offer is an act that was answered 202 and waits for its run.
type Offer struct {
	Act        registration.Act
	WorkflowID string
	Standing   Standing
	Args       registration.ActArgs
	Expired    bool
}

// OfferOf reads an act that is to be offered again, nil if it is over.
func (s *Store) OfferOf(ctx context.Context, actID string) (*Offer, error) {
	o := &Offer{Args: registration.ActArgs{ActID: actID}}
	var over bool
	err := s.pool.QueryRow(ctx, `select registration_id, act, actor, role, coalesce(input_ref, ''), coalesce(finished_at, closed_at) is not null, expires_at <= $2
		from acts where id = $1`, actID, s.now()).Scan(&o.Args.RegistrationID, &o.Act, &o.Args.Actor, &o.Args.Role, &o.Args.InputRef, &over, &o.Expired)
	switch {
	case errors.Is(err, pgx.ErrNoRows), err == nil && over:
		return nil, nil
	case err != nil:
		return nil, err
	}
	if o.Standing, err = s.standing(ctx, o.Args.RegistrationID); err != nil {
		return nil, err
	}
	o.WorkflowID = o.Standing.WorkflowID(o.Args.RegistrationID)
	return o, nil
}

// standing is how a registration or a clearing stands.
func (s *Store) standing(ctx context.Context, id string) (Standing, error) {
	if registration.IsClearingID(id) {
		return s.ClearingStanding(ctx, id)
	}
	return s.StandingOf(ctx, id)
}

// Discard forgets a vault item that nothing needs any more; one already gone is no error.
func (s *Store) Discard(ctx context.Context, ref string) error { return drop(ctx, s.pool, ref) }
