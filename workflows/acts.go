package workflows

import (
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// listen sets up everything that can reach the registration.
func (c *regCase) listen(ctx workflow.Context) error {
	err := c.takeOpening(ctx, registration.CodeRegistrationExists, func() (registration.Answer, *registration.Refusal) { return c.Answer(), c.refused })
	if err != nil {
		return err
	}
	for _, act := range registration.Acts() {
		if !through(act) {
			continue
		}
		judge := func() (registration.Answer, *registration.Refusal) {
			return c.Answer(), registration.RefuseAct(c.app.Kind, c.State, act)
		}
		if err := c.takeAct(ctx, act, judge); err != nil {
			return err
		}
	}
	return workflow.SetQueryHandler(ctx, registration.QueryFacts, func() (registration.Case, error) { return c.Case, nil })
}

// through reports whether an act goes through the workflow; the others need only the database.
func through(act registration.Act) bool {
	switch act {
	case registration.ActName, registration.ActContact, registration.ActDocument, registration.ActResolvePayout:
		return false
	}
	return true
}

// does is an act's work: it takes the registration on, or says why not.
type does map[registration.Act]func(ctx workflow.Context, args registration.ActArgs) *registration.Refusal

// next waits for one thing and deals with it: an act by its work, everything else the same way in every state.
func (c *regCase) next(ctx workflow.Context, work does) {
	got := c.receive(ctx)
	switch {
	case got.act != nil:
		c.perform(ctx, got.act, work)
	case got.look:
		c.look(ctx)
	case got.cancel:
		c.cancelled(ctx)
	default:
		c.ring(ctx, got.clock)
	}
}

func (c *regCase) perform(ctx workflow.Context, p *pendingAct, work does) {
	if r := registration.RefuseAct(c.app.Kind, c.State, p.kind); r != nil { // the state changed while it waited
		p.answer(c.finish(c.refuseAct(ctx, p.args, *r)))
		return
	}
	if p.kind == registration.ActWithdraw {
		p.answer(c.finish(c.record(ctx, ledger.Withdraw, p.args)))
		return
	}
	p.answer(c.finish(work[p.kind](ctx, p.args)))
}

// finish pairs a refusal with the state the act has left behind.
func (c *regCase) finish(refusal *registration.Refusal) (registration.Answer, *registration.Refusal) {
	return c.Answer(), refusal
}
