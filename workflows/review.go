package workflows

import (
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// collectDetails waits for contact, documents and corrections, which go straight to the database, and for the word that
// all is handed in. Company information may still be corrected, and the administrator's role if that asks for it.
func (c *regCase) collectDetails(ctx workflow.Context) {
	c.next(ctx, does{
		registration.ActSubmit:       c.submit,
		registration.ActCompany:      c.handInCompany,
		registration.ActAdminSession: c.openSession,
	})
}

func (c *regCase) submit(ctx workflow.Context, args registration.ActArgs) *registration.Refusal {
	return c.record(ctx, ledger.Submit, args)
}

// awaitDecision waits for a reviewer. Time reminds and escalates, and never decides.
func (c *regCase) awaitDecision(ctx workflow.Context) {
	c.next(ctx, does{registration.ActDecide: c.decide})
}

func (c *regCase) decide(ctx workflow.Context, args registration.ActArgs) *registration.Refusal {
	return c.record(ctx, ledger.Decide, args, args.InputRef)
}
