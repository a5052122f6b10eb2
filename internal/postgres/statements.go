package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/internal/statement"
	"shiming/registration"
)

// StatementDay is what is known of a day's comparison with the bank's statement.
type StatementDay struct {
	Day             statement.Day
	AskedAt         *time.Time // when ops last asked for it
	AskedBy         *string
	ComparedAt      *time.Time // when the statement that was compared last was asked for
	Entries         int
	Matched         int
	OutFen, BackFen int64 // of payments whose amount is no secret any more
	Withheld        int   // transfers whose amount is one
	Waiting         int   // payments that may come to stand on a later statement
	NextAt          *time.Time
	Attempts        int // in a row that brought no statement
	LastError       *string
	Open            int // differences
}

const statementDayColumns = `day::text as day, asked_at, asked_by, compared_at, entries, matched, out_fen, back_fen, withheld, waiting, next_at, attempts,
	last_error, (select count(*) from findings f where f.day = statement_days.day and f.resolved_at is null) as open`

// Pending reports whether ops has asked for a comparison that is still to come.
func (d *StatementDay) Pending() bool {
	return d.AskedAt != nil && (d.ComparedAt == nil || d.ComparedAt.Before(*d.AskedAt))
}

// Whole reports whether the day was over when its statement was asked for.
func (d *StatementDay) Whole() bool { return d.ComparedAt != nil && !d.ComparedAt.Before(d.Day.End()) }

// AskStatement has a day compared as soon as a worker comes to it.
func (s *Store) AskStatement(ctx context.Context, day statement.Day, by string) error {
	_, err := s.pool.Exec(ctx, `insert into statement_days (day, asked_at, asked_by, next_at) values ($1::text::date, $2, $3, $2)
		on conflict (day) do update set asked_at = excluded.asked_at, asked_by = excluded.asked_by, next_at = excluded.next_at, last_error = null`, day, s.now(), by)
	return err
}

// StatementDayOf reads what is known of a day; [ErrNotFound] if it was never compared nor asked for.
func (s *Store) StatementDayOf(ctx context.Context, day statement.Day) (*StatementDay, error) {
	rows, err := s.pool.Query(ctx, `select `+statementDayColumns+` from statement_days where day = $1::text::date`, day)
	if err != nil {
		return nil, err
	}
	d, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[StatementDay])
	return d, notFound(err)
}

// StatementDays lists the days that were compared or are to be, newest first.
func (s *Store) StatementDays(ctx context.Context, after string, limit int) (Page[*StatementDay], error) {
	var page Page[*StatementDay]
	q := listing{from: "statement_days", columns: statementDayColumns, order: "statement_days.day desc", limit: limit + 1}
	if err := q.beyond(after, "(statement_days.day, statement_days.day::text) < (?::timestamptz::date, ?)"); err != nil {
		return page, err
	}
	rows, err := s.pool.Query(ctx, q.sql(), q.args...)
	if err != nil {
		return page, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[StatementDay])
	if err != nil {
		return page, err
	}
	page.Items, page.NextCursor = trim(all, limit, func(d *StatementDay) (time.Time, string) {
		return d.Day.Start().Add(12 * time.Hour), string(d.Day) // the same date in every zone that a server may have
	})
	return page, nil
}

// mostFindings is how many findings of one day are shown with it; the list of findings has all.
const mostFindings = 200

// FindingsOfDay returns what was found on a day's statement, newest first, the open ones before the others.
func (s *Store) FindingsOfDay(ctx context.Context, day statement.Day) ([]*Finding, error) {
	rows, err := s.pool.Query(ctx, `select `+findingColumns+` from findings where findings.day = $1::text::date
		order by resolved_at is not null, since desc, id desc limit $2`, day, mostFindings)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[Finding])
	if err != nil {
		return nil, err
	}
	return all, s.openFindings(ctx, all...)
}

