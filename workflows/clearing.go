package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"shiming/activities"
	"shiming/registration"
)

// IdentityClearing carries the clearing of an account's identity from the request to its end (guide section 6, questions
// 1 and 2): eligibility, materials, review, where it is owed the holder's objection, and the clearing itself.
func IdentityClearing(ctx workflow.Context, app registration.ClearingApplication) (registration.State, error) {
	c := &clearingCase{app: app}
	c.inbox = workflow.NewNamedBufferedChannel(ctx, "inbox", 10_000)
	if err := c.listen(ctx); err != nil {
		return registration.None, err
	}
	c.start(ctx)
	for c.refused == nil && !c.State.Final() {
		if c.mayContinue(ctx) {
			next := c.app
			next.Case = &c.ClearingCase
			return c.State, workflow.NewContinueAsNewError(ctx, registration.ClearingWorkflow, next)
		}
		c.describe(ctx)
		if c.State == registration.Clearing {
			c.clear(ctx)
			continue
		}
		c.next(ctx)
	}
	c.describe(ctx)
	c.turnAway()
	err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
	return c.State, err
}

// clearingCase is one clearing under way. What must outlive continue-as-new is in its ClearingCase.
type clearingCase struct {
	registration.ClearingCase
	app     registration.ClearingApplication
	inbox   workflow.Channel
	opened  bool
	refused *registration.Refusal // the opening was refused: there is no clearing
	clock   alarm
	shown   searchable
}

// start opens the clearing, or takes it up where the run before left it.
func (c *clearingCase) start(ctx workflow.Context) {
	if c.app.Case != nil {
		c.ClearingCase = *c.app.Case
		c.shown = c.searchable()
		c.arm(ctx)
	} else {
		c.refused = c.record(ctx, clearings.OpenClearing, c.app)
	}
	c.opened = true
}

func (c *clearingCase) mayContinue(ctx workflow.Context) bool {
	return workflow.GetInfo(ctx).GetContinueAsNewSuggested() && c.inbox.Len() == 0 &&
		workflow.GetSignalChannel(ctx, registration.SignalObjection).Len() == 0 && workflow.AllHandlersFinished(ctx)
}

// next waits for one thing and deals with it: an act, news of an objection, or the time that the state waits for.
func (c *clearingCase) next(ctx workflow.Context) {
	var got stimulus
	c.inbox.Receive(ctx, &got)
	switch {
	case got.objection != "":
		c.record(ctx, clearings.ObjectionTick, c.step(registration.ByClock, ""))
		return
	case got.act == nil:
		c.ring(ctx)
		return
	}
	p := got.act
	if r := registration.RefuseAct(registration.IdentityClearing, c.State, p.kind); r != nil { // the state changed while it waited
		p.answer(registration.Answer{}, r)
		return
	}
	refusal := c.perform(ctx, p.kind, p.args)
	p.answer(c.Answer(), refusal)
}

func (c *clearingCase) perform(ctx workflow.Context, kind registration.Act, args registration.ActArgs) *registration.Refusal {
	step := c.step(args.Actor, args.ActID)
	switch kind {
	case registration.ActSubmit:
		if !c.judged(ctx) {
			return c.record(ctx, clearings.RefuseClearingAct, step, unavailable)
		}
		return c.record(ctx, clearings.SubmitClearing, step)
	case registration.ActDecide:
		return c.record(ctx, clearings.DecideClearing, step, args.InputRef)
	}
	return c.record(ctx, clearings.WithdrawClearing, step)
}

// ring does what time brings the state.
func (c *clearingCase) ring(ctx workflow.Context) {
	step := c.step(registration.ByClock, "")
	switch c.State {
	case registration.WaitingEligibility:
		c.lookAgain(ctx, step)
	case registration.MaterialsRequired:
		c.record(ctx, clearings.ClearingIdle, step)
	case registration.UnderReview:
		c.record(ctx, clearings.ClearingReviewTick, step)
	case registration.ObjectionPeriod:
		c.record(ctx, clearings.ObjectionTick, step)
	}
}

// pause is how long a wallet that stays away is left alone.
const pause = 5 * time.Minute

