package workflows

import (
	"slices"

	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// steps says what a registration does in each of its states: it waits for one thing and deals with it.
type steps map[registration.State]func(ctx workflow.Context)

// regCase is one registration under way. What must outlive continue-as-new is in its Case.
type regCase struct {
	registration.Case
	app     registration.Application
	inbox   workflow.Channel // everything that can happen, in the order it came
	opened  bool
	refused *registration.Refusal // the opening was refused: there is no registration
	clocks  clocks
	paying  string // the payment whose Payout workflow is under way
	shown   searchable
}

func newCase(app registration.Application) *regCase { return &regCase{app: app} }

// run takes one step after another until the registration has ended, and answers whoever is still waiting.
func (c *regCase) run(ctx workflow.Context, do steps) (registration.State, error) {
	c.inbox = workflow.NewNamedBufferedChannel(ctx, "inbox", 10_000)
	if err := c.listen(ctx); err != nil {
		return registration.None, err
	}
	if err := c.start(ctx); err != nil {
		return registration.None, err
	}
	for c.refused == nil && !c.State.Final() {
		if c.mayContinue(ctx) {
			return c.State, c.continueAsNew(ctx)
		}
		c.describe(ctx)
		do[c.State](ctx)
	}
	c.describe(ctx)
	c.turnAway()
	err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
	return c.State, err
}

// start opens the registration, or takes it up where the run before left it.
func (c *regCase) start(ctx workflow.Context) error {
	defer func() { c.opened = true }()
	if c.app.Case != nil {
		c.Case = *c.app.Case
		c.shown = c.searchable()
		c.arm(ctx)
		return nil
	}
	result := c.ledger(ctx, ledger.Open, c.app)
	if c.refused = result.Refusal; c.refused != nil {
		return nil
	}
	c.Idle = wakeAt(result)
	c.adopt(ctx, result)
	return nil
}

// mayContinue reports whether history has grown long enough, and nothing is under way that a new run would miss.
func (c *regCase) mayContinue(ctx workflow.Context) bool {
	return workflow.GetInfo(ctx).GetContinueAsNewSuggested() && c.paying == "" && c.inbox.Len() == 0 &&
		workflow.GetSignalChannel(ctx, registration.SignalBankReport).Len() == 0 &&
		workflow.GetSignalChannel(ctx, registration.SignalSessionReport).Len() == 0 && workflow.AllHandlersFinished(ctx)
}

func (c *regCase) continueAsNew(ctx workflow.Context) error {
	next := c.app
	next.Case = &c.Case
	return workflow.NewContinueAsNewError(ctx, registration.WorkflowOf(c.app.Kind), next)
}

// turnAway refuses the acts that came too late.
func (c *regCase) turnAway() {
	for {
		var got stimulus
		if !c.inbox.ReceiveAsync(&got) {
			return
		}
		if got.act != nil {
			got.act.answer(c.Answer(), registration.RefuseAct(c.app.Kind, c.State, got.act.kind))
		}
	}
}

// Answer is what an act is answered.
func (c *regCase) Answer() registration.Answer {
	return registration.Answer{State: c.State, Sequence: c.Sequence}
}

// adopt takes over what a step came to: the new state, the payment, the deadlines.
func (c *regCase) adopt(ctx workflow.Context, r registration.StepResult) {
	c.State, c.Sequence, c.Due, c.Overdue, c.Payment = r.State, r.Sequence, r.Due, r.Overdue, r.Payment
	c.arm(ctx)
	c.publish(ctx)
	if p := c.Payment; p != nil && p.State == registration.PayoutRequestedState && p.ID != c.Ordered && c.State == registration.PayoutPending {
		c.pay(ctx, p.ID)
	}
}

// wakeAt is the moment a step asked to be looked at again.
func wakeAt(r registration.StepResult) *registration.Deadline {
	if r.Wake == nil {
		return nil
	}
	return &registration.Deadline{At: *r.Wake}
}

// waits reports whether the registration is in one of the states.
func (c *regCase) waits(in ...registration.State) bool { return slices.Contains(in, c.State) }
