package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/registration"
)

// TryPassword takes one of an account's tries at the payment password before the wallet is asked, so that guesses made
// at once cannot outrun the count; left is how many remain if this one is wrong. An act takes one try however often it
// is repeated. A try that was none is given back by [Store.ReturnPassword].
func (s *Store) TryPassword(ctx context.Context, accountID, actID string) (left int, refusal *registration.Refusal, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockAccount(ctx, tx, accountID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `delete from attempts where scope = 'password' and act_id = $1`, actID); err != nil {
			return err
		}
		if refusal, err = s.tooMany(ctx, tx, registration.PasswordErrors, `scope = 'password' and account_id = $2`, accountID); refusal != nil || err != nil {
			return err
		}
		at := s.now()
		if _, err := tx.Exec(ctx, `insert into attempts (scope, account_id, act_id, at) values ('password', $1, $2, $3)`, accountID, actID, at); err != nil {
			return err
		}
		var used int
		err = tx.QueryRow(ctx, `select count(*) from attempts where scope = 'password' and account_id = $1 and at > $2`, accountID, s.cal.Days(at, -1)).Scan(&used)
		left = registration.PasswordErrors - used
		return err
	})
	return left, refusal, err
}

// ReturnPassword gives back a try: the password was right, or the wallet did not answer.
func (s *Store) ReturnPassword(ctx context.Context, actID string) error {
	_, err := s.pool.Exec(ctx, `delete from attempts where scope = 'password' and act_id = $1`, actID)
	return err
}

// CardAllowed refuses a card whose details did not match too often within 24 hours: for this account, or for all.
func (s *Store) CardAllowed(ctx context.Context, accountID, cardNumber string) (*registration.Refusal, error) {
	fp := s.keys.Fingerprint("card", cardNumber)
	if r, err := s.tooMany(ctx, s.pool, registration.MismatchesAccount, `scope = 'mismatch' and account_id = $2 and fingerprint = $3`, accountID, fp); r != nil || err != nil {
		return r, err
	}
	return s.tooMany(ctx, s.pool, registration.MismatchesCard, `scope = 'mismatch' and fingerprint = $2`, fp)
}

// CardMismatched counts a mismatching try, once an act, by the card's fingerprint.
func (s *Store) CardMismatched(ctx context.Context, accountID, cardNumber, actID string) error {
	_, err := s.pool.Exec(ctx, `insert into attempts (scope, account_id, fingerprint, act_id, at) values ('mismatch', $1, $2, $3, $4) on conflict do nothing`,
		accountID, s.keys.Fingerprint("card", cardNumber), actID, s.now())
	return err
}

// tooMany refuses when limit attempts lie within a day, until the oldest of them is a day old.
func (s *Store) tooMany(ctx context.Context, q querier, limit int, where string, args ...any) (*registration.Refusal, error) {
	rows, err := q.Query(ctx, `select at from attempts where at > $1 and `+where+` order by at`, append([]any{s.cal.Days(s.now(), -1)}, args...)...)
	if err != nil {
		return nil, err
	}
	times, err := pgx.CollectRows(rows, pgx.RowTo[time.Time])
	if err != nil || len(times) < limit {
		return nil, err
	}
	return registration.Refuse(registration.CodeCardAttemptsExceeded).Until(s.cal.Days(times[len(times)-limit], 1)), nil
}