// lookAgain judges the conditions when time should have met them. While the wallet is away it is asked now and then, and
// acts are answered in between.
func (c *clearingCase) lookAgain(ctx workflow.Context, step activities.ClearingStep) {
	if !c.judged(ctx) {
		later := workflow.Now(ctx).Add(pause)
		c.Wake = &later
		c.arm(ctx)
		return
	}
	c.record(ctx, clearings.ClearingJudged, step)
}

// judged has the conditions judged by what the wallet says now; false if it does not answer. A contested claim has no
// conditions of its own.
func (c *clearingCase) judged(ctx workflow.Context) bool {
	if c.app.AccountID == "" {
		return true
	}
	return workflow.ExecuteActivity(asking(ctx, "Judge the conditions"), clearance.JudgeConditions, c.app.ClearingID).Get(ctx, nil) == nil
}

// step is a step of the ledger: by whom, and the act it finishes.
func (c *clearingCase) step(by registration.Actor, actID string) activities.ClearingStep {
	return activities.ClearingStep{ClearingID: c.app.ClearingID, Actor: by, ActID: actID}
}

// record runs a step of the ledger and takes over what it came to. It waits for as long as the database is away; an
// error that trying again cannot cure is a bug, which blocks the workflow task, loudly, and loses nothing.
func (c *clearingCase) record(ctx workflow.Context, activity any, args ...any) *registration.Refusal {
	var result registration.ClearingResult
	if err := workflow.ExecuteLocalActivity(recording(ctx), activity, args...).Get(ctx, &result); err != nil {
		panic(err)
	}
	if result.State == registration.None { // the opening was refused
		return result.Refusal
	}
	c.State, c.Sequence, c.Due, c.Overdue, c.Wake = result.State, result.Sequence, result.Due, result.Overdue, result.Wake
	c.arm(ctx)
	c.publish(ctx)
	return result.Refusal
}

// arm sets the one timer to when the state is to be looked at next.
func (c *clearingCase) arm(ctx workflow.Context) {
	a := &c.clock
	if c.Wake == nil {
		a.stop()
		return
	}
	at := *c.Wake
	if a.cancel != nil && a.at.Equal(at) {
		return
	}
	a.stop()
	timed, cancel := workflow.WithCancel(ctx)
	*a = alarm{at: at, cancel: cancel}
	// Never at once: the ledger's clock may lag behind the engine's by a little, and would be asked in a loop.
	wait := max(at.Sub(workflow.Now(ctx)), 200*time.Millisecond)
	timer := workflow.NewTimerWithOptions(timed, wait, workflow.TimerOptions{Summary: string(c.State)})
	workflow.Go(timed, func(ctx workflow.Context) {
		if timer.Get(ctx, nil) == nil {
			if a.at.Equal(at) {
				a.cancel = nil
			}
			c.inbox.Send(ctx, stimulus{clock: eligibilityClock})
		}
	})
}

// eligibilityClock is a clearing's one clock; its state says what it is for.
const eligibilityClock clock = "clearing"

// Answer is what an act is answered.
func (c *clearingCase) Answer() registration.Answer {
	return registration.Answer{State: c.State, Sequence: c.Sequence}
}

// turnAway refuses the acts that came too late.
func (c *clearingCase) turnAway() {
	var got stimulus
	for c.inbox.ReceiveAsync(&got) {
		if got.act != nil {
			got.act.answer(c.Answer(), registration.RefuseAct(registration.IdentityClearing, c.State, got.act.kind))
		}
		got = stimulus{}
	}
}

// searchable is what ops should find now.
func (c *clearingCase) searchable() searchable {
	s := searchable{state: c.State, overdue: c.Overdue}
	if c.Due != nil && c.State != registration.MaterialsRequired { // inactivity's moves with every act
		s.due = c.Due.At
	}
	return s
}

func (c *clearingCase) publish(ctx workflow.Context) {
	now := c.searchable()
	publish(ctx, c.shown, now)
	c.shown = now
}

// describe tells ops in words where the clearing stands.
func (c *clearingCase) describe(ctx workflow.Context) {
	text := fmt.Sprintf("**%s**, waiting on %s", c.State, c.State.WaitingOn())
	if c.Due != nil {
		text += ", due " + c.Due.At.Format(time.RFC3339)
	}
	if c.Overdue {
		text += " (overdue)"
	}
	workflow.SetCurrentDetails(ctx, text)
}
