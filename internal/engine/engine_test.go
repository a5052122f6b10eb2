package engine_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/grpc"

	"shiming/internal/devstack"
	"shiming/internal/devstack/stacktest"
	"shiming/internal/engine"
	"shiming/internal/vault"
	"shiming/registration"
)

func TestMain(m *testing.M) {
	stacktest.Main(m, stacktest.WithTemporal(devstack.TemporalOptions{SearchAttributes: registration.SearchAttributes()}))
}

var quiet = slog.New(slog.DiscardHandler)

func keys(t *testing.T) *vault.Keys {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, vault.GenerateKeyFile(path))
	k, err := vault.LoadKeys(path)
	require.NoError(t, err)
	return k
}

// place is an engine with a task queue of its own.
type place struct {
	*engine.Engine
	options client.Options
	queue   string
}

func newPlace(t *testing.T, dial ...grpc.DialOption) place {
	t.Helper()
	at := stacktest.TemporalEndpoint(t)
	options := client.Options{HostPort: at.Address, Namespace: at.Namespace, ConnectionOptions: client.ConnectionOptions{DialOptions: dial}}
	p := place{options: engine.Secured(options, keys(t), quiet), queue: stacktest.TaskQueue(t)}
	var err error
	p.Engine, err = engine.Dial(t.Context(), p.options, p.queue, quiet)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	require.NoError(t, p.Ready(t.Context()))
	return p
}

// work runs a stand-in for the registration's workflow: it opens, refuses every card with two tries left, ends when it is
// withdrawn, and never answers a submission.
func (p place) work(t *testing.T) {
	t.Helper()
	c, err := client.Dial(p.options)
	require.NoError(t, err)
	w := worker.New(c, p.queue, worker.Options{})
	w.RegisterWorkflowWithOptions(standIn, workflow.RegisterOptions{Name: registration.IndividualWorkflow})
	require.NoError(t, w.Start())
	t.Cleanup(func() { w.Stop(); c.Close() })
}

func standIn(ctx workflow.Context, app registration.Application) error {
	refuse := func(r *registration.Refusal) error {
		return temporal.NewApplicationErrorWithOptions(r.Error(), string(r.Code), temporal.ApplicationErrorOptions{NonRetryable: true, Details: []any{r, registration.Answer{}}})
	}
	withdrawn := false
	handlers := map[registration.Act]func(workflow.Context, registration.ActArgs) (registration.Answer, error){
		registration.ActOpen: func(workflow.Context, registration.ActArgs) (registration.Answer, error) {
			return registration.Answer{State: registration.IdentityRequired, Sequence: 1}, nil
		},
		registration.ActCard: func(workflow.Context, registration.ActArgs) (registration.Answer, error) {
			return registration.Answer{}, refuse(registration.Refuse(registration.CodeCodeIncorrect).WithAttempts(2))
		},
		registration.ActSubmit: func(ctx workflow.Context, _ registration.ActArgs) (registration.Answer, error) {
			return registration.Answer{}, workflow.Await(ctx, func() bool { return withdrawn })
		},
		registration.ActWithdraw: func(workflow.Context, registration.ActArgs) (registration.Answer, error) {
			withdrawn = true
			return registration.Answer{State: registration.Withdrawn}, nil
		},
	}
	for _, act := range []registration.Act{registration.ActOpen, registration.ActCard, registration.ActSubmit, registration.ActWithdraw} {
		validator := func(_ workflow.Context, args registration.ActArgs) error {
			if args.RegistrationID != app.RegistrationID {
				return refuse(registration.Refuse(registration.CodeRegistrationExists))
			}
			return nil
		}
		if err := workflow.SetUpdateHandlerWithOptions(ctx, string(act), handlers[act], workflow.UpdateHandlerOptions{Validator: validator}); err != nil {
			return err
		}
	}
	return workflow.Await(ctx, func() bool { return withdrawn && workflow.AllHandlersFinished(ctx) })
}

func within(taken, done time.Duration) engine.Wait {
	return engine.Wait{Taken: time.Now().Add(taken), Done: time.Now().Add(done)}
}

var soon = 15 * time.Second

func application(t *testing.T) registration.Application {
	return registration.Application{RegistrationID: registration.NewID("reg"), AccountID: "acct-" + stacktest.TaskQueue(t), Kind: registration.Individual, Locale: registration.Chinese}
}

func TestARegistrationIsOpenedOnceAndAnswers(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.work(t)
	app := application(t)
	for range 3 { // repeated with the same id it is the same call
		got, err := p.Open(t.Context(), app, "open-1", within(soon, soon))
		require.NoError(t, err)
		require.Equal(t, registration.IdentityRequired, got.State)
	}
	other := app
	other.RegistrationID = registration.NewID("reg")
	_, err := p.Open(t.Context(), other, "open-2", within(soon, soon))
	var refusal *registration.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, registration.CodeRegistrationExists, refusal.Code)
}

