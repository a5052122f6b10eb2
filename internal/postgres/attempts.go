package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/registration"
)

// TryPassword takes one of an account's tries at the payment password before the wallet is asked, so that guesses made
// at once cannot outrun the count; left is how many remain if this one is wrong. An act takes one try however often it
// is repeated. A try that was none is given back by [Store.ReturnPassword].
func (s *Store) TryPassword(ctx context.Context, accountID, actID string) (left int, refusal *registration.Refusal, err error) {
	at := s.now()
	var batch pgx.Batch
	batch.Queue(`select pg_advisory_xact_lock(hashtextextended($1, 2))`, accountID) // as lockAccount does
	batch.Queue(`with others as (select at from attempts where scope = 'password' and account_id = $1 and at > $3 and act_id <> $2),
		used as (select count(*) as n from others),
		taken as (insert into attempts (scope, account_id, act_id, at) select 'password', $1, $2, $4 from used where n < $5
			on conflict (scope, act_id) do update set account_id = excluded.account_id, at = excluded.at),
		spent as (delete from attempts where scope = 'password' and act_id = $2 and (select n from used) >= $5)
		select coalesce(array_agg(at order by at), '{}') from others`, accountID, actID, s.cal.Days(at, -1), at, registration.PasswordErrors)
	var others []time.Time
	err = s.pool.batch(ctx, &batch, func(results pgx.BatchResults) error {
		if _, err := results.Exec(); err != nil {
			return err
		}
		return results.QueryRow().Scan(&others)
	})
	switch n := len(others); {
	case err != nil:
		return 0, nil, err
	case n >= registration.PasswordErrors:
		return 0, registration.Refuse(registration.CodeCardAttemptsExceeded).Until(s.cal.Days(others[n-registration.PasswordErrors], 1)), nil
	default:
		return registration.PasswordErrors - n - 1, nil, nil
	}
}

// ReturnPassword gives back a try: the password was right, or the wallet did not answer.
func (s *Store) ReturnPassword(ctx context.Context, actID string) error {
	_, err := s.pool.Exec(ctx, `delete from attempts where scope = 'password' and act_id = $1`, actID)
	return err
}

// tryOpen is how long a try counts that nothing more is heard of; a call of the bank has ended by then (package workflows).
const tryOpen = time.Minute

// TryCard takes one of a card's tries before the bank is asked, or refuses it if its details did not match too often
// within 24 hours, for this account or for all: accounts that try one card at once cannot outrun the count. Like a try at
// the password it is taken once an act. [Store.CardMismatched] makes it count, [Store.ReturnCard] gives it back.
func (s *Store) TryCard(ctx context.Context, accountID, cardNumber, actID string) (refusal *registration.Refusal, err error) {
	fp := s.keys.Fingerprint("card", cardNumber)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended(encode($1::bytea, 'hex'), 5))`, fp); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `delete from attempts where scope = 'mismatch' and act_id = $1 and open_until is not null`, actID); err != nil {
			return err
		}
		if refusal, err = s.tooMany(ctx, tx, registration.CodeCardAttemptsExceeded, registration.MismatchesAccount, `scope = 'mismatch' and act_id <> $3 and account_id = $4 and fingerprint = $5`, actID, accountID, fp); refusal != nil || err != nil {
			return err
		}
		if refusal, err = s.tooMany(ctx, tx, registration.CodeCardAttemptsExceeded, registration.MismatchesCard, `scope = 'mismatch' and act_id <> $3 and fingerprint = $4`, actID, fp); refusal != nil || err != nil {
			return err
		}
		at := s.now()
		_, err = tx.Exec(ctx, `insert into attempts (scope, account_id, fingerprint, act_id, at, open_until) values ('mismatch', $1, $2, $3, $4, $5)
			on conflict (scope, act_id) do nothing`, accountID, fp, actID, at, at.Add(tryOpen)) // one that counts already goes on counting
		return err
	})
	return refusal, err
}

// CardMismatched makes a try count, also one that was given back by a call that had been given up.
func (s *Store) CardMismatched(ctx context.Context, accountID, cardNumber, actID string) error {
	_, err := s.pool.Exec(ctx, `insert into attempts (scope, account_id, fingerprint, act_id, at) values ('mismatch', $1, $2, $3, $4)
		on conflict (scope, act_id) do update set open_until = null`, accountID, s.keys.Fingerprint("card", cardNumber), actID, s.now())
	return err
}

// ReturnCard gives back a try: the details matched, the card was refused for something else, or the bank did not answer.
func (s *Store) ReturnCard(ctx context.Context, actID string) error {
	_, err := s.pool.Exec(ctx, `delete from attempts where scope = 'mismatch' and act_id = $1 and open_until is not null`, actID)
	return err
}

// tooMany refuses with code when limit attempts lie within a day, until one fewer does. An attempt under way counts for a
// short while.
func (s *Store) tooMany(ctx context.Context, q querier, code registration.Code, limit int, where string, args ...any) (*registration.Refusal, error) {
	now := s.now()
	rows, err := q.Query(ctx, `select at, open_until from attempts where at > $1 and (open_until is null or open_until > $2) and `+where,
		append([]any{s.cal.Days(now, -1), now}, args...)...)
	if err != nil {
		return nil, err
	}
	free, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (time.Time, error) {
		var at time.Time
		var open *time.Time
		if err := row.Scan(&at, &open); err != nil || open == nil {
			return s.cal.Days(at, 1), err
		}
		return *open, nil
	})
	if err != nil || len(free) < limit {
		return nil, err
	}
	slices.SortFunc(free, time.Time.Compare)
	return registration.Refuse(code).Until(free[len(free)-limit]), nil
}
