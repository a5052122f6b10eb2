package restore_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/bank"
	"shiming/internal/devstack/stacktest"
	"shiming/internal/devstack/storetest"
	"shiming/internal/dossier"
	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/internal/restore"
	"shiming/registration"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

// standIn is an engine that says what a test has it say, and remembers what it was told.
type standIn struct {
	restore.Engine // what no test asks

	mark   func(ctx context.Context) (registration.Mark, error)
	lists  []engine.Listed
	last   time.Time // when anything happened to a run
	known  int64
	began  int // attempts to clear
	ended  []string
	looked engine.Seen

	mu     sync.Mutex
	nudged []string
	marks  []registration.Mark
}

func (e *standIn) Mark(ctx context.Context) (registration.Mark, error) { return e.mark(ctx) }

func (e *standIn) KeepMark(_ context.Context, mark registration.Mark) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.marks = append(e.marks, mark)
	return nil
}

func (e *standIn) Identity(context.Context) (string, error) { return "cluster/namespace", nil }

func (e *standIn) Newest(context.Context, int) ([]engine.Listed, error) { return e.lists, nil }

func (e *standIn) Since(_ context.Context, _ time.Time, each func(engine.Listed) error) error {
	return e.Running(context.Background(), each)
}

func (e *standIn) Running(_ context.Context, each func(engine.Listed) error) error {
	for _, l := range e.lists {
		if err := each(l); err != nil {
			return err
		}
	}
	return nil
}

// Origin takes the name of the run for its case, which has stood.
func (e *standIn) Origin(_ context.Context, l engine.Listed) (engine.Origin, error) {
	return engine.Origin{ID: l.RunID, Stood: true}, nil
}

func (e *standIn) Now(_ context.Context, l engine.Listed) (engine.Listed, error) { return l, nil }

func (e *standIn) LastEvent(context.Context, engine.Listed) (time.Time, error) { return e.last, nil }

func (e *standIn) Look(context.Context, string) (engine.Seen, error) { return e.looked, nil }

func (e *standIn) Known(context.Context, string) (int64, error) { return e.known, nil }

func (e *standIn) Attempts(context.Context, string) (int, error) { return e.began, nil }

func (e *standIn) End(_ context.Context, workflowID, _, _ string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = append(e.ended, workflowID)
	return nil
}

func (e *standIn) Nudge(_ context.Context, _, id string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.nudged = append(e.nudged, id)
	return nil
}

// theBank has paid nothing, and remembers which days it was asked for.
type theBank struct{ days []time.Time }

func (b *theBank) Statement(_ context.Context, day time.Time) ([]bank.StatementEntry, error) {
	b.days = append(b.days, day)
	return nil, nil
}

func (b *theBank) FindTransfer(context.Context, string) (bank.TransferStatus, bool, error) {
	return bank.TransferStatus{}, false, nil
}

// says answers with a mark.
func says(mark registration.Mark) func(context.Context) (registration.Mark, error) {
	return func(context.Context) (registration.Mark, error) { return mark, nil }
}

func raised(t *testing.T, s *postgres.Store) registration.Mark {
	t.Helper()
	a, err := s.RaiseMark(t.Context(), true)
	require.NoError(t, err)
	return a.Mark
}

func keeper(s *postgres.Store, e restore.Engine) *restore.Keeper {
	return &restore.Keeper{Book: s, Engine: e, Every: 10 * time.Millisecond, Doubt: 10 * time.Millisecond, Log: slog.New(slog.DiscardHandler)}
}

func repairer(s *postgres.Store, e restore.Engine, b restore.Bank) *restore.Repairer {
	return &restore.Repairer{
		Keeper: *keeper(s, e), Bank: b, By: "ops:chen", Reason: "the disk had failed", Now: time.Now, Say: func(string) {},
	}
}

// opened starts the registration of an account.
func opened(t *testing.T, s *postgres.Store) (id, workflowID string) {
	t.Helper()
	id = registration.NewID("reg")
	require.NoError(t, s.NewSubject(t.Context(), id))
	ref, err := s.Put(t.Context(), postgres.Own(id), dossier.PurposeApplicant, dossier.Applicant{Name: "Harbour Light", Email: "a@example.com", Phone: "13800000000"})
	require.NoError(t, err)
	result, err := s.Steps().Open(t.Context(), registration.Application{
		RegistrationID: id, AccountID: "acct-1", Kind: registration.Individual, Locale: registration.Chinese, ApplicantRef: ref,
	})
	require.NoError(t, err)
	require.Nil(t, result.Refusal)
	return id, registration.WorkflowID("acct-1")
}