func TestARefusalComesBackWhole(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.work(t)
	app := application(t)
	_, err := p.Open(t.Context(), app, "open-1", within(soon, soon))
	require.NoError(t, err)
	_, err = p.Act(t.Context(), registration.WorkflowID(app.AccountID), registration.ActCard, registration.ActArgs{ActID: "a1", RegistrationID: app.RegistrationID}, within(soon, soon))
	var refusal *registration.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, registration.CodeCodeIncorrect, refusal.Code)
	require.Equal(t, 2, *refusal.AttemptsLeft)
}

func TestASlowActIsStillWorkingAndThenDone(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.work(t)
	app := application(t)
	_, err := p.Open(t.Context(), app, "open-1", within(soon, soon))
	require.NoError(t, err)
	args := func(id string) registration.ActArgs {
		return registration.ActArgs{ActID: id, RegistrationID: app.RegistrationID}
	}
	_, err = p.Act(t.Context(), registration.WorkflowID(app.AccountID), registration.ActSubmit, args("a1"), within(soon, time.Second))
	require.ErrorIs(t, err, engine.ErrStillWorking)
	_, err = p.Act(t.Context(), registration.WorkflowID(app.AccountID), registration.ActWithdraw, args("a2"), within(soon, soon))
	require.NoError(t, err)
	_, err = p.Act(t.Context(), registration.WorkflowID(app.AccountID), registration.ActSubmit, args("a1"), within(soon, soon))
	require.NoError(t, err, "the same act has its answer by now")
	require.Eventually(t, func() bool {
		_, err := p.Act(t.Context(), registration.WorkflowID(app.AccountID), registration.ActCard, args("a3"), within(soon, soon))
		return errors.Is(err, engine.ErrNoRun)
	}, soon, 50*time.Millisecond)
	_, err = p.Act(t.Context(), registration.WorkflowID("acct-nobody"), registration.ActCard, args("a4"), within(soon, soon))
	require.ErrorIs(t, err, engine.ErrNoRun)
}

func TestAnActThatNoWorkerTakesIsStillWorking(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	app := application(t)
	began := time.Now()
	_, err := p.Open(t.Context(), app, "open-1", within(time.Second, time.Second))
	require.ErrorIs(t, err, engine.ErrUnavailable, "nothing stands yet that could be shown")
	_, err = p.Act(t.Context(), registration.WorkflowID(app.AccountID), registration.ActCard, registration.ActArgs{ActID: "a1", RegistrationID: app.RegistrationID}, within(5*time.Second, 5*time.Second))
	require.ErrorIs(t, err, engine.ErrStillWorking)
	require.Less(t, time.Since(began), 15*time.Second)
}

func TestWithoutTemporalEveryCallEndsInTime(t *testing.T) {
	t.Parallel()
	options := engine.Secured(client.Options{HostPort: "127.0.0.1:1"}, keys(t), quiet)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	e, err := engine.Dial(ctx, options, "q", quiet)
	require.NoError(t, err, "Temporal may come later")
	defer e.Close()
	require.ErrorIs(t, e.Ready(ctx), engine.ErrUnavailable)
	began := time.Now()
	app := application(t)
	_, err = e.Open(t.Context(), app, "open-1", within(time.Second, 2*time.Second))
	require.ErrorIs(t, err, engine.ErrUnavailable)
	_, err = e.Act(t.Context(), registration.WorkflowID(app.AccountID), registration.ActCard, registration.ActArgs{ActID: "a1"}, within(time.Second, 2*time.Second))
	require.ErrorIs(t, err, engine.ErrUnavailable)
	require.Less(t, time.Since(began), 8*time.Second)
}

func TestANamespaceThatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	at := stacktest.TemporalEndpoint(t)
	_, err := engine.Dial(t.Context(), engine.Secured(client.Options{HostPort: at.Address, Namespace: "nowhere"}, keys(t), quiet), "q", quiet)
	require.ErrorContains(t, err, `no namespace "nowhere"`)
	require.ErrorContains(t, err, "temporal operator namespace create")
}

// What has failed, as its row says, is begun anew also while the run that failed at it has not ended; a message that comes twice
// leaves a run that is at work alone.
func TestWhatIsAskedForAgainIsNotTakenForWhatIsEnding(t *testing.T) {
	t.Parallel()
	p := newPlace(t) // nobody works: what is begun does not end
	id := registration.NoticeWorkflowID("ntc_1")
	run := func() string {
		seen, err := p.Look(t.Context(), id)
		require.NoError(t, err)
		require.True(t, seen.Runs)
		return seen.RunID
	}
	require.NoError(t, p.Start(t.Context(), registration.NoticesWorkflow, id, "", "ntc_1"))
	first := run()
	require.NoError(t, p.Start(t.Context(), registration.NoticesWorkflow, id, "", "ntc_1"))
	require.Equal(t, first, run())
	require.NoError(t, p.Restart(t.Context(), registration.NoticesWorkflow, id, "", "ntc_1"))
	require.NotEqual(t, first, run())
}

