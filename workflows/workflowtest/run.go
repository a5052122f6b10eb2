package workflowtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"shiming/activities"
	"shiming/internal/postgres"
	"shiming/registration"
	"shiming/workflows"
)

// stuck is how long the environment waits, in real time, before it calls a workflow stuck.
const stuck = 20 * time.Second

// Run is one registration's workflow under way. The test and the environment take turns: one of them runs at a time.
type Run struct {
	w   *World
	App registration.Application
	// Refused is why there is no registration; nil if there is one.
	Refused *registration.Refusal

	env      *testsuite.TestWorkflowEnvironment
	id, name string        // of the workflow
	arg      any           // of the workflow
	toTest   chan struct{} // the environment waits, the test runs
	toEnv    chan struct{} // and the other way round
	done     chan struct{} // the environment has ended
	wanted   func() bool   // what the test waits for
	released bool          // the test has gone: let the environment run on
	panicked any
	timers   int
	// recent are the signals sent since time last passed: one that a run had no chance to hear before it was continued as
	// new is the new run's. (The server does not let a run end before it has heard all.)
	recent []signal
}

type signal struct {
	name string
	arg  any
}

func (r *Run) signal(name string, arg any) {
	r.recent = append(r.recent, signal{name, arg})
	r.env.SignalWorkflow(name, arg)
}

// Timers counts the timers set so far.
func (r *Run) Timers() int { return r.timers }

// Start opens a registration and returns when its opening is answered.
func (w *World) Start(app registration.Application) *Run {
	w.T.Helper()
	r := w.launch(app)
	_, r.Refused = r.Try(registration.ActOpen, registration.ActArgs{Actor: registration.ByApplicant})
	return r
}

func (w *World) launch(app registration.Application) *Run {
	r := &Run{w: w, App: app, id: registration.WorkflowID(app.AccountID), name: registration.WorkflowOf(app.Kind), arg: app, toTest: make(chan struct{}), toEnv: make(chan struct{}), done: make(chan struct{})}
	w.runs[r.id] = r
	r.run()
	return r
}

func (r *Run) run() {
	suite := testsuite.WorkflowTestSuite{}
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	r.env = suite.NewTestWorkflowEnvironment()
	r.env.SetStartTime(r.w.Now())
	r.env.SetTestTimeout(stuck)
	r.env.SetWorkflowRunTimeout(0)
	r.env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{r.w.Faults, &activities.Boundary{Log: slog.New(slog.DiscardHandler)}}})
	r.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: r.id, TaskQueue: registration.TaskQueue})
	workflows.Register(r.env)
	activities.Register(r.env, r.w.Activities())
	r.env.SetOnTimerScheduledListener(func(string, time.Duration) { r.timers++ })
	r.w.setClock(r.env.Now)
	r.env.RegisterDelayedCallback(r.handOver, 0)
	env, done := r.env, r.done
	go func() {
		defer close(done)
		defer func() { r.panicked = recover() }()
		env.ExecuteWorkflow(r.name, r.arg)
	}()
	r.await()
}

// Continues has the engine suggest a new run, does what a user would, and fails the test unless the run has been continued by
// that.
func (r *Run) Continues(do func()) {
	r.w.T.Helper()
	before := r.env
	r.MayContinue()
	do()
	r.sleep(time.Second)
	require.NotSame(r.w.T, before, r.env, "the run goes on")
}

// MayContinue has the engine suggest a new run, which is taken up as soon as nothing is under way.
func (r *Run) MayContinue() {
	if !r.over() {
		r.env.SetContinueAsNewSuggested(true)
	}
}

// follow goes on in the new run if this one was continued.
func (r *Run) follow() {
	r.w.T.Helper()
	var next *workflow.ContinueAsNewError
	if !r.over() || !errors.As(r.env.GetWorkflowError(), &next) {
		return
	}
	r.App = registration.Application{}
	require.NoError(r.w.T, converter.GetDefaultDataConverter().FromPayloads(next.Input, &r.App))
	require.NotNil(r.w.T, r.App.Case)
	r.arg, r.done = r.App, make(chan struct{})
	r.run()
	for _, s := range r.recent {
		r.env.SignalWorkflow(s.name, s.arg)
	}
}

