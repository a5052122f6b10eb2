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
	rows, err := s.pool.Query(ctx, `select k.kind, coalesce(o.n, 0)::int, coalesce(extract(epoch from $2 - `+dueSince+`), 0)::float8
		from unnest($1::text[]) this(kind) full join (select kind, count(*) as n from outbox group by kind) o on o.kind = this.kind
		cross join lateral (select coalesce(this.kind, o.kind) as kind) k order by 1`, MessageKinds(), s.now())
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
	err = s.pool.QueryRow(ctx, `select coalesce(extract(epoch from max($2 - `+dueSince+`)), 0)::float8 from unnest($1::text[]) k(kind)`,
		MessageKinds(), s.now()).Scan(&seconds)
	return max(time.Duration(seconds*float64(time.Second)), 0), err
}

// dueSince is when the first message of a kind k should have been carried: one that was tried already, when it was left. Each half
// is the first row of an index.
const dueSince = `least((select min(next_at) from outbox where kind = k.kind and attempts = 0),
	(select min(created_at) from outbox where kind = k.kind and attempts > 0))`