// StatementDaysDue lists the days to compare now, those longest due first. Once a day it makes known those that are over,
// up to last: from the day after the newest known, else from the first payment's on, but not from before first. The bank has some
// minutes to close a day. A day is due too when money of it has come back since it was compared, however long ago it was.
func (s *Store) StatementDaysDue(ctx context.Context, first, last statement.Day) ([]statement.Day, error) {
	_, err := s.pool.Exec(ctx, `insert into statement_days (day, next_at)
		select d::date, greatest($3, (d::date + 1)::timestamp at time zone 'Asia/Shanghai' + $4::interval) from generate_series(coalesce(
				(select max(day) + 1 from statement_days where asked_at is null and day <= $2::text::date),
				(select greatest($1::text::date, least($2::text::date, (min(requested_at) at time zone 'Asia/Shanghai')::date)) from payments)), $2::text::date, interval '1 day') d
		where not exists (select from statement_days where day = $2::text::date)
		on conflict do nothing`, first, last, s.now(), statement.AfterMidnight)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `select day::text from statement_days where next_at <= $1 or attempts = 0 and day in (`+cameBack+`)
		order by next_at, day limit 100`, s.now(), s.now().AddDate(0, 0, -statement.Lookback))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[statement.Day])
}

// cameBack are the days on which the bank took payments that have come back since $2, and since the day's statement was compared.
const cameBack = `select d.day from payments p join statement_days d on d.day = (p.accepted_at at time zone 'Asia/Shanghai')::date
	where p.returned_at > $2 and p.returned_at > d.compared_at`

// cameLate is true of a payment p of a registration r that came back when nobody waited for it any more.
const cameLate = `p.returned_at is not null and (r.ended_at <= p.returned_at
	or exists (select from payments q where q.registration_id = p.registration_id and q.requested_at > p.requested_at and q.requested_at <= p.returned_at))`

// StatedPayments reads the payments that have one of the keys, or that the bank has taken on the day, with where each was seen.
func (s *Store) StatedPayments(ctx context.Context, day statement.Day, keys []string) ([]statement.Payment, error) {
	rows, err := s.pool.Query(ctx, `select p.id, p.registration_id, r.account_id, p.key, p.bank_last4, p.amount, p.bank_state,
		p.state in ('requested', 'sent', 'settled'), p.ordered_at, p.accepted_at, coalesce(`+cameLate+`, false)
		from payments p join registrations r on r.id = p.registration_id
		where p.key = any($1) or p.accepted_at >= $2 and p.accepted_at < $3 order by p.id`, keys, day.Start(), day.End())
	if err != nil {
		return nil, err
	}
	amounts := map[string][]byte{}
	payments, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p statement.Payment, err error) {
		var amount []byte
		err = row.Scan(&p.ID, &p.RegistrationID, &p.AccountID, &p.Key, &p.Last4, &amount, &p.BankState, &p.Secret, &p.OrderedAt, &p.AcceptedAt, &p.ReturnedLate)
		amounts[p.ID] = amount
		return p, err
	})
	if err != nil {
		return nil, err
	}
	if err := s.sightings(ctx, payments); err != nil {
		return nil, err
	}
	return payments, s.openAmounts(ctx, payments, amounts)
}

// sightings puts to payments on which days' statements they were seen.
func (s *Store) sightings(ctx context.Context, payments []statement.Payment) error {
	ids := make([]string, len(payments))
	for i, p := range payments {
		ids[i] = p.ID
	}
	rows, err := s.pool.Query(ctx, `select payment_id, day::text, reference from statement_sightings where payment_id = any($1) order by day, reference`, ids)
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[statement.Sighting])
	if err != nil {
		return err
	}
	seen := map[string][]statement.Sighting{}
	for _, x := range all {
		seen[x.PaymentID] = append(seen[x.PaymentID], x)
	}
	for i, p := range payments {
		payments[i].Seen = seen[p.ID]
	}
	return nil
}

