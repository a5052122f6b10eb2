package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/registration"
)

// ErrNotHeld says that there is no hold that could end.
var ErrNotHeld = errors.New("postgres: nothing is held")

// ErrRestored says that the database is older than its engine: nothing is ordered until it is repaired.
var ErrRestored = errors.New("postgres: the database is older than its engine, and held until it is repaired")

// Hold is that the database is older than its engine, and not repaired yet.
type Hold struct {
	ID           string
	Why          string
	Since        time.Time
	RestorePoint time.Time // what was committed later may be missing
}

// heldSubject is what a finding about a hold is about.
const heldSubject = "database"

// restorePoint is the newest moment that the database is known to have come to, or the parameter now.
const restorePoint = `coalesce((select marked_at from anchor), (select max(at) from timeline), $1)`

// RestorePoint is what [Store.Hold] takes for it.
func (s *Store) RestorePoint(ctx context.Context) (at time.Time, err error) {
	err = s.pool.QueryRow(ctx, `select `+restorePoint, s.now()).Scan(&at)
	return at, err
}

// Hold keeps everything from being opened or paid until [Store.EndHold]. The restore point is since, or, if that is zero, the newest
// moment that the database is known to have come to. One that holds already stays as it is, but for its restore point if since is
// earlier.
func (s *Store) Hold(ctx context.Context, why string, since time.Time) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		// Whoever is about to order a payment holds the same lock shared: once this has committed, no other does.
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('payouts', 9))`); err != nil {
			return err
		}
		var known *time.Time
		if !since.IsZero() {
			known = &since
		}
		tag, err := tx.Exec(ctx, `insert into holds (id, why, since, restore_point) values ($2, $3, $1, coalesce($4, `+restorePoint+`))
			on conflict ((true)) where ended_at is null do nothing`, s.now(), registration.NewID("hld"), why, known)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `drop schema if exists `+RestoringSchema); err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			_, err := tx.Exec(ctx, `update holds set restore_point = least(restore_point, $1) where ended_at is null`, known)
			return err
		}
		return s.alarm(ctx, tx, registration.FindingHeld, heldSubject, why)
	})
}

// HoldNow is the hold that there is, nil if there is none.
func (s *Store) HoldNow(ctx context.Context) (*Hold, error) {
	rows, err := s.pool.Query(ctx, `select id, why, since, restore_point from holds where ended_at is null`)
	if err != nil {
		return nil, err
	}
	h, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[Hold])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return h, err
}

// IsHeld reports whether the database is held after a restore, or ought to be by what this process has seen of it.
func (s *Store) IsHeld(ctx context.Context) (bool, error) { return s.held(ctx, s.pool) }

// FindHeld opens the finding of a hold again that somebody has resolved while it holds.
func (s *Store) FindHeld(ctx context.Context) error {
	h, err := s.HoldNow(ctx)
	if h == nil || err != nil {
		return err
	}
	return s.Find(ctx, registration.FindingHeld, heldSubject, "", h.Why)
}

// EndHold ends the hold by a person's word: the database was repaired, and the engine has kept its mark, above every one of
// before. It returns [ErrNotHeld] if nothing is held.
func (s *Store) EndHold(ctx context.Context, by, reason string, mark int64) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		var id string
		err := tx.QueryRow(ctx, `select id from holds where ended_at is null for update`).Scan(&id)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNotHeld
		}
		if err != nil {
			return err
		}
		sealed, sealedFor, err := s.sealAbout(ctx, tx, heldSubject, id, dossier.PurposeReason, reason)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `update holds set ended_at = $2, ended_by = $3, sealed_reason = $4, sealed_for = $5 where id = $1`,
			id, s.now(), by, sealed, sealedFor); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `update anchor set mark = $1, acknowledged = $1, marked_at = $2, work = `+committed, mark, s.now()); err != nil {
			return err
		}
		if err := hasten(ctx, tx, s.now(), string(registration.CodeHeldAfterRestore)); err != nil {
			return err
		}
		return s.gone(ctx, tx, registration.FindingHeld, heldSubject)
	})
}

// held reports whether the database is held, or ought to be: a backup was put back into it, or this process has seen it further.
func (s *Store) held(ctx context.Context, q querier) (bool, error) {
	a, err := s.anchorNow(ctx, q)
	return a.held(), err
}

func (a *Anchor) held() bool { return a.Held || a.PutBack || a.Fell }

// Held refuses what must not be done while the database is held.
func (s *Store) Held(ctx context.Context) (*registration.Refusal, error) {
	return s.refuseHeld(ctx, s.pool)
}

func (s *Store) refuseHeld(ctx context.Context, q querier) (*registration.Refusal, error) {
	yes, err := s.held(ctx, q)
	return refuseIf(yes, registration.CodeHeldAfterRestore), err
}