// A mark that was taken is there at once, also while nobody works, and the greater one of a database counts.
func TestAMarkIsReadWithoutAWorker(t *testing.T) {
	t.Parallel()
	p := newPlace(t) // nobody works
	_, err := p.Mark(t.Context())
	require.ErrorIs(t, err, engine.ErrNoRun)
	for _, number := range []int64{3, 5, 4} {
		require.NoError(t, p.KeepMark(t.Context(), registration.Mark{DatabaseID: "one", Number: number}))
	}
	mark, err := p.Mark(t.Context())
	require.NoError(t, err)
	require.Equal(t, registration.Mark{DatabaseID: "one", Number: 5}, mark)
	require.NoError(t, p.KeepMark(t.Context(), registration.Mark{DatabaseID: "two", Number: 1}))
	mark, err = p.Mark(t.Context())
	require.NoError(t, err)
	require.Equal(t, registration.Mark{DatabaseID: "two", Number: 1}, mark, "another has taken its place, by a repair")
	id, err := p.Identity(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, id)
}

// A server that was killed while it wrote a task has left a batch of events that do not count. It passes over it, so that a page of
// that one alone is empty, and it says that there is no other page.
func TestABatchThatDoesNotCountHidesNoHistory(t *testing.T) {
	t.Parallel()
	for left, want := range map[int32]bool{1: true, 30: true, 1 << 20: false} {
		p := newPlace(t, grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, call grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			if asked, is := req.(*workflowservice.GetWorkflowExecutionHistoryReverseRequest); is && asked.MaximumPageSize <= left {
				return nil
			}
			return call(ctx, method, req, reply, cc, opts...)
		}))
		require.NoError(t, p.KeepMark(t.Context(), registration.Mark{DatabaseID: "one", Number: 1}))
		last, err := p.LastEvent(t.Context(), engine.Listed{WorkflowID: registration.AnchorWorkflowID(p.queue)})
		_, markErr := p.Mark(t.Context())
		if !want {
			require.ErrorContains(t, err, "has no history")
			require.ErrorContains(t, markErr, "has no history")
			continue
		}
		require.NoError(t, err)
		require.NoError(t, markErr)
		require.WithinDuration(t, time.Now(), last, time.Minute)
	}
}

// Whose run it is stands in its beginning.
func TestARunNamesItsSubject(t *testing.T) {
	t.Parallel()
	p := newPlace(t) // nobody works
	require.NoError(t, p.Start(t.Context(), registration.IndividualWorkflow, registration.WorkflowID("acct-1"), "", registration.Application{RegistrationID: "reg_1"}))
	origin, err := p.Origin(t.Context(), engine.Listed{WorkflowID: registration.WorkflowID("acct-1")})
	require.NoError(t, err)
	require.Equal(t, engine.Origin{ID: "reg_1"}, origin, "nobody has worked on it: no row stood")
	_, err = p.Origin(t.Context(), engine.Listed{WorkflowID: registration.WorkflowID("acct-2")})
	require.ErrorIs(t, err, engine.ErrNoRun)
	require.ErrorContains(t, err, registration.WorkflowID("acct-2"), "who is held up by it learns by which")
	_, err = p.LastEvent(t.Context(), engine.Listed{WorkflowID: registration.WorkflowID("acct-2")})
	require.ErrorIs(t, err, engine.ErrNoRun)
}

// Many open cases hide no payment that has ended, nor payments a case.
func TestTheNewestOfEachSortAreListed(t *testing.T) {
	t.Parallel()
	p := newPlace(t) // nobody works: what is begun does not end
	payment := registration.PayoutWorkflowID("pay_1")
	require.NoError(t, p.Start(t.Context(), registration.PayoutWorkflow, payment, "", "pay_1"))
	require.NoError(t, p.End(t.Context(), payment, "", "by hand"))
	for _, id := range []string{"a", "over", "b"} {
		require.NoError(t, p.Start(t.Context(), registration.IndividualWorkflow, registration.WorkflowID(id), "", registration.Application{}))
	}
	require.NoError(t, p.End(t.Context(), registration.WorkflowID("over"), "", "by hand"))
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		all, err := p.Newest(context.Background(), 1)
		require.NoError(t, err)
		var ids []string
		for _, l := range all {
			ids = append(ids, l.WorkflowID)
		}
		require.ElementsMatch(t, []string{registration.WorkflowID("b"), registration.WorkflowID("over"), payment}, ids)
	}, 10*time.Second, 50*time.Millisecond)
}
