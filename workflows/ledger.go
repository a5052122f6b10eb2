package workflows

import (
	"go.temporal.io/sdk/workflow"

	"shiming/activities"
	"shiming/registration"
)

// The activities, as the workflows call them; the worker registers the ones that do the work.
var (
	ledger    *activities.Ledger
	cards     *activities.Cards
	sessions  *activities.Sessions
	payouts   *activities.Payouts
	post      *activities.Post
	webhooks  *activities.Webhooks
	clearings *activities.ClearingLedger
	clearance *activities.Clearance
)

// step is a step of the ledger: by whom, the act it finishes (none for what time and reports bring), and what the run knows.
func (c *regCase) step(ctx workflow.Context, by registration.Actor, actID string) activities.Step {
	return activities.Step{
		RegistrationID: c.app.RegistrationID, Actor: by, ActID: actID,
		Known: c.Version, RunID: workflow.GetInfo(ctx).WorkflowExecution.RunID,
	}
}

// ledger runs a step of the ledger and returns what was committed. It waits for as long as the database is away, and stands
// still while it knows less than the run. An error that trying again cannot cure is a bug: it blocks the workflow task,
// loudly, and loses nothing.
func (c *regCase) ledger(ctx workflow.Context, args func() []any, activity any) registration.StepResult {
	for {
		var result registration.StepResult
		if err := workflow.ExecuteLocalActivity(recording(ctx), activity, args()...).Get(ctx, &result); err != nil {
			panic(err)
		}
		if !result.Behind {
			return result
		}
		c.standStill(ctx)
	}
}

// take runs a step that no act asks for, and adopts its result.
func (c *regCase) take(ctx workflow.Context, activity any, by registration.Actor, more ...any) {
	c.adopt(ctx, c.ledger(ctx, func() []any { return append([]any{c.step(ctx, by, "")}, more...) }, activity))
}

// record runs the step that finishes an act, adopts its result and returns the refusal, if it was one.
func (c *regCase) record(ctx workflow.Context, activity any, args registration.ActArgs, more ...any) *registration.Refusal {
	result := c.ledger(ctx, func() []any { return append([]any{c.step(ctx, args.Actor, args.ActID)}, more...) }, activity)
	c.adopt(ctx, result)
	return result.Refusal
}

// refuseAct ends an act with a refusal that changes nothing.
func (c *regCase) refuseAct(ctx workflow.Context, args registration.ActArgs, refusal registration.Refusal) *registration.Refusal {
	return c.record(ctx, ledger.RefuseAct, args, refusal, args.InputRef)
}

// unavailable is what an act is answered when the provider stayed away: nothing was counted.
var unavailable = registration.Refusal{Code: registration.CodeProviderUnavailable}
