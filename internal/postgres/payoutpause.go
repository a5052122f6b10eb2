package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

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
		var id int64
		at := s.now()
		err = tx.QueryRow(ctx, `insert into payout_switches (word, reason, said_by, at) values ($1, $2, $3, $4) returning id`, word, reason, by, at).Scan(&id)
		if err != nil {
			return err
		}
		if word == wordPause {
			return s.alarm(ctx, tx, registration.FindingPayoutsPaused, pausedSubject, "paused by "+by)
		}
		if err := s.gone(ctx, tx, registration.FindingPayoutsPaused, pausedSubject); err != nil {
			return err
		}
		return s.notify(ctx, tx, nil, notice.PayoutsResumed, fmt.Sprintf("payouts_resumed/%d", id), notice.Data{Detail: "by " + by}, at)
	})
}

// pausedSubject is what a finding about paused payments is about.
const pausedSubject = "payouts"

func payoutsPaused(ctx context.Context, q querier) (paused bool, err error) {
	err = q.QueryRow(ctx, `select coalesce((select word from payout_switches order by id desc limit 1) = $1, false)`, wordPause).Scan(&paused)
	return paused, err
}

// payoutsHeld reports whether payments are paused, and keeps them from being paused until the transaction ends.
func payoutsHeld(ctx context.Context, tx pgx.Tx) (paused bool, err error) {
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock_shared(hashtextextended('payouts', 9))`); err != nil {
		return false, err
	}
	return payoutsPaused(ctx, tx)
}

// PayoutPauseNow reads whether payments are paused.
func (s *Store) PayoutPauseNow(ctx context.Context) (PayoutPause, error) {
	var p PayoutPause
	err := s.inSnapshot(ctx, func(q querier) error {
		err := q.QueryRow(ctx, `select word = $1, at, said_by, reason from payout_switches order by id desc limit 1`, wordPause).Scan(&p.Paused, &p.Since, &p.By, &p.Reason)
		if err := unless(err, pgx.ErrNoRows); err != nil {
			return err
		}
		return q.QueryRow(ctx, `select count(*) from payments where bank_state = 'requested' and state = 'requested' and ordered_at is null`).Scan(&p.Waiting)
	})
	return p, err
}

// FindPaused opens the finding of a pause again that somebody has resolved while it holds.
func (s *Store) FindPaused(ctx context.Context) error {
	p, err := s.PayoutPauseNow(ctx)
	if err != nil || !p.Paused {
		return err
	}
	return s.Find(ctx, registration.FindingPayoutsPaused, pausedSubject, "", fmt.Sprintf("paused by %s; %d payments wait", p.By, p.Waiting))
}
