package postgres_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/devstack/stacktest"
	"shiming/internal/postgres"
)

func sized(t *testing.T, url, process string, connections int) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), url, nil, nil, postgres.WithPool(postgres.Pool{Process: process, Connections: connections}))
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func databaseWithRoom(t *testing.T, connections string) string {
	t.Helper()
	url := stacktest.Database(t, postgres.Migrate)
	pool, err := pgxpool.New(t.Context(), url)
	require.NoError(t, err)
	defer pool.Close()
	_, err = pool.Exec(t.Context(), `do $$ begin execute format('alter database %I connection limit `+connections+`', current_database()); end $$`)
	require.NoError(t, err)
	return url
}

func TestAProcessThatWouldOpenMoreThanThereIsDoesNotStart(t *testing.T) {
	t.Parallel()
	url := databaseWithRoom(t, "20")
	quiet := slog.New(slog.DiscardHandler)
	require.NoError(t, sized(t, url, "worker", 20).CheckRoom(t.Context(), quiet))
	require.ErrorContains(t, sized(t, url, "worker", 21).CheckRoom(t.Context(), quiet), "DATABASE_CONNECTIONS is 21 (set, or by the cores), and PostgreSQL allows 20")
}

// What other processes may open counts, however few they have open.
func TestProcessesThatMayOpenMoreTogetherAreWarnedOf(t *testing.T) {
	t.Parallel()
	// Of others' connections there may be some: other tests run at the same time.
	url := databaseWithRoom(t, "100000")
	warned := func(s *postgres.Store) bool {
		var said bytes.Buffer
		require.NoError(t, s.CheckRoom(t.Context(), slog.New(slog.NewTextHandler(&said, nil))))
		return bytes.Contains(said.Bytes(), []byte("PostgreSQL allows fewer connections"))
	}
	first := sized(t, url, "worker", 250)
	require.NoError(t, first.Ping(t.Context()))
	assert.True(t, warned(sized(t, url, "api", 60)), "310 of at most 297")
	first.Close()
	require.Eventually(t, func() bool { return !warned(sized(t, url, "api", 5)) }, 10*time.Second, 50*time.Millisecond, "the other has gone")
}

func TestTwoProcessesAreTwo(t *testing.T) {
	t.Parallel()
	url := stacktest.Database(t, postgres.Migrate)
	one, two := sized(t, url, "worker", 10), sized(t, url, "worker", 10)
	var names []string
	for _, s := range []*postgres.Store{one, two} {
		var name string
		require.NoError(t, s.Pool().QueryRow(t.Context(), `show application_name`).Scan(&name))
		assert.Regexp(t, `^shiming worker 10 [a-z0-9]{8}$`, name)
		names = append(names, name)
	}
	assert.NotEqual(t, names[0], names[1])
}

// An API's listener is beside its pool, and counted.
func TestThePoolIsAsLargeAsItMayBe(t *testing.T) {
	t.Parallel()
	url := stacktest.Database(t, postgres.Migrate)
	assert.EqualValues(t, 28, sized(t, url, "worker", 28).Pool().Config().MaxConns)
	assert.EqualValues(t, 17, sized(t, url, "api", 18).Pool().Config().MaxConns)
}

func TestWhoFindsAllConnectionsTakenWaitsForOneWithinItsTime(t *testing.T) {
	t.Parallel()
	s := sized(t, stacktest.Database(t, postgres.Migrate), "worker", 2)
	var held []*pgxpool.Conn
	for range 2 {
		c, err := s.Pool().Acquire(t.Context())
		require.NoError(t, err)
		held = append(held, c)
		t.Cleanup(c.Release)
	}
	over, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := s.RunOf(over, "reg_1")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, postgres.ErrBusy, "whoever waited knows what for")

	answer := make(chan error, 1)
	go func() { _, err := s.RunOf(t.Context(), "reg_1"); answer <- err }()
	require.Eventually(t, func() bool { return s.Pool().Stat().AcquiredConns() == 2 }, 10*time.Second, time.Millisecond)
	held[0].Release()
	require.ErrorIs(t, <-answer, postgres.ErrNotFound)
}
