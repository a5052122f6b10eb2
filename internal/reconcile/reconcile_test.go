package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/devstack/stacktest"
	"shiming/internal/devstack/storetest"
	"shiming/internal/dossier"
	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/internal/reconcile"
	"shiming/registration"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

// scripted is an engine whose workflows are as a test says; those it does not name are unknown to it.
type scripted struct {
	mu      sync.Mutex
	seen    map[string]engine.Seen
	nudged  []string
	started []string
	args    []any // of the newest start
	resumed []registration.Application
	away    bool // nothing can be started
	hangs   bool // no look is answered
	looked  []string
}

func (e *scripted) Look(ctx context.Context, workflowID string) (engine.Seen, error) {
	e.mu.Lock()
	e.looked = append(e.looked, workflowID)
	seen, hangs := e.seen[workflowID], e.hangs
	e.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return engine.Seen{}, ctx.Err()
	}
	return seen, nil
}

func (e *scripted) Nudge(_ context.Context, _, id string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.nudged = append(e.nudged, id)
	return nil
}

func (e *scripted) Start(_ context.Context, _, id, _ string, args ...any) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.args = args
	e.started = append(e.started, id)
	return nil
}

func (e *scripted) Resume(_ context.Context, app registration.Application) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.away {
		return errors.New("the engine is away")
	}
	e.resumed = append(e.resumed, app)
	return nil
}

func (e *scripted) ResumeClearing(context.Context, registration.ClearingApplication) error {
	return nil
}

// scans notes for whose lost documents somebody looked. One that hangs does so until its time is over.
type scans struct {
	lost, looked []string
	hangs        string
}

// Lost implements reconcile.Papers.
func (s *scans) Lost(context.Context) ([]string, error) { return s.lost, nil }

// Recheck implements reconcile.Papers.
func (s *scans) Recheck(ctx context.Context, subject string) error {
	if subject == s.hangs {
		<-ctx.Done()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.looked = append(s.looked, subject)
	return nil
}

// world is a database and a reconciler whose time is the test's.
type world struct {
	t      *testing.T
	store  *postgres.Store
	engine *scripted
	scans  *scans
	job    *reconcile.Reconciler
	now    time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	store := storetest.Open(t)
	w := &world{t: t, engine: &scripted{seen: map[string]engine.Seen{}}, scans: &scans{}, now: time.Date(2026, 6, 1, 10, 0, 0, 0, time.UTC)}
	w.store = store.WithClock(func() time.Time { return w.now })
	w.job = &reconcile.Reconciler{Book: w.store, Engine: w.engine, Papers: w.scans, Every: time.Minute, Now: func() time.Time { return w.now }, Log: slog.New(slog.DiscardHandler)}
	return w
}

// open makes a registration whose run has taken over its first step.
func (w *world) open(account string) string {
	w.t.Helper()
	ctx, id := w.t.Context(), registration.NewID("reg")
	require.NoError(w.t, w.store.NewSubject(ctx, id))
	ref, err := w.store.Put(ctx, postgres.Own(id), dossier.PurposeApplicant, dossier.Applicant{Name: "Harbour Light", Email: "a@example.com", Phone: "13800000000"})
	require.NoError(w.t, err)
	_, err = w.store.Steps().Open(ctx, registration.Application{
		RegistrationID: id, AccountID: account, Kind: registration.Individual, Locale: registration.Chinese, ApplicantRef: ref, RunID: "run-" + account,
	})
	require.NoError(w.t, err)
	require.NoError(w.t, w.store.Acknowledge(ctx, id, 1))
	w.engine.seen[registration.WorkflowID(account)] = engine.Seen{Runs: true, RunID: "run-" + account}
	return id
}

func (w *world) round() {
	w.t.Helper()
	require.NoError(w.t, w.job.Round(w.t.Context()))
	w.now = w.now.Add(time.Minute)
}

// carried stands in for the relay, which has carried what waited.
func (w *world) carried() {
	w.t.Helper()
	_, err := w.store.Pool().Exec(w.t.Context(), `delete from outbox`)
	require.NoError(w.t, err)
}

func (w *world) findings() (kinds []string) {
	w.t.Helper()
	rows, err := w.store.Pool().Query(w.t.Context(), `select kind from findings where resolved_at is null order by kind`)
	require.NoError(w.t, err)
	for rows.Next() {
		var kind string
		require.NoError(w.t, rows.Scan(&kind))
		kinds = append(kinds, kind)
	}
	return kinds
}

func (w *world) timeline(id string) (events []string) {
	w.t.Helper()
	line, err := w.store.Timeline(w.t.Context(), id)
	require.NoError(w.t, err)
	for _, moment := range line {
		events = append(events, moment.Event)
	}
	return events
}

func TestAHealthyRunIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.open("acct-1")
	for range 10 {
		w.round()
	}
	assert.Empty(t, w.engine.nudged)
	assert.Empty(t, w.engine.resumed)
	assert.Empty(t, w.engine.started)
	assert.Empty(t, w.findings())
}

