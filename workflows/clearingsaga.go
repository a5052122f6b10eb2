package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shiming/activities"
	"shiming/registration"
)

// outcome is what an attempt to clear came to.
type outcome int

const (
	failed    outcome = iota // the wallet stayed away: another attempt, later
	unmet                    // a condition has stopped being met; nothing was cleared
	forgotten                // the wallet has forgotten the identity
)

// clear clears the identity. The wallet account is held, all conditions are judged again, the wallet forgets the
// identity, and the hold is released whatever came of it; then, and only then, the outcome is recorded, so that nobody
// sees a clearing decided whose hold is still there. The engine takes up at the same point what a crashed worker has left;
// a run that was lost or reset in between leaves its attempt to the next one, which first releases its hold.
func (c *clearingCase) clear(ctx workflow.Context) {
	begun := c.recorded(ctx, clearings.ClearingAttempt, c.by(ctx, registration.ByWalletHub, ""))
	if c.State != registration.Clearing {
		return
	}
	if begun.Waits { // for another clearing of the account, which tells this one; or for a while
		c.next(ctx)
		return
	}
	if begun.Stale > 0 && begun.Stale != c.released { // another run's
		c.held(ctx, c.hold(begun.Stale))
		c.release(ctx, c.hold(begun.Stale))
	}
	hold := c.hold(begun.Attempt)
	var came outcome
	if c.held(ctx, hold) {
		came = c.underHold(ctx, hold)
	}
	c.release(ctx, hold)
	c.released = begun.Attempt
	step := c.by(ctx, registration.ByWalletHub, "")
	switch came {
	case forgotten:
		c.record(ctx, clearings.ClearIdentity, step)
	case unmet:
		c.record(ctx, clearings.ClearingUnmet, step)
	case failed:
		if err := workflow.Sleep(ctx, pause); err != nil { // cannot be: nothing cancels it
			workflow.GetLogger(ctx).Error("the pause was cut short", "error", err)
		}
	}
}

// hold is the hold of an attempt.
func (c *clearingCase) hold(attempt int) activities.Hold {
	return activities.Hold{ClearingID: c.app.ClearingID, Key: fmt.Sprintf("%s-%d", c.app.ClearingID, attempt), Version: c.Version}
}

// held holds the account. The hold is insisted on, not given up: a call that was lost on its way, by a run that is gone perhaps,
// could otherwise hold after the release. With its key having held, a late duplicate does nothing.
func (c *clearingCase) held(ctx workflow.Context, hold activities.Hold) bool {
	return workflow.ExecuteActivity(unceasing(ctx, "Hold the wallet account"), clearance.HoldAccount, hold).Get(ctx, nil) == nil
}

// underHold judges the conditions and has the wallet forget the identity. A hold is not kept up for a wallet that does
// not answer: judging gives up after a while. Once they are met there is no way back but through.
func (c *clearingCase) underHold(ctx workflow.Context, hold activities.Hold) outcome {
	var verdict registration.ClearingVerdict
	if workflow.ExecuteActivity(holding(ctx, "Judge the conditions again"), clearance.JudgeConditions, hold.ClearingID).Get(ctx, &verdict) != nil {
		return failed
	}
	if !verdict.Met {
		return unmet
	}
	if workflow.ExecuteActivity(unceasing(ctx, "The wallet forgets the identity"), clearance.ForgetIdentity, hold).Get(ctx, nil) != nil {
		return failed
	}
	return forgotten
}

// release ends the hold, whatever it takes.
func (c *clearingCase) release(ctx workflow.Context, hold activities.Hold) {
	for workflow.ExecuteActivity(unceasing(ctx, "Release the wallet account"), clearance.ReleaseAccount, hold).Get(ctx, nil) != nil {
		if err := workflow.Sleep(ctx, time.Minute); err != nil { // as above
			workflow.GetLogger(ctx).Error("the pause was cut short", "error", err)
		}
	}
}

// unceasing is for what must be done however long it takes: there is no deadline and no giving up.
func unceasing(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 30 * time.Second,
		Summary:             summary,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 20 * time.Second},
	})
}

// holding is for a question under a hold: given up after 10 minutes, then the hold ends and another attempt follows.
func holding(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ScheduleToCloseTimeout: 10 * time.Minute,
		StartToCloseTimeout:    30 * time.Second,
		Summary:                summary,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 20 * time.Second},
	})
}
