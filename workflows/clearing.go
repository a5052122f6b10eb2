package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// IdentityClearing carries the clearing of an account's identity from the request to its end (guide section 6, questions
// 1 and 2): eligibility, materials, review, where it is owed the holder's objection, and the clearing itself.
func IdentityClearing(ctx workflow.Context, app registration.ClearingApplication) (registration.State, error) {
	ctx, c := newClearing(ctx, app)
	return c.run(ctx, app.Case, steps{
		registration.WaitingEligibility: c.awaitEligibility,
		registration.MaterialsRequired:  c.collectMaterials,
		registration.UnderReview:        c.awaitDecision,
		registration.ObjectionPeriod:    c.awaitObjection,
		registration.Clearing:           c.clear,
	})
}

// clearingCase is one clearing under way.
type clearingCase struct {
	flow
	released int // the newest attempt to clear whose hold this run has ended
}

// newClearing sets a clearing up. The context is the one to work on.
func newClearing(ctx workflow.Context, app registration.ClearingApplication) (workflow.Context, *clearingCase) {
	c := &clearingCase{flow: flow{
		kind: registration.IdentityClearing, subject: app.ClearingID, accountID: app.AccountID, taken: registration.CodeClearingExists,
	}}
	ctx = c.begin(ctx)
	c.open = func(ctx workflow.Context) registration.StepResult {
		app.RunID = workflow.GetInfo(ctx).WorkflowExecution.RunID
		return record(ctx, openClearing, app)
	}
	c.again = func(ctx workflow.Context, from *registration.Case) error {
		app.Case = from
		return workflow.NewContinueAsNewError(ctx, registration.ClearingWorkflow, app)
	}
	c.wake = c.lookAgain
	return ctx, c
}

// awaitEligibility waits for the moment at which time alone has met the conditions, which leads to materials_required.
func (c *clearingCase) awaitEligibility(ctx workflow.Context) { c.next(ctx) }

// collectMaterials waits for documents, which go straight to the database, and for the word that all is handed in. If the
// conditions, judged anew, are met, that leads to under_review.
func (c *clearingCase) collectMaterials(ctx workflow.Context) {
	got := c.next(ctx)
	if !got.is(registration.ActSubmit) {
		return
	}
	if !c.judged(ctx) {
		c.refuse(ctx, got, unavailable)
		return
	}
	c.finish(ctx, got, submit)
}

// awaitObjection waits for the holder's word, which goes straight to the database and leads to another review, or for the end of
// the time in which it may come, which leads to the clearing.
func (c *clearingCase) awaitObjection(ctx workflow.Context) { c.next(ctx) }

// pause is how long a wallet that stays away is left alone.
const pause = 5 * time.Minute

// lookAgain looks at the row when its time has come. Conditions that time should have met are judged first; while the wallet is
// away it is asked now and then, and acts are answered in between.
func (c *clearingCase) lookAgain(ctx workflow.Context) {
	switch {
	case c.State != registration.WaitingEligibility:
		c.look(ctx)
	case c.judged(ctx):
		c.take(ctx, clearingJudged, registration.ByClock)
	default:
		later := workflow.Now(ctx).Add(pause)
		c.Wake = &later
		c.alarms.set(ctx, c.Wake)
	}
}

// judged has the conditions judged by what the wallet says now; false if it does not answer. A contested claim has no
// conditions of its own.
func (c *clearingCase) judged(ctx workflow.Context) bool {
	if c.accountID == "" {
		return true
	}
	_, err := ask(ctx, own, "Judge the conditions", judgeConditions, c.subject)
	return err == nil
}