// A run that two looks, a minute apart, have not found is started again from its row; one look is not enough.
func TestARunIsStartedAgainAfterTwoLooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open("acct-1")
	delete(w.engine.seen, registration.WorkflowID("acct-1"))
	w.round()
	require.Empty(t, w.engine.resumed, "it may just be starting")
	w.round()
	require.Len(t, w.engine.resumed, 1)
	app := w.engine.resumed[0]
	assert.Equal(t, id, app.RegistrationID)
	assert.Equal(t, "acct-1", app.AccountID)
	require.NotNil(t, app.Case)
	assert.EqualValues(t, 1, app.Case.Version)
	events := w.timeline(id)
	assert.Equal(t, "run_resumed", events[len(events)-1])
}

// One that was away for a moment only is not.
func TestARunThatIsFoundAgainIsNotStartedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.open("acct-1")
	there := w.engine.seen[registration.WorkflowID("acct-1")]
	delete(w.engine.seen, registration.WorkflowID("acct-1"))
	w.round()
	w.engine.seen[registration.WorkflowID("acct-1")] = there
	w.round()
	delete(w.engine.seen, registration.WorkflowID("acct-1"))
	w.round()
	assert.Empty(t, w.engine.resumed)
}

// A run that has not reported its row's version is told to look; if it does not for long, ops hears of it, until it does.
func TestARunThatIsBehindIsToldAndThenFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open("acct-1")
	_, err := w.store.Pool().Exec(t.Context(), `update registrations set version = version + 1, updated_at = $1`, w.now)
	require.NoError(t, err)
	w.round()
	w.now = w.now.Add(time.Second)
	w.round()
	assert.Contains(t, w.engine.nudged, id)
	assert.Empty(t, w.findings())
	for range 8 {
		w.round()
	}
	assert.Equal(t, []string{"run_behind"}, w.findings())
	require.NoError(t, w.store.Acknowledge(t.Context(), id, 2))
	w.round()
	assert.Empty(t, w.findings(), "its cause is gone")
}

// Whatever touches the row meanwhile, a contact that is handed in, say, its run is as late as it was.
func TestATouchedRowIsNoLessBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open("acct-1")
	_, err := w.store.Pool().Exec(t.Context(), `update registrations set version = version + 1, updated_at = $1`, w.now)
	require.NoError(t, err)
	w.now = w.now.Add(time.Second)
	for n := range 8 {
		_, err := w.store.SetContact(t.Context(), id, dossier.Contact{Email: fmt.Sprintf("a%d@example.com", n), Phone: "13800000000"})
		require.NoError(t, err)
		w.round()
	}
	assert.Contains(t, w.engine.nudged, id)
	assert.Equal(t, []string{"run_behind"}, w.findings())
}

// A run that has caught up, and falls behind again, is late from then on.
func TestARunThatCaughtUpIsLateAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open("acct-1")
	for version := range int64(3) {
		_, err := w.store.Pool().Exec(t.Context(), `update registrations set version = version + 1, updated_at = $1`, w.now)
		require.NoError(t, err)
		for range 4 {
			w.round()
		}
		require.Empty(t, w.findings())
		run, err := w.store.RunOf(t.Context(), id)
		require.NoError(t, err)
		require.NotNil(t, run.BehindSince)
		require.NoError(t, w.store.Acknowledge(t.Context(), id, version+2))
		run, err = w.store.RunOf(t.Context(), id)
		require.NoError(t, err)
		require.Nil(t, run.BehindSince)
	}
}

