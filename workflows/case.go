package workflows

import (
	"slices"

	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// steps says what a registration does in each of its states: it waits for one thing and deals with it.
type steps map[registration.State]func(ctx workflow.Context)

// regCase is one registration under way. Its Case mirrors the row; a continued run reads it anew.
type regCase struct {
	registration.Case
	inbox
	app     registration.Application
	refused *registration.Refusal // the opening was refused: there is no registration
	clocks  clocks
	shown   searchable
}

func newCase(app registration.Application) *regCase { return &regCase{app: app} }

// run takes one step after another until the registration has ended, and answers whoever is still waiting. Nothing it does
// can be cancelled from outside: a request to cancel is a stimulus like others.
func (c *regCase) run(ctx workflow.Context, do steps) (registration.State, error) {
	ctx = c.open(ctx, c.app.RegistrationID)
	if err := c.listen(ctx); err != nil {
		return registration.None, err
	}
	c.start(ctx)
	for c.refused == nil && !c.State.Final() {
		if c.continues(ctx) {
			next := c.app
			next.Case = &registration.Case{Version: c.Version}
			return c.State, workflow.NewContinueAsNewError(ctx, registration.WorkflowOf(c.app.Kind), next)
		}
		c.describe(ctx)
		do[c.State](ctx)
	}
	c.describe(ctx)
	c.turnAway()
	err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
	return c.State, err
}

// start opens the registration, or takes it up where its row stands.
func (c *regCase) start(ctx workflow.Context) {
	defer func() { c.opened = true }()
	if c.app.Case != nil {
		c.Version = c.app.Case.Version
		c.look(ctx)
		return
	}
	app := c.app
	app.RunID = workflow.GetInfo(ctx).WorkflowExecution.RunID
	result := c.ledger(ctx, func() []any { return []any{app} }, ledger.Open)
	if c.refused = result.Refusal; c.refused == nil {
		c.adopt(ctx, result)
	}
}

// look reads the row, and follows what is stored there.
func (c *regCase) look(ctx workflow.Context) {
	c.take(ctx, ledger.Look, registration.ByClock)
}

// cancelled does what a request to cancel the run comes to.
func (c *regCase) cancelled(ctx workflow.Context) {
	c.take(ctx, ledger.Cancelled, registration.ByOps)
}

// turnAway refuses the acts that came too late.
func (c *regCase) turnAway() {
	c.drain(func(p *pendingAct) {
		p.answer(c.Answer(), registration.RefuseAct(c.app.Kind, c.State, p.kind))
	})
}

// Answer is what an act is answered.
func (c *regCase) Answer() registration.Answer {
	return registration.Answer{State: c.State, Sequence: c.Sequence, Version: c.Version}
}

// adopt takes over what a step came to: the new state, the payment, the deadlines.
func (c *regCase) adopt(ctx workflow.Context, r registration.StepResult) {
	c.Case = registration.Case{
		State: r.State, Sequence: r.Sequence, Version: r.Version, Due: r.Due, Overdue: r.Overdue, Payment: r.Payment, Idle: r.Idle, Review: r.Review,
	}
	c.arm(ctx)
	c.publish(ctx)
}

// waits reports whether the registration is in one of the states.
func (c *regCase) waits(in ...registration.State) bool { return slices.Contains(in, c.State) }
