package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/notice"
	"shiming/registration"
)

// findingsToldEvery is how often ops is told of findings of one kind: once for what comes in a swarm, and again as long as
// more comes.
const findingsToldEvery = time.Hour

// TellFindings tells ops of the open findings that nobody was told of because another of their kind had just been told. It
// is to be called every minute or so; a kind that cannot be told keeps no other waiting.
func (s *Store) TellFindings(ctx context.Context) error {
	rows, err := s.pool.Query(ctx, `select distinct kind from findings where resolved_at is null and told_at is null`)
	if err != nil {
		return err
	}
	kinds, err := pgx.CollectRows(rows, pgx.RowTo[registration.FindingKind])
	for _, kind := range kinds {
		err = errors.Join(err, s.inTx(ctx, func(tx pgx.Tx) error { return s.tellFindings(ctx, tx, kind) }))
	}
	return err
}

// tellFindings writes one mail and one event for all open findings of a kind that nobody was told of, unless the kind was
// told of within the hour.
func (s *Store) tellFindings(ctx context.Context, tx pgx.Tx, kind registration.FindingKind) error {
	at := s.now()
	due, err := tellingIsDue(ctx, tx, kind, at)
	if err != nil || !due {
		return err
	}
	var newest, subject, account, public string
	var open int
	// A row that somebody is just writing is left for the next time: a step that tells must not wait for another step.
	err = tx.QueryRow(ctx, `with told as (update findings set told_at = $2 where id in
			(select id from findings where kind = $1 and resolved_at is null and told_at is null for update skip locked)
			returning id, subject, account_id, since)
		select id, subject, account_id,
			case when exists (select from registrations r where r.id = subject) or exists (select from payments p where p.id = subject)
				then account_id else '' end,
			(select count(*) from findings where kind = $1 and resolved_at is null)
		from told order by since desc, id desc limit 1`, kind, at).Scan(&newest, &subject, &account, &public, &open)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	// Platforms learn the account of a registration alone: what else there is may be a contested claim's, which names none.
	about := event{subject: newest, account: public}
	return s.announceFinding(ctx, tx, about, kind, notice.Data{RegistrationID: subject, AccountID: account, Detail: string(kind), Open: open}, at)
}

func (s *Store) announceFinding(ctx context.Context, tx pgx.Tx, about event, kind registration.FindingKind, data notice.Data, at time.Time) error {
	about.kind, about.to, about.at = string(registration.EventFindingOpened), registration.State(kind), at
	if err := emit(ctx, tx, about); err != nil {
		return err
	}
	return s.notify(ctx, tx, nil, notice.Finding, "finding/"+about.subject, data, at)
}

// alarm opens a finding of which ops is told at once, whatever else of its kind they were told of within the hour: it is of a
// kind that comes once. One of its kind and subject that is still open is over.
func (s *Store) alarm(ctx context.Context, tx pgx.Tx, kind registration.FindingKind, subject, tried string) error {
	if err := s.gone(ctx, tx, kind, subject); err != nil {
		return err
	}
	id, at, open := registration.NewID("fnd"), s.now(), 0
	if _, err := tx.Exec(ctx, `insert into findings (id, kind, subject, since, seen_at, tried, told_at) values ($1, $2, $3, $4, $4, $5, $4)`,
		id, kind, subject, at, tried); err != nil {
		return err
	}
	if err := tx.QueryRow(ctx, `select count(*) from findings where kind = $1 and resolved_at is null`, kind).Scan(&open); err != nil {
		return err
	}
	return s.announceFinding(ctx, tx, event{subject: id}, kind, notice.Data{RegistrationID: subject, Detail: string(kind), Open: open}, at)
}

// tellingIsDue reports whether a kind may be told of now. Who is told of it already by a transaction under way need not
// be waited for: what this transaction has found is told of an hour later, or, if that one comes to nothing, in a minute.
func tellingIsDue(ctx context.Context, tx pgx.Tx, kind registration.FindingKind, at time.Time) (bool, error) {
	var alone bool
	if err := tx.QueryRow(ctx, `select pg_try_advisory_xact_lock(hashtextextended($1, 6))`, kind).Scan(&alone); err != nil || !alone {
		return false, err
	}
	var just bool
	// Asked by itself, for a statement sees what was committed before it began.
	err := tx.QueryRow(ctx, `select exists (select from findings where kind = $1 and told_at > $2)`, kind, at.Add(-findingsToldEvery)).Scan(&just)
	return !just, err
}