// Another process raises the mark, and the engine keeps it, between the two reads of this one.
func TestAMarkThatIsRaisedMeanwhileHoldsNothing(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	raised(t, s)
	e := &standIn{mark: func(context.Context) (registration.Mark, error) { return raised(t, s), nil }}
	v, err := keeper(s, e).Compare(t.Context(), true)
	require.NoError(t, err)
	require.Equal(t, restore.InStep, v)
	dry := repairer(s, e, &theBank{})
	dry.DryRun = true
	report, err := dry.All(t.Context())
	require.NoError(t, err)
	require.Equal(t, restore.InStep.String(), report.Verdict)
	held, err := s.IsHeld(t.Context())
	require.NoError(t, err)
	require.False(t, held)
}

// A worker whose database is put back under it holds it by what it has seen itself, also while the engine does not answer.
func TestAProcessHoldsADatabaseThatFallsUnderIt(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	raised(t, s)
	away := &standIn{mark: func(context.Context) (registration.Mark, error) {
		return registration.Mark{}, engine.ErrUnavailable
	}}
	_, err := s.Pool().Exec(t.Context(), `update anchor set mark = 0`)
	require.NoError(t, err)
	_, err = s.Pool().Exec(t.Context(), `insert into leases (name, holder, until) values ('restore', 'another', now() + interval '1 hour')`)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); keeper(s, away).Run(ctx) }()
	require.Eventually(t, func() bool {
		hold, err := s.HoldNow(t.Context())
		return err == nil && hold != nil
	}, 10*time.Second, 10*time.Millisecond)
	cancel()
	<-done
}

// An engine that hangs hangs no comparison for good.
func TestAComparisonHasItsTime(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	asked := false
	e := &standIn{mark: func(ctx context.Context) (registration.Mark, error) {
		_, asked = ctx.Deadline()
		return registration.Mark{}, engine.ErrUnavailable
	}}
	require.Error(t, keeper(s, e).Round(context.WithoutCancel(t.Context())))
	require.True(t, asked)
}

// The engine has taken a mark, and shows it a little later: that is no engine that is behind.
func TestAnEngineThatSeemsToBeBehindIsDoubted(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	older := raised(t, s)
	newer := raised(t, s)
	require.NoError(t, s.MarkKept(t.Context(), newer.Number, "cluster/namespace"))
	shown := []registration.Mark{older, newer}
	e := &standIn{mark: func(context.Context) (registration.Mark, error) {
		mark := shown[0]
		shown = shown[min(1, len(shown)-1):]
		return mark, nil
	}}
	require.NoError(t, keeper(s, e).Round(t.Context()))
	var n int
	require.NoError(t, s.Pool().QueryRow(t.Context(), `select count(*) from findings`).Scan(&n))
	require.Zero(t, n)

	shown = []registration.Mark{older}
	require.NoError(t, keeper(s, e).Round(t.Context()))
	require.NoError(t, s.Pool().QueryRow(t.Context(), `select count(*) from findings where kind = 'engine_behind'`).Scan(&n))
	require.Equal(t, 1, n)
	require.Greater(t, e.marks[0].Number, newer.Number)
}

// A dry run of a database that was never marked asks the bank for days since the newest that it knows, not for every one there was; and
// looks for what the engine has run and the database does not know.
func TestADryRunKnowsARestorePoint(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	id, _ := opened(t, s)
	e := &standIn{last: time.Now(), mark: func(context.Context) (registration.Mark, error) { return registration.Mark{}, engine.ErrNoRun }}
	e.lists = []engine.Listed{{Type: registration.PayoutWorkflow, WorkflowID: registration.PayoutWorkflowID("pay_lost"), Started: time.Now()}}
	e.looked = engine.Seen{Runs: true}
	b := &theBank{}
	dry := repairer(s, e, b)
	dry.DryRun = true
	report, err := dry.All(t.Context())
	require.NoError(t, err)
	require.Equal(t, restore.DatabaseBehind.String(), report.Verdict)
	require.Contains(t, report.Why, "pay_lost")
	require.NotNil(t, report.RestorePoint)
	require.WithinDuration(t, time.Now(), *report.RestorePoint, time.Minute)
	require.LessOrEqual(t, len(b.days), 3)
	hold, err := s.HoldNow(t.Context())
	require.NoError(t, err)
	require.Nil(t, hold, id)
}