// keepSightings has the payments that a comparison saw on a day take the place of those that an earlier one did.
func keepSightings(ctx context.Context, tx pgx.Tx, c statement.Comparison) error {
	if _, err := tx.Exec(ctx, `delete from statement_sightings where day = $1::text::date`, c.Day); err != nil {
		return err
	}
	payments, references := make([]string, len(c.Sightings)), make([]string, len(c.Sightings))
	for i, x := range c.Sightings {
		payments[i], references[i] = x.PaymentID, x.Reference
	}
	_, err := tx.Exec(ctx, `insert into statement_sightings (day, payment_id, reference)
		select distinct $1::text::date, p, r from unnest($2::text[], $3::text[]) x (p, r)`, c.Day, payments, references)
	return err
}

// openAmounts puts the amounts of payments in their place. What was erased has none any more.
func (s *Store) openAmounts(ctx context.Context, payments []statement.Payment, sealed map[string][]byte) error {
	var owners []string
	for _, p := range payments {
		owners = append(owners, p.RegistrationID)
	}
	keys, err := keysOf(ctx, s.pool, owners...)
	if err != nil {
		return err
	}
	for i, p := range payments {
		wrapped := keys[p.RegistrationID]
		if wrapped == nil {
			continue
		}
		var amount dossier.Amount
		place := Owner{Subject: p.RegistrationID, Row: p.ID}.place(dossier.PurposeAmount, p.ID)
		if err := s.unsealWith(wrapped, place, sealed[p.ID], &amount); err != nil {
			return err
		}
		payments[i].AmountFen = &amount.Fen
	}
	return nil
}

// SaveComparison keeps what became of a day: where payments were seen, the findings that it opens and those whose difference is gone.
// A day with open differences is looked at again at again, unless all of them are strangers' transfers, which no time mends; another
// later; with a zero later, never. Whoever asked meanwhile is answered by the next comparison.
func (s *Store) SaveComparison(ctx context.Context, c statement.Comparison, again, later time.Time) (open int, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if err := keepSightings(ctx, tx, c); err != nil {
			return err
		}
		if err := s.keepDifferences(ctx, tx, c); err != nil {
			return err
		}
		strangers := 0
		if err := tx.QueryRow(ctx, `select count(*), count(*) filter (where kind = $2) from findings where day = $1::text::date and resolved_at is null`,
			c.Day, registration.FindingStatementUnknown).Scan(&open, &strangers); err != nil {
			return err
		}
		next := &later
		switch {
		case open > strangers:
			next = &again
		case later.IsZero():
			next = nil
		}
		_, err := tx.Exec(ctx, `insert into statement_days (day, compared_at, entries, matched, out_fen, back_fen, withheld, waiting, next_at)
			values ($1::text::date, $2, $3, $4, $5, $6, $7, $8, $9)
			on conflict (day) do update set compared_at = excluded.compared_at, entries = excluded.entries, matched = excluded.matched, out_fen = excluded.out_fen,
				back_fen = excluded.back_fen, withheld = excluded.withheld, waiting = excluded.waiting,
				next_at = case when statement_days.asked_at > excluded.compared_at then statement_days.next_at else excluded.next_at end,
				attempts = 0, failing_since = null, last_error = null`,
			c.Day, c.At, c.Entries, c.Matched, c.OutFen, c.BackFen, c.Withheld, c.Waiting, next)
		return err
	})
	return open, err
}

// keepDifferences opens findings of a day's differences and resolves those of the day that are gone.
func (s *Store) keepDifferences(ctx context.Context, tx pgx.Tx, c statement.Comparison) error {
	differences, err := withoutLost(ctx, tx, c.Differences)
	if err != nil {
		return err
	}
	kinds, subjects := []string{}, []string{}
	for _, d := range differences {
		seenTo, err := s.findDifference(ctx, tx, c.Day, d)
		if err != nil {
			return err
		}
		if !seenTo {
			kinds, subjects = append(kinds, string(d.Kind)), append(subjects, d.Subject)
		}
	}
	const gone = `f.day = $4::text::date and not exists (select from unnest($5::text[], $6::text[]) still (kind, subject)
		where still.kind = f.kind and still.subject = f.subject)`
	for _, kind := range registration.StatementDifferences() {
		if err := s.resolveWhere(ctx, tx, kind, gone, c.Day, kinds, subjects); err != nil {
			return err
		}
	}
	if !c.Whole {
		return nil
	}
	return s.gone(ctx, tx, registration.FindingStatementUnavailable, string(c.Day))
}

