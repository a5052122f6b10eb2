package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/registration"
)

// Act is something a person asked for that goes through the workflow.
type Act struct {
	ID             string // also the update's id: the same id is the same act
	RegistrationID string
	Act            registration.Act
}

// ActRecord is what is known of an act.
type ActRecord struct {
	InputRef *string               // what was handed in
	Finished bool                  // the workflow has answered it
	Refusal  *registration.Refusal // how, if it was refused
}

// ActOf finds an act; [ErrNotFound] if it was never begun.
func (s *Store) ActOf(ctx context.Context, actID string) (ActRecord, error) {
	return actOf(ctx, s.pool, actID)
}

func actOf(ctx context.Context, q querier, actID string) (ActRecord, error) {
	var a ActRecord
	err := q.QueryRow(ctx, `select input_ref, finished_at is not null, refusal from acts where id = $1`, actID).Scan(&a.InputRef, &a.Finished, &a.Refusal)
	return a, notFound(err)
}

// BeginAct notes an act and seals what was handed in (nil: nothing) before the workflow is told, and judges the limit of
// verification acts a day. An act begun twice (a repeated request) is begun once, with the first one's input.
func (s *Store) BeginAct(ctx context.Context, a Act, purpose string, input any) (ActRecord, *registration.Refusal, error) {
	var known ActRecord
	var refusal *registration.Refusal
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		err := lockSubject(ctx, tx, a.RegistrationID)
		if err != nil {
			return err
		}
		if known, err = actOf(ctx, tx, a.ID); err != ErrNotFound { //nolint:errorlint // actOf returns it bare
			return err
		}
		if refusal, err = s.actsExceeded(ctx, tx, a); refusal != nil || err != nil {
			return err
		}
		if input != nil {
			ref, err := s.put(ctx, tx, a.RegistrationID, purpose, input)
			if err != nil {
				return err
			}
			known.InputRef = &ref
		}
		_, err = tx.Exec(ctx, `insert into acts (id, registration_id, act, verification, started_at, input_ref) values ($1, $2, $3, $4, $5, $6)`,
			a.ID, a.RegistrationID, a.Act, a.Act.Verification(), s.now(), known.InputRef)
		return err
	})
	return known, refusal, err
}

// actsExceeded refuses a verification act when the registration has had its share within a day.
func (s *Store) actsExceeded(ctx context.Context, tx pgx.Tx, a Act) (*registration.Refusal, error) {
	if !a.Act.Verification() {
		return nil, nil
	}
	var times []time.Time
	err := tx.QueryRow(ctx, `select coalesce(array_agg(started_at order by started_at), '{}') from acts
		where registration_id = $1 and verification and started_at > $2`, a.RegistrationID, s.cal.Days(s.now(), -1)).Scan(&times)
	if err != nil || len(times) < registration.VerificationActs {
		return nil, err
	}
	oldest := times[len(times)-registration.VerificationActs]
	return registration.Refuse(registration.CodeActsExceeded).Until(s.cal.Days(oldest, 1)), nil
}

// DeferAct notes that the act's caller is answered before the act is done (202). It reports false if it is done already.
func (s *Store) DeferAct(ctx context.Context, actID string) (bool, error) {
	tag, err := s.pool.Exec(ctx, `update acts set deferred = true where id = $1 and finished_at is null`, actID)
	return tag.RowsAffected() == 1, err
}

// shownLater is true of an act whose applicant was answered 202 and sees what becomes of it. A reviewer's decision is none
// of the applicant's.
const shownLater = `deferred and act <> 'decide'`

// EndAct closes an act that the workflow refused without a step of its own. If its caller was answered 202, the refusal
// shows as last_error. An act that a step has closed stays as it is.
func (s *Store) EndAct(ctx context.Context, actID string, refusal *registration.Refusal) error {
	var registrationID string
	err := s.pool.QueryRow(ctx, `select registration_id from acts where id = $1`, actID).Scan(&registrationID)
	if err != nil {
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	}
	if registration.IsClearingID(registrationID) {
		return s.endClearingAct(ctx, registrationID, actID, refusal)
	}
	return s.inTx(ctx, func(tx pgx.Tx) error {
		rec, err := load(ctx, tx, registrationID, "for update") // before the act, like every step
		if err != nil {
			return err
		}
		at := s.now()
		var deferred bool
		err = tx.QueryRow(ctx, `update acts set finished_at = $2, refusal = $3 where id = $1 and finished_at is null returning `+shownLater,
			actID, at, jsonb(refusal)).Scan(&deferred)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && (!deferred || refusal == nil) {
			return nil
		}
		if err != nil {
			return err
		}
		rec.LastError = &registration.LastError{Code: refusal.Code, Message: registration.Explain(refusal.Code, rec.Locale), Errors: refusal.Errors, At: at}
		rec.UpdatedAt = at
		return rec.save(ctx, tx, rec.Sequence)
	})
}

// ForgetAct removes an act, and what was handed in with it, that was refused before anything was tried: it does not
// count. An act that a step has closed stays.
func (s *Store) ForgetAct(ctx context.Context, actID string) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		var ref *string
		err := tx.QueryRow(ctx, `delete from acts where id = $1 and finished_at is null returning input_ref`, actID).Scan(&ref)
		if errors.Is(notFound(err), ErrNotFound) || err == nil && ref == nil {
			return nil
		}
		if err != nil {
			return err
		}
		return drop(ctx, tx, *ref)
	})
}

// UncountAct removes an act whose fate is unknown: it does not count, but its input stays, for the workflow may have it.
func (s *Store) UncountAct(ctx context.Context, actID string) error {
	_, err := s.pool.Exec(ctx, `delete from acts where id = $1 and finished_at is null`, actID)
	return err
}

// Discard forgets a vault item that nothing needs any more; one already gone is no error.
func (s *Store) Discard(ctx context.Context, ref string) error { return drop(ctx, s.pool, ref) }
