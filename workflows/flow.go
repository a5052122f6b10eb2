package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// steps says what a process does in each of its states: it waits for one thing and deals with it.
type steps map[registration.State]func(ctx workflow.Context)

// flow is what every process on a row has in common: it opens the row, takes one step after another until the row's state is
// final, and answers whoever still waits. Its Case mirrors the row, which nobody else moves.
type flow struct {
	registration.Case
	kind      registration.Kind
	subject   string                // id of the row
	accountID string                // empty of a contested claim
	taken     registration.Code     // what the opening of another is refused with
	refused   *registration.Refusal // the opening was refused: there is no row
	opened    bool
	halted    bool // the database knows less than the run, which stands still

	acts   []*act                  // that wait for their step, in the order in which they came
	handed *act                    // given to the process, which takes its step
	looks  workflow.ReceiveChannel // word to look at what is stored
	cancel cancellation
	alarms alarms

	open  func(ctx workflow.Context) registration.StepResult        // opens the row
	again func(ctx workflow.Context, from *registration.Case) error // continues in a new run
	wake  func(ctx workflow.Context)                                // does what time brings
}

// begin sets a flow up. The context that it returns is the one to work on: a request to cancel does not reach it, but is one
// more thing that happens.
func (f *flow) begin(ctx workflow.Context) workflow.Context {
	work := f.cancel.shield(ctx)
	f.looks = workflow.GetSignalChannel(work, registration.SignalLook)
	f.wake = f.look
	return work
}

// run takes the process from where it stands to its end. from is where the run before it has come to; nil: the row is opened.
func (f *flow) run(ctx workflow.Context, from *registration.Case, do steps) (registration.State, error) {
	if err := f.listen(ctx); err != nil {
		return registration.None, err
	}
	f.start(ctx, from)
	for f.refused == nil && !f.State.Final() {
		if f.continues(ctx) {
			return f.State, f.again(ctx, &registration.Case{Version: f.Version})
		}
		f.describe(ctx)
		do[f.State](ctx)
	}
	f.describe(ctx)
	f.turnAway()
	err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
	return f.State, err
}

// start opens the row, or takes it up where it stands.
func (f *flow) start(ctx workflow.Context, from *registration.Case) {
	defer func() { f.opened = true }()
	if from != nil {
		f.Version = from.Version
		f.look(ctx)
		return
	}
	opening := f.whole(ctx, func() registration.StepResult { return f.open(ctx) })
	if f.refused = opening.Refusal; f.refused != nil {
		f.publish(ctx)
		return
	}
	f.adopt(ctx, opening)
}

// next waits for an act that the state allows and returns it; the caller takes its step. What is the same in every state is
// dealt with here, and nil returned, for the state may be another then: a request to cancel, word to look at what is stored, a
// withdrawal, an act that came too late, a moment that was waited for.
func (f *flow) next(ctx workflow.Context) *act {
	if a := f.handed; a != nil && !a.done { // nobody may wait for ever, whatever the table allows
		f.refuse(ctx, a, registration.Refusal{Code: registration.CodeWrongState, State: f.State})
	}
	f.await(ctx, func() bool { return f.cancel.asked() || f.looks.Len() > 0 || len(f.acts) > 0 || f.alarms.rang() })
	switch {
	case f.cancel.asked():
		f.cancel.heard = true
		f.take(ctx, cancelled, registration.ByOps)
	case f.told():
		f.look(ctx)
	case len(f.acts) > 0:
		return f.admit(ctx)
	case f.alarms.rang():
		f.alarms.silence()
		f.wake(ctx)
	}
	return nil // also for word that cannot be read: the engine's client has passed it over
}

// admit takes the oldest act out, and returns it if its step is the caller's to take.
func (f *flow) admit(ctx workflow.Context) *act {
	a := f.acts[0]
	f.acts = f.acts[1:]
	switch refusal := registration.RefuseAct(f.kind, f.State, a.kind); {
	case refusal != nil: // the state changed while it waited
		f.refuse(ctx, a, *refusal)
	case a.kind == registration.ActWithdraw:
		f.finish(ctx, a, withdraw)
	default:
		f.handed = a
		return a
	}
	return nil
}

// told reports whether there was word to look, however often it came.
func (f *flow) told() (yes bool) {
	var word registration.Look
	for f.looks.ReceiveAsync(&word) {
		yes = true
	}
	return yes
}

// await waits until cond holds.
func (f *flow) await(ctx workflow.Context, cond func() bool) {
	if err := workflow.Await(ctx, cond); err != nil { // cannot be: nothing cancels it
		workflow.GetLogger(ctx).Error("a wait was cut short", "error", err)
	}
}

// sleep waits for a while and hears nothing meanwhile.
func (f *flow) sleep(ctx workflow.Context, d time.Duration) {
	if err := workflow.Sleep(ctx, d); err != nil { // as above
		workflow.GetLogger(ctx).Error("a pause was cut short", "error", err)
	}
}

// continues reports whether history has grown long enough and nothing is under way that a new run would miss. It waits for
// that, or for something else to do: the act that was answered last has not returned when its step has.
func (f *flow) continues(ctx workflow.Context) bool {
	if !workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
		return false
	}
	waits := func() bool { return f.cancel.asked() || len(f.acts) > 0 || f.looks.Len() > 0 }
	f.await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) || waits() })
	return !waits() && workflow.AllHandlersFinished(ctx)
}

// turnAway refuses the acts that came too late.
func (f *flow) turnAway() {
	for _, a := range f.acts {
		a.answer(f.Answer(), registration.RefuseAct(f.kind, f.State, a.kind))
	}
	f.acts = nil
}

// Answer is what an act is answered.
func (f *flow) Answer() registration.Answer {
	return registration.Answer{State: f.State, Sequence: f.Sequence, Version: f.Version}
}

// cancellation is a request to cancel, which the process hears but is not cut short by.
type cancellation struct {
	outer workflow.Context
	heard bool
}

// shield returns a context that cannot be cancelled from outside.
func (c *cancellation) shield(ctx workflow.Context) workflow.Context {
	c.outer = ctx
	work, _ := workflow.NewDisconnectedContext(ctx)
	return work
}

// asked reports whether somebody has asked for it and was not heard yet.
func (c *cancellation) asked() bool { return !c.heard && c.outer.Err() != nil }