// AgreesWithTheDatabase fails the test if the workflow believes the registration to be elsewhere than it is stored to be.
func (r *Run) AgreesWithTheDatabase() {
	r.w.T.Helper()
	if r.over() {
		return
	}
	var believed, stored registration.Answer
	for range 30 { // a step may have committed and not been heard of yet
		if r.over() || r.env.IsWorkflowCompleted() {
			return
		}
		p := r.Begin(registration.ActOpen, registration.ActArgs{Actor: registration.ByApplicant}) // answered from memory
		r.wait(p)
		r.follow()
		if errors.Is(p.Err, errGone) {
			return
		}
		require.NoError(r.w.T, p.Err)
		err := r.w.Store.Pool().QueryRow(context.Background(), `select state, sequence, version from registrations where id = $1`, r.App.RegistrationID).
			Scan(&stored.State, &stored.Sequence, &stored.Version)
		require.NoError(r.w.T, err)
		if believed = p.Answer; believed == stored {
			return
		}
		r.Sleep(100 * time.Millisecond)
	}
	require.Equal(r.w.T, stored, believed, "the workflow is elsewhere than the database says")
}

// handOver lets the test run until it waits again. It is called on the environment's main loop.
func (r *Run) handOver() {
	if r.released {
		return
	}
	r.toTest <- struct{}{}
	<-r.toEnv
}

// poke hands over if what the test waits for has come.
func (r *Run) poke() {
	if r.wanted != nil && r.wanted() {
		r.wanted = nil
		r.handOver()
	}
}

// await waits for the environment to hand over, or to end.
func (r *Run) await() {
	select {
	case <-r.toTest:
	case <-r.done:
		at := r.env.Now()
		r.w.setClock(func() time.Time { return at })
	}
}

// resume lets the environment run until wanted holds (looked at when something the test has asked for comes), or it ends.
func (r *Run) resume(wanted func() bool) {
	if r.over() {
		return
	}
	r.catchUp()
	r.letRun(wanted)
}

// catchUp brings this run to where another registration's has brought the world.
func (r *Run) catchUp() {
	lag := r.w.Now().Sub(r.env.Now())
	if lag <= 0 || r.over() {
		return
	}
	caughtUp := false
	r.env.RegisterDelayedCallback(func() { caughtUp = true; r.poke() }, lag)
	r.letRun(func() bool { return caughtUp })
}

func (r *Run) letRun(wanted func() bool) {
	if wanted() || r.over() {
		return
	}
	r.w.setClock(r.env.Now)
	r.wanted = wanted
	r.toEnv <- struct{}{}
	r.await()
}

// over reports whether the environment has ended.
func (r *Run) over() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// Ended reports whether the registration's workflow has completed, and with what.
func (r *Run) Ended() (bool, error) {
	if r.panicked != nil {
		return true, fmt.Errorf("the environment panicked: %v", r.panicked)
	}
	if !r.env.IsWorkflowCompleted() {
		return false, nil
	}
	return true, r.env.GetWorkflowError()
}

// Sleep lets time pass. What the relay does in production happens when it is due.
func (r *Run) Sleep(d time.Duration) {
	r.w.T.Helper()
	until := r.w.Now().Add(d)
	for {
		next := r.w.nextDue(until)
		r.sleep(next.Sub(r.w.Now()))
		r.relay()
		if !next.Before(until) {
			return
		}
	}
}

func (r *Run) sleep(d time.Duration) {
	if r.over() {
		r.w.Pass(d)
		return
	}
	r.catchUp()
	passed := false
	r.env.RegisterDelayedCallback(func() { passed = true; r.poke() }, max(d, time.Millisecond))
	r.resume(func() bool { return passed })
	if !passed { // it ended meanwhile
		r.w.Pass(d)
	}
	r.health()
	r.follow()
	r.recent = nil
}

// health fails the test if the workflow has failed.
func (r *Run) health() {
	r.w.T.Helper()
	ended, err := r.Ended()
	var next *workflow.ContinueAsNewError
	if ended && err != nil && !errors.As(err, &next) {
		if panicked, ok := errors.AsType[*temporal.PanicError](err); ok {
			r.w.T.Logf("%s", panicked.StackTrace())
		}
		require.NoError(r.w.T, err, "the workflow failed")
	}
}

// Until sleeps to a moment.
func (r *Run) Until(at time.Time) {
	r.w.T.Helper()
	r.Sleep(at.Sub(r.w.Now()))
}

// settling is long against the work of an activity: while one runs, the environment's time is the real one.
const settling = 5 * time.Second

// Settle lets everything that can happen at once happen.
func (r *Run) Settle() {
	r.w.T.Helper()
	r.relay()
	r.Sleep(settling)
}

