package workflows

import (
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// by is a step that no act asks for.
func (f *flow) by(ctx workflow.Context, by registration.Actor) registration.Step {
	return registration.Step{
		Subject: f.subject, AccountID: f.accountID, Actor: by, Known: f.Version, RunID: workflow.GetInfo(ctx).WorkflowExecution.RunID,
	}
}

// stepOf is the step that finishes an act.
func (f *flow) stepOf(ctx workflow.Context, a *act) registration.Step {
	step := f.by(ctx, a.args.Actor)
	step.ActID, step.InputRef, step.Role = a.args.ActID, a.args.InputRef, a.args.Role
	return step
}

// take takes a step that no act asks for, and adopts its result.
func (f *flow) take(ctx workflow.Context, do activity[registration.Step, registration.StepResult], by registration.Actor) registration.StepResult {
	result := f.whole(ctx, func() registration.StepResult { return record(ctx, do, f.by(ctx, by)) })
	f.adopt(ctx, result)
	return result
}

// look reads the row, and does what follows from what is stored there and from the time that has passed.
func (f *flow) look(ctx workflow.Context) { f.take(ctx, look, registration.ByClock) }

// finish takes the step that an act asks for, and answers the act.
func (f *flow) finish(ctx workflow.Context, a *act, do activity[registration.Step, registration.StepResult]) {
	f.close(ctx, a, func() registration.StepResult { return record(ctx, do, f.stepOf(ctx, a)) })
}

// awaitDecision waits for a reviewer, whose decision leads to the process's end, back to who asked, or in a clearing to the holder's
// objection or the clearing itself. Time reminds and escalates, and never decides.
func (f *flow) awaitDecision(ctx workflow.Context) {
	if got := f.next(ctx); got.is(registration.ActDecide) {
		f.finish(ctx, got, decide)
	}
}

// refuse ends an act with a refusal that changes nothing.
func (f *flow) refuse(ctx workflow.Context, a *act, refusal registration.Refusal) {
	f.close(ctx, a, func() registration.StepResult {
		return record(ctx, refuseAct, registration.Refusing{Step: f.stepOf(ctx, a), Refusal: refusal})
	})
}

// ask has a provider do what an act asks for; the activity takes the act's step itself. A provider that stays away burns no
// attempt: the act is refused and may be tried again.
func (f *flow) ask(ctx workflow.Context, a *act, lane registration.Lane, summary string, do activity[registration.Step, registration.StepResult]) {
	away := false
	result := f.whole(ctx, func() registration.StepResult {
		result, err := ask(ctx, lane, summary, do, f.stepOf(ctx, a))
		away = err != nil || result.ActID != a.args.ActID
		return result
	})
	if away {
		f.refuse(ctx, a, unavailable)
		return
	}
	f.adopt(ctx, result)
	a.answer(f.Answer(), result.Refusal)
}

func (f *flow) close(ctx workflow.Context, a *act, step func() registration.StepResult) {
	result := f.whole(ctx, step)
	f.adopt(ctx, result)
	a.answer(f.Answer(), result.Refusal)
}

// whole takes a step from a database that knows all that the run does. While it knows less, nothing may be done on what it
// says: the run stands still until it is told to look again.
func (f *flow) whole(ctx workflow.Context, step func() registration.StepResult) registration.StepResult {
	for {
		result := step()
		if !result.Behind {
			return result
		}
		f.halted = true
		f.publish(ctx)
		f.await(ctx, f.told)
		f.halted = false
	}
}

// adopt takes over what a step came to.
func (f *flow) adopt(ctx workflow.Context, r registration.StepResult) {
	f.Case = r.Case
	if !f.State.Final() { // what runs at the end ends with the run
		f.alarms.set(ctx, f.Wake)
	}
	f.publish(ctx)
}
