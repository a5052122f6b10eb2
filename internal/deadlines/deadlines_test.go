package deadlines_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/deadlines"
	"shiming/internal/devstack/stacktest"
	"shiming/internal/postgres"
	"shiming/internal/vault"
	"shiming/internal/workday"
	"shiming/workflows/workflowtest"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

// The calendars: Thursday 4 June 2026 worked, and off.
const (
	plain       = `{"years": {"2026": {"source": "plain", "workdays": ["2026-07-01"]}}}`
	thursdayOff = `{"years": {"2026": {"source": "Thursday", "holidays": ["2026-06-04"]}}}`
)

// worker is what of a worker process matters here: its calendar, its file of holidays and its job.
type worker struct {
	t     *testing.T
	path  string
	cal   workday.Calendar
	store *postgres.Store
	job   *deadlines.Keeper
}

// newWorker starts one on a world's database.
func newWorker(t *testing.T, w *workflowtest.World, years string) *worker {
	t.Helper()
	k := &worker{t: t, path: filepath.Join(t.TempDir(), "holidays.json")}
	k.amend(years)
	var err error
	k.cal, err = workday.New(workday.WithOverride(k.path), workday.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, err)
	keysFile := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, vault.GenerateKeyFile(keysFile))
	keys, err := vault.LoadKeys(keysFile)
	require.NoError(t, err)
	opened, err := postgres.Open(t.Context(), w.Store.Pool().Config().ConnString(), keys, k.cal)
	require.NoError(t, err)
	t.Cleanup(opened.Close)
	k.store = opened.WithClock(w.Now)
	k.job = &deadlines.Keeper{Book: k.store, Calendar: k.cal, Every: 10 * time.Millisecond, Now: w.Now, Log: slog.New(slog.DiscardHandler)}
	return k
}

func (k *worker) amend(years string) {
	k.t.Helper()
	next := k.path + ".next"
	require.NoError(k.t, os.WriteFile(next, []byte(years), 0o600))
	require.NoError(k.t, os.Rename(next, k.path))
}

func (k *worker) round() {
	k.t.Helper()
	require.NoError(k.t, k.job.Round(k.t.Context()))
}

// world has n reviews open, all due on Thursday at 24:00.
func world(t *testing.T, n int) *workflowtest.World {
	t.Helper()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	for i := 1; i <= n; i++ {
		review(w, i)
	}
	return w
}

// review opens the nth person's.
func review(w *workflowtest.World, n int) {
	_, err := w.Store.Pool().Exec(context.Background(), `delete from outbox`) // for runs that the test has closed
	require.NoError(w.T, err)
	r := w.Individual(fmt.Sprintf("acct-%d", n), n)
	defer r.Close()
	r.ProveCard(n)
	r.ToReview(n)
}

// dueOn counts the reviews that are due at the end of a day of June 2026.
func dueOn(w *workflowtest.World, day int) int {
	end := time.Date(2026, 6, day+1, 0, 0, 0, 0, workflowtest.Monday().Location())
	return w.Count(`select count(*) from reviews v join registrations r on r.id = v.subject_id where v.due_at = $1 and r.due_at = $1`, end)
}

func changes(w *workflowtest.World) int { return w.Count(`select count(*) from calendar_changes`) }

// In a rolling release workers of both kinds come and go, in any order. The newer calendar is in force from its first
// worker on, nothing goes back and forth, and what the older workers still compute by theirs is found.
func TestARollingReleaseDoesNotGoBackAndForth(t *testing.T) {
	t.Parallel()
	w := world(t, 2)
	old := newWorker(t, w, plain)
	old.round()
	require.Equal(t, 2, dueOn(w, 4))
	require.Equal(t, 1, changes(w))
	require.Zero(t, w.Notices("calendar_changed"), "the first that was noted moved nothing")

	fresh := newWorker(t, w, thursdayOff)
	fresh.round()
	assert.Equal(t, 2, dueOn(w, 5))
	for range 5 {
		w.Pass(3 * time.Second)
		old.round()
		newWorker(t, w, plain).round() // one that has crashed and come again
		fresh.round()
	}
	assert.Equal(t, 2, changes(w))
	assert.Equal(t, 2, w.Count(`select count(*) from deadline_moves`), "each once")
	assert.Equal(t, 1, w.Notices("calendar_changed"))

	review(w, 3) // by a worker that counts as the world does: Thursday
	require.Equal(t, 1, dueOn(w, 4))
	w.Pass(31 * time.Second)
	old.round()
	fresh.round()
	assert.Equal(t, 3, dueOn(w, 5), "a stray")
	assert.Equal(t, 1, w.Notices("calendar_changed"), "one summary a change")

	w.Pass(2 * time.Minute)
	fresh.round()
	version := w.Count(`select sum(version) from registrations`)
	w.Pass(2 * time.Minute)
	fresh.round()
	assert.Equal(t, version, w.Count(`select sum(version) from registrations`))
	assert.Equal(t, 2, changes(w), "the older ones have gone")
}

// An amendment that is taken back is another change: what was announced stays, what is computed anew is as before.
func TestAnAmendmentMayBeTakenBack(t *testing.T) {
	t.Parallel()
	w := world(t, 1)
	k := newWorker(t, w, plain)
	k.round()
	k.amend(thursdayOff)
	k.round()
	require.Equal(t, 1, dueOn(w, 5))
	k.amend(plain)
	k.round()
	assert.Equal(t, 3, changes(w))
	assert.Equal(t, 1, dueOn(w, 5), "never earlier")
	assert.Equal(t, 2, w.Notices("calendar_changed"))
	review(w, 2)
	w.Pass(time.Minute)
	k.round()
	assert.Equal(t, 1, dueOn(w, 4))
	k.amend(`{"years": {"2026": {"source": "Thursday, at last", "holidays": ["2026-06-04"]}}}`)
	k.round()
	assert.Equal(t, 2, dueOn(w, 5), "forth again, by the same days under another name")
	assert.Equal(t, 4, changes(w))
}