// Pending is an act whose answer has not come.
type Pending struct {
	r      *Run
	Args   registration.ActArgs
	Done   bool
	Answer registration.Answer
	Err    error
}

// Accept implements testsuite's UpdateCallbacks.
func (p *Pending) Accept() {}

// Reject implements testsuite's UpdateCallbacks.
func (p *Pending) Reject(err error) { p.Complete(nil, err) }

// Complete implements testsuite's UpdateCallbacks.
func (p *Pending) Complete(success any, err error) {
	p.Done, p.Err = true, err
	if answer, ok := success.(registration.Answer); ok {
		p.Answer = answer
	}
	p.r.env.RegisterDelayedCallback(p.r.poke, 0) // not here: a workflow's coroutine must not wait for the test
}

// Begin sends an act without waiting for its answer.
func (r *Run) Begin(act registration.Act, args registration.ActArgs) *Pending {
	args.ActID = cmp.Or(args.ActID, registration.NewID("act"))
	args.RegistrationID = cmp.Or(args.RegistrationID, r.App.RegistrationID)
	if act != registration.ActOpen && !r.over() { // one that is begun already stays as it is
		_, _, err := r.w.Store.BeginAct(context.Background(), postgres.Act{ID: args.ActID, RegistrationID: args.RegistrationID, Act: act, Actor: args.Actor}, "", nil)
		require.NoError(r.w.T, err)
	}
	args.Act = cmp.Or(args.Act, act) // as the engine's client does
	return r.Send(act, args)
}

// Send sends the run an act that nobody has noted, with just these arguments.
func (r *Run) Send(act registration.Act, args registration.ActArgs) *Pending {
	p := &Pending{r: r, Args: args}
	if r.over() {
		p.Done, p.Err = true, errGone
		return p
	}
	id := cmp.Or(args.ActID, registration.NewID("act"))
	r.env.UpdateWorkflow(string(act), id, p, args)
	return p
}

// errGone is what an act is answered when the workflow has completed.
var errGone = errors.New("workflowtest: the workflow has completed")

// Wait waits for the answers of acts.
func (r *Run) Wait(acts ...*Pending) {
	r.w.T.Helper()
	r.wait(acts...)
	r.follow()
	r.relay()
}

func (r *Run) wait(acts ...*Pending) {
	r.w.T.Helper()
	answered := func() bool {
		for _, p := range acts {
			if !p.Done {
				return false
			}
		}
		return true
	}
	if !answered() {
		r.resume(answered)
	}
	r.health()
	for _, p := range acts {
		if !p.Done && r.over() { // the workflow completed before it came: a server would answer that there is none
			p.Done, p.Err = true, errGone
		}
	}
	require.True(r.w.T, answered(), "an act was never answered")
	for _, p := range acts {
		r.acknowledge(p)
	}
}

// acknowledge does what the API does when it sees an answer.
func (r *Run) acknowledge(p *Pending) {
	at := p.Answer
	if failure, ok := errors.AsType[*temporal.ApplicationError](p.Err); ok {
		var refusal *registration.Refusal
		require.NoError(r.w.T, failure.Details(&refusal, &at))
	}
	require.NoError(r.w.T, r.w.Store.Acknowledge(context.Background(), r.App.RegistrationID, at.Version))
}

// Try performs an act and returns its answer or its refusal.
func (r *Run) Try(act registration.Act, args registration.ActArgs) (registration.Answer, *registration.Refusal) {
	r.w.T.Helper()
	p := r.Begin(act, args)
	r.Wait(p)
	return p.Answer, r.refusal(p.Err)
}

func (r *Run) refusal(err error) *registration.Refusal {
	r.w.T.Helper()
	if err == nil {
		return nil
	}
	if errors.Is(err, errGone) {
		return registration.RefuseAct(r.App.Kind, r.State(), registration.ActWithdraw)
	}
	var failure *temporal.ApplicationError
	require.ErrorAs(r.w.T, err, &failure)
	refusal := &registration.Refusal{}
	require.NoError(r.w.T, failure.Details(&refusal, new(registration.Answer)), "%v", err)
	return refusal
}

// Close ends the run if the test has not: call it before another registration starts, or the world ends.
func (r *Run) Close() {
	if r.over() {
		return
	}
	r.w.Faults.kill(true)
	defer r.w.Faults.kill(false)
	r.released = true
	r.env.SignalWorkflow(registration.SignalLook, registration.Look{ID: r.App.RegistrationID})
	r.toEnv <- struct{}{}
	<-r.done
}