// A run that was reset is another than the one that took the last step, and is told to look.
func TestARunThatWasResetIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open("acct-1")
	w.engine.seen[registration.WorkflowID("acct-1")] = engine.Seen{Runs: true, RunID: "another"}
	w.round()
	assert.Equal(t, []string{id}, w.engine.nudged)
	w.carried()
	w.now = w.now.Add(48 * time.Hour)
	w.round()
	assert.Empty(t, w.findings(), "it has taken over all there is, however long ago that was")
}

// A run is behind from the moment that something was stored for it, not from its last step.
func TestAReportThatHasJustComeIsNoFinding(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open("acct-1")
	_, err := w.store.Pool().Exec(t.Context(), `insert into vault_items (ref, subject, purpose, sealed) values ('vlt_c', $1, 'company', '')`, id)
	require.NoError(t, err)
	_, err = w.store.Pool().Exec(t.Context(), `insert into payments (id, registration_id, key, bank_fingerprint, bank_last4, company_ref, amount, state, requested_at)
		values ('pay_1', $1, 'shm_1', '', '1234', 'vlt_c', '', 'requested', $2)`, id, w.now)
	require.NoError(t, err)
	w.carried()
	w.now = w.now.Add(48 * time.Hour)
	known, err := w.store.TakeReport(t.Context(), postgres.Report{Source: "bank", MessageID: "m1", Type: "transfer.sent", Key: "shm_1"})
	require.NoError(t, err)
	require.True(t, known)
	w.round()
	assert.Empty(t, w.findings())
}

// A run that an act did not find is looked for in the next round, however many registrations are open.
func TestAMissingRunIsStartedAgainWithinMinutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	accounts := map[string]string{}
	for i := range 150 {
		account := fmt.Sprintf("acct-%03d", i)
		accounts[w.open(account)] = account
	}
	last := slices.Max(slices.Collect(maps.Keys(accounts)))
	_, err := w.store.Missing(t.Context(), last)
	require.NoError(t, err)
	delete(w.engine.seen, registration.WorkflowID(accounts[last]))
	w.now = w.now.Add(time.Minute)
	w.round()
	require.Len(t, w.engine.resumed, 1)
	assert.Equal(t, last, w.engine.resumed[0].RegistrationID)
}

// A run that cannot be started again is no run that was: its timeline says so once it is.
func TestARunThatCannotBeStartedIsNotSaidToBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open("acct-1")
	delete(w.engine.seen, registration.WorkflowID("acct-1"))
	w.engine.away = true
	w.round()
	for range 3 {
		require.Error(t, w.job.Round(t.Context()))
		w.now = w.now.Add(time.Minute)
	}
	assert.NotContains(t, w.timeline(id), "run_resumed")
	w.engine.away = false
	w.round()
	assert.Contains(t, w.timeline(id), "run_resumed")
}

// A run that cannot finish its task is a finding, and is neither told anything nor ended.
func TestARunThatFailsItsTaskIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.open("acct-1")
	w.engine.seen[registration.WorkflowID("acct-1")] = engine.Seen{Runs: true, RunID: "run-acct-1", FailedTasks: 20}
	w.round()
	assert.Equal(t, []string{"run_failing"}, w.findings())
	assert.Empty(t, w.engine.nudged)
	w.engine.seen[registration.WorkflowID("acct-1")] = engine.Seen{Runs: true, RunID: "run-acct-1"}
	w.round()
	assert.Empty(t, w.findings())
}

// A registration that ended while its run was gone needs no other.
func TestAnEndedRegistrationGetsNoNewRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open("acct-1")
	_, err := w.store.Steps().Withdraw(t.Context(), registration.Step{Subject: id, Actor: registration.ByApplicant})
	require.NoError(t, err)
	_, err = w.store.Pool().Exec(t.Context(), `update registrations set version = version + 1`)
	require.NoError(t, err)
	delete(w.engine.seen, registration.WorkflowID("acct-1"))
	for range 4 {
		w.now = w.now.Add(time.Second)
		w.round()
	}
	assert.Empty(t, w.engine.resumed)
	run, err := w.store.RunOf(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, run.Version, run.Acknowledged)
}

