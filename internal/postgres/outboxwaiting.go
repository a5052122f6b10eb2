package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Waiting is how much of a kind lies in the outbox, and for how long the oldest message of it that should have been carried has.
type Waiting struct {
	Kind     string
	Messages int
	Late     time.Duration // 0: each one's time is still to come
}

// Outbox says what waits, of every kind that this release carries and of whatever else is there.
func (s *Store) Outbox(ctx context.Context) ([]Waiting, error) {
	rows, err := s.pool.Query(ctx, `select coalesce(k.kind, o.kind), count(o.id)::int, coalesce(extract(epoch from max($2 - `+dueAt+`)), 0)::float8
		from unnest($1::text[]) k(kind) full join outbox o on o.kind = k.kind group by 1 order by 1`, MessageKinds(), s.now())
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (w Waiting, err error) {
		var late float64
		err = row.Scan(&w.Kind, &w.Messages, &late)
		w.Late = max(time.Duration(late*float64(time.Second)), 0)
		return w, err
	})
}

// OutboxLate is for how long the oldest message has waited that this release should have carried; 0: none is late.
func (s *Store) OutboxLate(ctx context.Context) (late time.Duration, err error) {
	var seconds float64
	err = s.pool.QueryRow(ctx, `select coalesce(extract(epoch from max($2 - `+dueAt+`)), 0)::float8 from outbox o where o.kind = any($1)`,
		MessageKinds(), s.now()).Scan(&seconds)
	return max(time.Duration(seconds*float64(time.Second)), 0), err
}

// dueAt is when a message o should have been carried: one that was tried already, when it was left.
const dueAt = `case when o.attempts > 0 then o.created_at else o.next_at end`
