package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/postgres"
)

// However many messages wait, all go on, and none waits for one that another process is just writing.
func TestHasteningPassesOverWhatIsBeingWritten(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	_, err := s.Pool().Exec(t.Context(), `insert into outbox (kind, ref, created_at, next_at, attempts, last_error)
		select 'signal', 'reg_' || n, now(), now() + interval '1 hour', 9, case when n = 2300 then 'failed' else 'engine_unavailable' end from generate_series(1, 2500) n`)
	require.NoError(t, err)
	tx, err := s.Pool().Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `update outbox set attempts = 10 where ref in ('reg_1', 'reg_700')`)
	require.NoError(t, err)
	require.NoError(t, s.HastenMessages(t.Context(), "engine_unavailable"))
	require.NoError(t, tx.Rollback(t.Context()))
	require.Equal(t, 2497, one[int](t, s, `select count(*)::int from outbox where next_at <= now()`))
	require.Equal(t, []int{1, 700, 2300}, []int{
		one[int](t, s, `select substr(ref, 5)::int from outbox where next_at > now() order by id limit 1`),
		one[int](t, s, `select substr(ref, 5)::int from outbox where next_at > now() order by id limit 1 offset 1`),
		one[int](t, s, `select substr(ref, 5)::int from outbox where next_at > now() order by id limit 1 offset 2`),
	})
}

// How late the outbox is is found without reading all of it, however much waits.
func TestLatenessReadsTheOldestAlone(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	now := time.Now()
	s = s.WithClock(func() time.Time { return now })
	_, err := s.Pool().Exec(t.Context(), `insert into outbox (kind, ref, created_at, next_at, attempts)
		select k, k || n, $1::timestamptz - interval '1 hour' + n * interval '1 second', $1::timestamptz - interval '2 minutes' + n * interval '1 second', n % 2
		from generate_series(1, 5000) n, unnest($2::text[]) k`, now, postgres.MessageKinds())
	require.NoError(t, err)
	_, err = s.Pool().Exec(t.Context(), `analyze outbox`)
	require.NoError(t, err)
	seen := &spy{}
	watched, err := s.Traced(t.Context(), seen)
	require.NoError(t, err)
	defer watched.Close()
	late, err := watched.OutboxLate(t.Context())
	require.NoError(t, err)
	require.InDelta(t, 3599, late.Seconds(), 0.01, "the first that was tried")
	require.Len(t, seen.queries, 1)
	plan := explain(t, s, seen.queries[0])
	require.NotContains(t, plan, "Seq Scan on outbox")
	require.Empty(t, thrownAway.FindAllString(plan, -1), plan)

	_, err = s.Pool().Exec(t.Context(), `delete from outbox where attempts > 0`)
	require.NoError(t, err)
	late, err = s.OutboxLate(t.Context())
	require.NoError(t, err)
	require.InDelta(t, 118, late.Seconds(), 0.01, "the first that was not")
	_, err = s.Pool().Exec(t.Context(), `delete from outbox where kind <> 'notice'`)
	require.NoError(t, err)
	all, err := s.Outbox(t.Context())
	require.NoError(t, err)
	require.Len(t, all, len(postgres.MessageKinds()))
	for _, w := range all {
		if w.Kind != postgres.MessageNotice {
			require.Zero(t, w.Messages+int(w.Late), w.Kind)
			continue
		}
		require.Equal(t, 2500, w.Messages)
		require.InDelta(t, 118, w.Late.Seconds(), 0.01)
	}
}