// A notice whose workflow somebody ended is delivered all the same; one whose workflow failed by itself is ops' to judge.
func TestANoticeWhoseWorkflowWasEndedIsStartedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open("acct-1")
	for _, n := range []string{"ntc_ended", "ntc_failed", "ntc_runs", "ntc_sent"} {
		_, err := w.store.Pool().Exec(t.Context(), `insert into notices (id, registration_id, event_key, kind, channel, recipient, locale, data, created_at, accepted_at)
			values ($1, $2, $1, 'approved', 'email', 'registered', 'en', '{}', $3, case when $1 = 'ntc_sent' then $3::timestamptz end)`, n, id, w.now)
		require.NoError(t, err)
	}
	w.engine.seen[registration.NoticeWorkflowID("ntc_failed")] = engine.Seen{Failed: true}
	w.engine.seen[registration.NoticeWorkflowID("ntc_runs")] = engine.Seen{Runs: true}
	w.now = w.now.Add(3 * time.Minute)
	w.round()
	assert.Equal(t, []string{registration.NoticeWorkflowID("ntc_ended")}, w.engine.started)
	assert.Equal(t, []any{[]registration.NoticeRef{{ID: "ntc_ended", Lane: registration.EmailLane}}}, w.engine.args)
	assert.Equal(t, []string{"undelivered"}, w.findings())
	w.round()
	assert.Equal(t, []string{"undelivered"}, w.findings(), "it stays for as long as the notice is unsent")
}

// What no relay could carry for an hour is a finding, until it has been carried.
func TestWhatIsNotCarriedIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.store.Pool().Exec(t.Context(), `insert into outbox (kind, ref, created_at, next_at, attempts, last_error) values ('payout', 'pay_1', $1, $1, 9, 'failed')`, w.now)
	require.NoError(t, err)
	w.round()
	assert.Empty(t, w.findings())
	w.now = w.now.Add(time.Hour)
	w.round()
	assert.Equal(t, []string{"undelivered"}, w.findings())
	w.carried()
	w.round()
	assert.Empty(t, w.findings())
}

// An act whose process died before anybody was answered is closed in time, with what was handed in.
func TestAnActThatNobodyWasAnsweredForIsClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open("acct-1")
	begun, refusal, err := w.store.BeginAct(t.Context(), postgres.Act{ID: "act_1", RegistrationID: id, Act: registration.ActCard, Actor: registration.ByApplicant},
		dossier.PurposeCard, dossier.Card{Number: "6222020000000000"})
	require.NoError(t, err)
	require.Nil(t, refusal)
	w.round()
	record, err := w.store.ActOf(t.Context(), "act_1")
	require.NoError(t, err)
	require.False(t, record.Closed)
	w.now = w.now.Add(registration.ActAnswered)
	w.round()
	record, err = w.store.ActOf(t.Context(), "act_1")
	require.NoError(t, err)
	assert.True(t, record.Closed)
	assert.ErrorIs(t, w.store.Get(t.Context(), postgres.Owner{Subject: id, Row: "act_1"}, *begun.InputRef, dossier.PurposeCard, &dossier.Card{}), postgres.ErrNotFound)
}

// Acts are forgotten when nothing needs them any more: long after the end, and when the run is known to have ended too.
func TestOldActsAreForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ended, open := w.open("acct-1"), w.open("acct-2")
	for _, id := range []string{ended, open} {
		_, _, err := w.store.BeginAct(t.Context(), postgres.Act{ID: "act_of_" + id, RegistrationID: id, Act: registration.ActWithdraw, Actor: registration.ByApplicant}, "", nil)
		require.NoError(t, err)
		require.NoError(t, w.store.EndAct(t.Context(), "act_of_"+id, registration.Refuse(registration.CodeProviderUnavailable)))
	}
	_, err := w.store.Steps().Withdraw(t.Context(), registration.Step{Subject: ended, Actor: registration.ByApplicant})
	require.NoError(t, err)
	w.now = w.now.Add(31 * 24 * time.Hour)
	w.round()
	_, err = w.store.ActOf(t.Context(), "act_of_"+ended)
	require.ErrorIs(t, err, postgres.ErrNotFound)
	_, err = w.store.ActOf(t.Context(), "act_of_"+open)
	require.NoError(t, err)
}

// slow has a world's engine answer no look, and its reconciler wait for none of them long, nor for more than the first of each part.
func (w *world) slow() {
	w.engine.hangs = true
	w.job.Every, w.job.Patience = time.Nanosecond, 300*time.Millisecond
}

