package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/internal/notice"
	"shiming/registration"
)

// ErrPaused says that ops has paused payments: none is announced or ordered until they are resumed.
var ErrPaused = errors.New("postgres: payments are paused")

// PayoutPause is whether payments are paused, and the last word on it; nobody has said any if By is empty.
type PayoutPause struct {
	Paused     bool
	Since      time.Time
	By, Reason string
	Waiting    int // payments that were asked for and have not been ordered
}

// The words of ops on payments.
const (
	wordPause  = "pause"
	wordResume = "resume"
)

// PausePayouts stops every payment that has not been ordered. A pause that holds already stays as it is, with its reason.
func (s *Store) PausePayouts(ctx context.Context, by, reason string) error {
	return s.switchPayouts(ctx, wordPause, by, reason)
}

// ResumePayouts lets payments go on. What was not paused stays so.
func (s *Store) ResumePayouts(ctx context.Context, by, reason string) error {
	return s.switchPayouts(ctx, wordResume, by, reason)
}

func (s *Store) switchPayouts(ctx context.Context, word, by, reason string) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		// Whoever is about to order, announce or make a payment holds the same lock shared: once this call is answered, no other does.
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('payouts', 9))`); err != nil {
			return err
		}
		paused, err := payoutsPaused(ctx, tx)
		if err != nil || paused == (word == wordPause) {
			return err
		}
		id, at := registration.NewID("psw"), s.now()
		sealed, sealedFor, err := s.sealAbout(ctx, tx, pausedSubject, id, dossier.PurposeReason, reason)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `insert into payout_switches (id, word, sealed_reason, sealed_for, said_by, at) values ($1, $2, $3, $4, $5, $6)`,
			id, word, sealed, sealedFor, by, at); err != nil {
			return err
		}
		if word == wordPause {
			return s.alarm(ctx, tx, registration.FindingPayoutsPaused, pausedSubject, "paused by "+by)
		}
		if err := s.gone(ctx, tx, registration.FindingPayoutsPaused, pausedSubject); err != nil {
			return err
		}
		return s.notify(ctx, tx, nil, notice.PayoutsResumed, "payouts_resumed/"+id, notice.Data{Detail: "by " + by}, at)
	})
}

// pausedSubject is what a finding about paused payments is about.
const pausedSubject = "payouts"

func payoutsPaused(ctx context.Context, q querier) (paused bool, err error) {
	err = q.QueryRow(ctx, `select `+payoutsPausedNow).Scan(&paused)
	return paused, err
}

// payoutsPausedNow is true if ops' newest word is to pause.
const payoutsPausedNow = `coalesce((select word from payout_switches order by n desc limit 1) = '` + wordPause + `', false)`

// payoutsHeld says why no payment may be ordered, [ErrPaused] or [ErrRestored], and keeps a reason from coming up until the
// transaction ends.
func (s *Store) payoutsHeld(ctx context.Context, tx pgx.Tx) (barred, err error) {
	if err := keepPayouts(ctx, tx); err != nil {
		return nil, err
	}
	if restored, err := s.held(ctx, tx); restored || err != nil {
		return ErrRestored, err
	}
	if paused, err := payoutsPaused(ctx, tx); paused || err != nil {
		return ErrPaused, err
	}
	return nil, nil
}

// keepPayouts keeps a reason for no payment to be ordered from coming up until the transaction ends.
func keepPayouts(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `select pg_advisory_xact_lock_shared(hashtextextended('payouts', 9))`)
	return err
}

// PayoutPauseNow reads whether payments are paused.
func (s *Store) PayoutPauseNow(ctx context.Context) (PayoutPause, error) {
	var p PayoutPause
	err := s.inSnapshot(ctx, func(q querier) error {
		if err := unless(s.lastWord(ctx, q, &p), pgx.ErrNoRows); err != nil {
			return err
		}
		return q.QueryRow(ctx, `select count(*) from payments where bank_state = 'requested' and state = 'requested' and ordered_at is null`).Scan(&p.Waiting)
	})
	return p, err
}

// lastWord reads what ops has said of payments last.
func (s *Store) lastWord(ctx context.Context, q querier, p *PayoutPause) error {
	var id, sealedFor string
	var sealed []byte
	err := q.QueryRow(ctx, `select id, word = $1, at, said_by, sealed_reason, sealed_for from payout_switches order by n desc limit 1`, wordPause).
		Scan(&id, &p.Paused, &p.Since, &p.By, &sealed, &sealedFor)
	if err != nil {
		return err
	}
	keys, err := keysOf(ctx, q, sealedFor)
	if err != nil {
		return err
	}
	return s.openAbout(keys, sealedFor, pausedSubject, id, dossier.PurposeReason, sealed, &p.Reason)
}

// FindPaused opens the finding of a pause again that somebody has resolved while it holds.
func (s *Store) FindPaused(ctx context.Context) error {
	p, err := s.PayoutPauseNow(ctx)
	if err != nil || !p.Paused {
		return err
	}
	return s.Find(ctx, registration.FindingPayoutsPaused, pausedSubject, "", fmt.Sprintf("paused by %s; %d payments wait", p.By, p.Waiting))
}