// Whoever says that the database was restored to an earlier moment than a hold goes by is heard, and told so.
func TestTheEarlierRestorePointCounts(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	at := time.Now().Add(-time.Hour).Truncate(time.Microsecond)
	require.NoError(t, s.Hold(t.Context(), "older", at))
	for _, c := range []struct {
		since, want time.Time
	}{{at.Add(time.Minute), at}, {at.Add(-time.Hour), at.Add(-time.Hour)}} {
		r := repairer(s, &standIn{mark: says(registration.Mark{})}, &theBank{})
		r.Since = c.since
		cut, cancel := context.WithCancel(t.Context()) // nothing is repaired
		var said []string
		r.Say = func(what string) {
			if said = append(said, what); len(said) == 2 {
				cancel()
			}
		}
		_, err := r.All(cut)
		require.Error(t, err)
		require.Contains(t, said[0], "it is held already")
		hold, err := s.HoldNow(t.Context())
		require.NoError(t, err)
		require.WithinDuration(t, c.want, hold.RestorePoint, 0)
	}
}

// Both stores are put back from one backup: what runs has moved nothing since, and may be behind its row all the same.
func TestARunThatIsLeftAloneIsToldToLook(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	id, workflowID := opened(t, s)
	e := &standIn{
		mark: says(raised(t, s)), last: time.Now().Add(-time.Hour), looked: engine.Seen{Runs: true},
		lists: []engine.Listed{{Type: registration.IndividualWorkflow, WorkflowID: workflowID, RunID: id, Runs: true, State: registration.IdentityRequired}},
	}
	require.NoError(t, s.Hold(t.Context(), "a backup was put back", time.Now()))
	_, err := repairer(s, e, &theBank{}).All(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{id}, e.nudged)
}

// One run is told to look if it does not know its row; one that knows more is left to the repair of all.
func TestOneRunIsToldOrLeftToTheRepairOfAll(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	id, _ := opened(t, s)
	run, err := s.RunOf(t.Context(), id)
	require.NoError(t, err)
	require.NoError(t, s.Acknowledge(t.Context(), id, run.Version))
	repaired := func(known int64) (restore.Done, error) {
		return restore.One(t.Context(), s, &standIn{known: known, looked: engine.Seen{Runs: true, RunID: run.RunID}}, id, "ops:chen", "it does not move")
	}
	done, err := repaired(run.Version)
	require.NoError(t, err)
	require.Equal(t, postgres.RepairNothing, done.Done)
	done, err = repaired(run.Version - 1)
	require.NoError(t, err)
	require.Equal(t, postgres.RepairTold, done.Done)
	_, err = repaired(run.Version + 1)
	var refusal *registration.Refusal
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, registration.CodeWrongState, refusal.Code)
	assert.Equal(t, registration.IdentityRequired, refusal.State)
	assert.Contains(t, refusal.Detail, "starter repair --all --since")
}

// A clearing that is lost is named with its account, which only a contested one has not, and with the hold that the wallet may have.
func TestALostClearingIsNamedWithWhatTheWalletMayHold(t *testing.T) {
	t.Parallel()
	for workflowID, c := range map[string]struct {
		began         int
		account, says string
	}{
		registration.ClearingWorkflowID("acct-1"): {2, "acct-1", "under the key clr_1-2"},
		registration.ContestedWorkflowID("clr_1"): {0, "", "under the key clr_1-1 or a later number"},
	} {
		s := storetest.Open(t)
		e := &standIn{
			mark: says(raised(t, s)), last: time.Now(), began: c.began,
			lists: []engine.Listed{{Type: registration.ClearingWorkflow, WorkflowID: workflowID, RunID: "clr_1", Runs: true, State: registration.Clearing}},
		}
		require.NoError(t, s.Hold(t.Context(), "older", time.Time{}))
		_, err := repairer(s, e, &theBank{}).All(t.Context())
		require.NoError(t, err)
		var account, tried string
		require.NoError(t, s.Pool().QueryRow(t.Context(), `select account_id, tried from findings where kind = 'case_lost' and subject = 'clr_1'`).Scan(&account, &tried))
		assert.Equal(t, c.account, account)
		assert.Contains(t, tried, c.says)
		assert.Equal(t, []string{workflowID}, e.ended)
	}
}