// behind opens registrations whose runs are all behind, and a notice whose workflow is gone.
func (w *world) behind(many int) {
	w.t.Helper()
	for i := range many {
		w.open(fmt.Sprintf("acct-%03d", i))
	}
	w.carried()
	for _, sql := range []string{
		`update registrations set version = version + 1, updated_at = $1`,
		`insert into notices (id, registration_id, event_key, kind, channel, recipient, locale, data, created_at)
			select 'ntc_1', id, 'ntc_1', 'approved', 'email', 'registered', 'en', '{}', $1 from registrations limit 1`,
	} {
		_, err := w.store.Pool().Exec(w.t.Context(), sql, w.now)
		require.NoError(w.t, err)
	}
	w.now = w.now.Add(time.Second)
}

// However slowly the engine answers, a round ends, has come to each kind of work, and has done all that needs no engine.
func TestARoundEndsHoweverSlowTheEngineIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.behind(5)
	_, err := w.store.Pool().Exec(t.Context(), `insert into outbox (kind, ref, created_at, next_at, attempts, last_error) values ('payout', 'pay_1', $1, $1, 9, 'failed')`, w.now)
	require.NoError(t, err)
	w.now = w.now.Add(2 * time.Hour)
	w.slow()
	err = w.job.Round(t.Context())
	require.ErrorContains(t, err, "no time was left for 4 of 5; a later round comes to them")
	require.Len(t, w.engine.looked, 3, "one that is behind, one that is open, one notice")
	assert.Contains(t, w.engine.looked, registration.NoticeWorkflowID("ntc_1"))
	assert.Contains(t, w.findings(), "undelivered")
}

// What a round had no time for is come to by the next ones, each going on where the one before has stopped.
func TestWhatARoundHadNoTimeForIsComeToLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const many = 12
	for i := range many {
		w.open(fmt.Sprintf("acct-%03d", i))
	}
	w.job.Every = time.Nanosecond
	for range many {
		_ = w.job.Round(t.Context())
	}
	require.Len(t, w.engine.looked, many, "one a round")
	slices.Sort(w.engine.looked)
	assert.Len(t, slices.Compact(w.engine.looked), many, "and another each time")
}

// leasing is a book whose lease is granted so many times, then another's.
type leasing struct {
	*postgres.Store
	grants int
}

func (l *leasing) Lease(ctx context.Context, name, holder string, within time.Duration) (bool, error) {
	if l.grants == 0 {
		return false, nil
	}
	l.grants--
	return l.Store.Lease(ctx, name, holder, within)
}

// A round that outlasts half its lease takes it anew; if it is another's by then, the round stops.
func TestALongRoundKeepsItsLease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.behind(5)
	w.slow()
	book := &leasing{w.store, 100}
	w.job.Book = book
	_ = w.job.Round(t.Context())
	assert.Less(t, book.grants, 99, "it was taken once more")

	book.grants = 1
	w.engine.looked = nil
	err := w.job.Round(t.Context())
	require.ErrorContains(t, err, "another process has the lease")
	assert.NotEmpty(t, w.engine.looked)
	assert.Zero(t, book.grants)

	w.engine.looked = nil
	require.NoError(t, w.job.Round(t.Context()), "another's from the start")
	assert.Empty(t, w.engine.looked)
}

// Of several processes one does the work, and another takes over when its lease has run out.
func TestOneProcessAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lease := func(holder string) bool {
		held, err := w.store.Lease(t.Context(), "reconcile", holder, time.Minute)
		require.NoError(t, err)
		return held
	}
	require.True(t, lease("me"))
	assert.False(t, lease("another"))
	assert.True(t, lease("me"))
	w.now = w.now.Add(2 * time.Minute)
	assert.True(t, lease("another"))
	assert.False(t, lease("me"))
}

func TestEachRoundLooksForLostScans(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.scans.lost, w.scans.hangs = []string{"reg_slow", "reg_1", "reg_2"}, "reg_slow"
	w.job.Patience = 200 * time.Millisecond
	for range 2 {
		require.ErrorContains(t, w.job.Round(t.Context()), "reg_slow: context deadline exceeded")
		w.now = w.now.Add(time.Minute)
	}
	require.Equal(t, []string{"reg_1", "reg_2", "reg_1", "reg_2"}, w.scans.looked, "each has a time of its own")
}