// A worker that dies in the middle has moved some and told nobody. Whoever comes next moves the rest, and tells of all.
func TestAWorkerThatDiesInTheMiddleIsReplaced(t *testing.T) {
	t.Parallel()
	w := world(t, 3)
	dies := newWorker(t, w, plain)
	dies.round()
	dies.amend(thursdayOff)
	locked := w.Strings(`select id from registrations order by id`)[1]
	tx, err := w.Store.Pool().Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `select from registrations where id = $1 for update`, locked)
	require.NoError(t, err)
	soon, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	require.Error(t, dies.job.Round(soon))
	require.NoError(t, tx.Rollback(t.Context()))
	require.Equal(t, 1, dueOn(w, 5))
	require.Zero(t, w.Notices("calendar_changed"))

	next := newWorker(t, w, thursdayOff)
	next.round()
	require.Equal(t, 1, dueOn(w, 5), "the lease of the dead one still runs")
	w.Pass(11 * time.Second)
	next.round()
	assert.Equal(t, 3, dueOn(w, 5))
	assert.Equal(t, 3, w.Count(`select count(*) from deadline_moves`))
	assert.Equal(t, 3, w.Count(`select count(*) from timeline where event = 'deadline_moved'`))
	assert.Equal(t, 1, w.Notices("calendar_changed"))
	assert.Equal(t, 2, changes(w))
}

// One deadline that cannot be moved keeps no other from it, and is moved as soon as it can be.
func TestOneThatCannotBeMovedKeepsNoOther(t *testing.T) {
	t.Parallel()
	w := world(t, 2)
	k := newWorker(t, w, plain)
	k.round()
	k.amend(thursdayOff)
	_, err := w.Store.Pool().Exec(t.Context(), `create function stuck() returns trigger language plpgsql as $$ begin raise exception 'stuck'; end $$;
		create trigger stuck before update on reviews for each row when (old.subject_id = '`+w.Strings(`select min(id) from registrations`)[0]+`') execute function stuck()`)
	require.NoError(t, err)
	require.ErrorContains(t, k.job.Round(t.Context()), "stuck")
	assert.Equal(t, 1, dueOn(w, 5))
	assert.Zero(t, w.Notices("calendar_changed"), "told when it is done")
	_, err = w.Store.Pool().Exec(t.Context(), `drop trigger stuck on reviews`)
	require.NoError(t, err)
	k.round()
	assert.Equal(t, 2, dueOn(w, 5))
	assert.Equal(t, 1, w.Notices("calendar_changed"))
}

// A database that was in use before calendars were noted: what the older release computed is held against this one's.
func TestTheFirstCalendarThatIsNotedMovesWhatStoodBefore(t *testing.T) {
	t.Parallel()
	w := world(t, 2)
	k := newWorker(t, w, thursdayOff)
	k.round()
	assert.Equal(t, 2, dueOn(w, 5))
	require.Equal(t, 1, w.Notices("calendar_changed"))
	assert.Equal(t, 1, w.Count(`select count(*) from calendar_changes where previous is null and told_at is not null`))
}

// More than a page of them.
func TestEveryPageIsGoneThrough(t *testing.T) {
	t.Parallel()
	w := world(t, 1)
	k := newWorker(t, w, plain)
	for i := range 1100 {
		_, err := w.Store.Pool().Exec(t.Context(), `insert into reviews (subject_id, subject_kind, developer_kind, round, submitted_at, due_at, snapshot)
			select 'reg_none_' || $1::text, subject_kind, developer_kind, round, submitted_at, due_at, snapshot from reviews where round = 1 limit 1`, fmt.Sprintf("%04d", i))
		require.NoError(t, err)
	}
	found := map[string]bool{}
	require.NoError(t, k.store.OpenDeadlines(t.Context(), func(d postgres.OpenDeadline) error {
		assert.False(t, found[d.Subject], "once")
		found[d.Subject] = true
		return nil
	}))
	assert.Len(t, found, 1101)
	enough := errors.New("enough")
	assert.ErrorIs(t, k.store.OpenDeadlines(t.Context(), func(postgres.OpenDeadline) error { return enough }), enough)
}

// The job itself: it looks by itself, and leaves nothing of itself behind.
func TestTheJobRunsUntilItIsEnded(t *testing.T) {
	t.Parallel()
	w := world(t, 1)
	k := newWorker(t, w, plain)
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		k.job.Run(ctx)
	}()
	seen := func(sql string, n int) {
		t.Helper()
		require.Eventually(t, func() bool { return w.Count(sql) == n }, 20*time.Second, 5*time.Millisecond, sql)
	}
	seen(`select count(*) from calendar_changes where swept_at is not null`, 1)
	k.amend(thursdayOff)
	seen(`select count(*) from calendar_changes where swept_at is not null`, 2)
	assert.Equal(t, 1, dueOn(w, 5))
	end()
	<-ended
	assert.Zero(t, w.Count(`select count(*) from calendar_workers`))
	assert.ErrorIs(t, w.Store.Pool().QueryRow(t.Context(), `select from calendar_workers`).Scan(), pgx.ErrNoRows)
}
