package live_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/devstack/stacktest"
	"shiming/internal/devstack/storetest"
	"shiming/internal/live"
	"shiming/internal/postgres"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

const within = 20 * time.Second

func newHub(t *testing.T, most int) (*live.Hub, *postgres.Store) {
	t.Helper()
	store := storetest.Open(t)
	return live.New(store, most, slog.New(slog.DiscardHandler)), store
}

func watch(t *testing.T, h *live.Hub, id string) *live.Watch {
	t.Helper()
	w, err := h.Watch(id)
	require.NoError(t, err)
	t.Cleanup(w.Close)
	return w
}

func woken(t *testing.T, w *live.Watch) {
	t.Helper()
	select {
	case <-w.Woken():
	case <-time.After(within):
		require.Fail(t, "not woken")
	}
}

// move tells what a committed step of a registration tells.
func move(t *testing.T, s *postgres.Store, id string) {
	t.Helper()
	_, err := s.Pool().Exec(t.Context(), `select pg_notify('shiming_events', $1)`, id)
	require.NoError(t, err)
}

// listening waits until the database has a hub's connection, and returns it.
func listening(t *testing.T, s *postgres.Store, but int) (pid int) {
	t.Helper()
	require.Eventually(t, func() bool {
		err := s.Pool().QueryRow(t.Context(), `select pid from pg_stat_activity where datname = current_database() and query = 'listen shiming_events' and pid <> $1`, but).Scan(&pid)
		return err == nil
	}, within, 10*time.Millisecond)
	return pid
}

// settled waits until the hub listens: of three wakes at most one is for the beginning, the others are for what was told
// after it.
func settled(t *testing.T, s *postgres.Store, w *live.Watch, id string) {
	t.Helper()
	woken(t, w) // to look at what there is
	listening(t, s, 0)
	for range 3 {
		move(t, s, id)
		woken(t, w)
	}
	drain(w)
}

func drain(w *live.Watch) {
	for {
		select {
		case <-w.Woken():
		default:
			return
		}
	}
}

func TestWatchersAreWokenByTheirOwn(t *testing.T) {
	t.Parallel()
	h, s := newHub(t, 0)
	a, b := watch(t, h, "reg_a"), watch(t, h, "reg_b")
	settled(t, s, a, "reg_a")
	drain(b)
	move(t, s, "reg_b")
	woken(t, b)
	drain(a)
	move(t, s, "reg_a")
	move(t, s, "reg_a") // may come as one
	woken(t, a)
	select {
	case <-b.Woken():
		require.Fail(t, "woken for another's")
	default:
	}
}

func TestALostConnectionIsMadeUpFor(t *testing.T) {
	t.Parallel()
	h, s := newHub(t, 0)
	w := watch(t, h, "reg_a")
	settled(t, s, w, "reg_a")
	pid := listening(t, s, 0)
	_, err := s.Pool().Exec(t.Context(), `select pg_terminate_backend($1)`, pid)
	require.NoError(t, err)
	woken(t, w) // nobody moved: it may have missed something
	listening(t, s, pid)
	drain(w)
	move(t, s, "reg_a")
	woken(t, w)
}

func TestWatchersAreCounted(t *testing.T) {
	t.Parallel()
	h, _ := newHub(t, 2)
	a := watch(t, h, "reg_a")
	watch(t, h, "reg_a")
	_, err := h.Watch("reg_b")
	require.ErrorIs(t, err, live.ErrFull)
	a.Close()
	a.Close() // counts once
	watch(t, h, "reg_b")
	_, err = h.Watch("reg_c")
	require.ErrorIs(t, err, live.ErrFull)
}

func TestNobodyWatchingHoldsNoConnection(t *testing.T) {
	t.Parallel()
	h, s := newHub(t, 0)
	w := watch(t, h, "reg_a")
	woken(t, w)
	pid := listening(t, s, 0)
	w.Close()
	require.Eventually(t, func() bool {
		var there bool
		err := s.Pool().QueryRow(context.WithoutCancel(t.Context()), `select exists (select from pg_stat_activity where pid = $1)`, pid).Scan(&there)
		return err == nil && !there
	}, within, 10*time.Millisecond)
	w = watch(t, h, "reg_a")
	woken(t, w)
	listening(t, s, pid)
}

func TestClosingSendsWatchersAway(t *testing.T) {
	t.Parallel()
	h, _ := newHub(t, 0)
	w := watch(t, h, "reg_a")
	h.Close()
	h.Close()
	select {
	case <-w.Done():
	case <-time.After(within):
		require.Fail(t, "still open")
	}
	_, err := h.Watch("reg_a")
	assert.ErrorIs(t, err, live.ErrClosed)
}