// withoutLost leaves out transfers that are nobody's because a restore has lost their payment: each of them is a finding of its own.
func withoutLost(ctx context.Context, tx pgx.Tx, differences []statement.Difference) ([]statement.Difference, error) {
	var unknown []string
	for _, d := range differences {
		if d.Kind == registration.FindingStatementUnknown {
			unknown = append(unknown, d.Subject)
		}
	}
	if unknown == nil {
		return differences, nil
	}
	rows, err := tx.Query(ctx, `select key from lost_transfers where key = any($1)`, unknown)
	if err != nil {
		return nil, err
	}
	lost, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return slices.DeleteFunc(slices.Clone(differences), func(d statement.Difference) bool {
		return d.Kind == registration.FindingStatementUnknown && slices.Contains(lost, d.Subject)
	}), err
}

// findDifference opens a finding of a difference, or notes that an open one is still there. One that a person has resolved is
// not found again as long as it is the same: they have seen to it, and the bank's statement of a day does not change because of it.
func (s *Store) findDifference(ctx context.Context, tx pgx.Tx, day statement.Day, d statement.Difference) (seenTo bool, err error) {
	same := s.keys.Fingerprint("statement difference", string(d.Kind)+"\n"+d.Subject+"\n"+d.Facts)
	err = tx.QueryRow(ctx, `select exists (select from findings where kind = $1 and subject = $2 and difference = $3 and day = $4::text::date and resolved_by <> $5)`,
		d.Kind, d.Subject, same, day, ByReconciler).Scan(&seenTo)
	if err != nil || seenTo {
		return seenTo, err
	}
	id, open := registration.NewID("fnd"), ""
	err = tx.QueryRow(ctx, `insert into findings (id, kind, subject, account_id, since, seen_at, tried, day, difference)
		values ($1, $2, $3, $4, $5, $5, $6, $7::text::date, $8)
		on conflict (kind, subject, day) where resolved_at is null and day is not null
			do update set seen_at = excluded.seen_at, tried = excluded.tried, difference = excluded.difference
		returning id`, id, d.Kind, d.Subject, d.AccountID, s.now(), d.Tried, day, same).Scan(&open)
	if err != nil || open != id {
		return false, err
	}
	return false, s.tellFindings(ctx, tx, d.Kind)
}

// unavailableAfter is for how long a day that is over may have no statement before ops hears of it.
const unavailableAfter = 24 * time.Hour

// NoStatement notes that the bank gave no statement of a day, and makes a finding of it once that has gone on for a day.
func (s *Store) NoStatement(ctx context.Context, day statement.Day, why string, pause func(attempts int) time.Duration) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		now, attempts, since := s.now(), 0, time.Time{}
		var compared *time.Time
		err := tx.QueryRow(ctx, `update statement_days set attempts = attempts + 1, failing_since = coalesce(failing_since, $2), last_error = $3
			where day = $1::text::date returning attempts, failing_since, compared_at`, day, now, why).Scan(&attempts, &since, &compared)
		if err != nil {
			return notFound(err)
		}
		if _, err := tx.Exec(ctx, `update statement_days set next_at = $2 where day = $1::text::date`, day, now.Add(pause(attempts))); err != nil {
			return err
		}
		had := compared != nil && !compared.Before(day.End())
		if since.Before(day.End()) {
			since = day.End()
		}
		if had || now.Sub(since) < unavailableAfter {
			return nil
		}
		return s.find(ctx, tx, registration.FindingStatementUnavailable, string(day), "",
			fmt.Sprintf("the bank was asked %d times since %s; the last time: %s", attempts, since.UTC().Format(time.RFC3339), why))
	})
}
