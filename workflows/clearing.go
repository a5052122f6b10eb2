package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"shiming/activities"
	"shiming/registration"
)

// IdentityClearing carries the clearing of an account's identity from the request to its end (guide section 6, questions
// 1 and 2): eligibility, materials, review, where it is owed the holder's objection, and the clearing itself. Like a
// registration it cannot be cancelled from outside.
func IdentityClearing(ctx workflow.Context, app registration.ClearingApplication) (registration.State, error) {
	c := &clearingCase{app: app}
	ctx = c.open(ctx, app.ClearingID)
	if err := c.listen(ctx); err != nil {
		return registration.None, err
	}
	c.start(ctx)
	for c.refused == nil && !c.State.Final() {
		if c.continues(ctx) {
			next := c.app
			next.Case = &registration.ClearingCase{Version: c.Version}
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

// clearingCase is one clearing under way. Its ClearingCase mirrors the row; a continued run reads it anew.
type clearingCase struct {
	registration.ClearingCase
	inbox
	app     registration.ClearingApplication
	refused *registration.Refusal // the opening was refused: there is no clearing
	clock   alarm
	shown   searchable

	released int // the newest attempt to clear whose hold this run has ended
}

// listen sets up everything that can reach the clearing.
func (c *clearingCase) listen(ctx workflow.Context) error {
	err := c.takeOpening(ctx, registration.CodeClearingExists, func() (registration.Answer, *registration.Refusal) { return c.Answer(), c.refused })
	if err != nil {
		return err
	}
	for _, act := range registration.ClearingActs() {
		if act == registration.ActDocument || act == registration.ActObject { // go straight to the database
			continue
		}
		judge := func() (registration.Answer, *registration.Refusal) {
			return c.Answer(), registration.RefuseAct(registration.IdentityClearing, c.State, act)
		}
		if err := c.takeAct(ctx, act, judge); err != nil {
			return err
		}
	}
	return workflow.SetQueryHandler(ctx, registration.QueryFacts, func() (registration.ClearingCase, error) { return c.ClearingCase, nil })
}

// start opens the clearing, or takes it up where its row stands.
func (c *clearingCase) start(ctx workflow.Context) {
	defer func() { c.opened = true }()
	if c.app.Case != nil {
		c.Version = c.app.Case.Version
		c.record(ctx, clearings.LookClearing, c.by(ctx, registration.ByClock, ""))
		return
	}
	app := c.app
	app.RunID = workflow.GetInfo(ctx).WorkflowExecution.RunID
	result := c.ledger(ctx, clearings.OpenClearing, func() []any { return []any{app} })
	if c.refused = result.Refusal; c.refused == nil {
		c.adopt(ctx, result)
	}
}

// next waits for one thing and deals with it: an act, word to look at what is stored, a request to cancel, or the time that
// the state waits for.
func (c *clearingCase) next(ctx workflow.Context) {
	got := c.receive(ctx)
	switch {
	case got.look:
		c.record(ctx, clearings.LookClearing, c.by(ctx, registration.ByClock, ""))
		return
	case got.cancel:
		c.record(ctx, clearings.ClearingCancelled, c.by(ctx, registration.ByOps, ""))
		return
	case got.act == nil:
		c.ring(ctx)
		return
	}
	p := got.act
	if r := registration.RefuseAct(registration.IdentityClearing, c.State, p.kind); r != nil { // the state changed while it waited
		refusal := c.record(ctx, clearings.RefuseClearingAct, c.by(ctx, p.args.Actor, p.args.ActID), *r)
		p.answer(c.Answer(), refusal)
		return
	}
	refusal := c.perform(ctx, p.kind, p.args)
	p.answer(c.Answer(), refusal)
}

func (c *clearingCase) perform(ctx workflow.Context, kind registration.Act, args registration.ActArgs) *registration.Refusal {
	step := c.by(ctx, args.Actor, args.ActID)
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
	step := c.by(ctx, registration.ByClock, "")
	switch c.State {
	case registration.WaitingEligibility:
		c.lookAgain(ctx, step)
	case registration.MaterialsRequired:
		c.record(ctx, clearings.ClearingIdle, step)
	case registration.UnderReview:
		c.record(ctx, clearings.ClearingReviewTick, step)
	case registration.ObjectionPeriod:
		c.record(ctx, clearings.LookClearing, step)
	}
}

// pause is how long a wallet that stays away is left alone.
const pause = 5 * time.Minute

// lookAgain judges the conditions when time should have met them. While the wallet is away it is asked now and then, and
// acts are answered in between.
func (c *clearingCase) lookAgain(ctx workflow.Context, step stepper) {
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
	return workflow.ExecuteActivity(asking(ctx, own, "Judge the conditions"), clearance.JudgeConditions, c.app.ClearingID).Get(ctx, nil) == nil
}

// stepper makes a step of the ledger by what the run knows when it is taken.
type stepper func() activities.Step

// by is a step of the ledger: by whom, and the act it finishes.
func (c *clearingCase) by(ctx workflow.Context, actor registration.Actor, actID string) stepper {
	return func() activities.Step {
		return activities.Step{
			RegistrationID: c.app.ClearingID, Actor: actor, ActID: actID,
			Known: c.Version, RunID: workflow.GetInfo(ctx).WorkflowExecution.RunID,
		}
	}
}

// ledger runs a step of the ledger. It waits for as long as the database is away, and stands still while it knows less than
// the run; an error that trying again cannot cure is a bug, which blocks the workflow task, loudly, and loses nothing.
func (c *clearingCase) ledger(ctx workflow.Context, activity any, args func() []any) registration.ClearingResult {
	for {
		var result registration.ClearingResult
		if err := workflow.ExecuteLocalActivity(recording(ctx), activity, args()...).Get(ctx, &result); err != nil {
			panic(err)
		}
		if !result.Behind {
			return result
		}
		c.standStill(ctx)
	}
}

// record runs a step of the ledger and takes over what it came to.
func (c *clearingCase) record(ctx workflow.Context, activity any, step stepper, more ...any) *registration.Refusal {
	return c.recorded(ctx, activity, step, more...).Refusal
}

func (c *clearingCase) recorded(ctx workflow.Context, activity any, step stepper, more ...any) registration.ClearingResult {
	result := c.ledger(ctx, activity, func() []any { return append([]any{step()}, more...) })
	c.adopt(ctx, result)
	return result
}

func (c *clearingCase) adopt(ctx workflow.Context, r registration.ClearingResult) {
	c.ClearingCase = registration.ClearingCase{
		State: r.State, Sequence: r.Sequence, Version: r.Version, Due: r.Due, Overdue: r.Overdue, Wake: r.Wake, Attempt: r.Attempt,
	}
	c.arm(ctx)
	c.publish(ctx)
}

// eligibilityClock is a clearing's one clock; its state says what it is for.
const eligibilityClock clock = "clearing"

// arm sets the one timer to when the state is to be looked at next.
func (c *clearingCase) arm(ctx workflow.Context) {
	c.clock.set(ctx, c.box, eligibilityClock, c.Wake)
}

// Answer is what an act is answered.
func (c *clearingCase) Answer() registration.Answer {
	return registration.Answer{State: c.State, Sequence: c.Sequence, Version: c.Version}
}

// turnAway refuses the acts that came too late.
func (c *clearingCase) turnAway() {
	c.drain(func(p *pendingAct) {
		p.answer(c.Answer(), registration.RefuseAct(registration.IdentityClearing, c.State, p.kind))
	})
}

// searchable is what ops should find now.
func (c *clearingCase) searchable() searchable {
	s := searchable{known: true, state: c.State, overdue: c.Overdue}
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
