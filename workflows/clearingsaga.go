package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

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
	begun := c.take(ctx, clearingAttempt, registration.ByWalletHub)
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
	switch came {
	case forgotten:
		c.take(ctx, clearIdentity, registration.ByWalletHub)
	case unmet:
		c.take(ctx, clearingUnmet, registration.ByWalletHub)
	case failed:
		c.sleep(ctx, pause)
	}
}

// hold is the hold of an attempt.
func (c *clearingCase) hold(attempt int) registration.Hold {
	return registration.Hold{ClearingID: c.subject, Key: fmt.Sprintf("%s-%d", c.subject, attempt), Version: c.Version}
}

// held holds the account. The hold is insisted on, not given up: a call that was lost on its way, by a run that is gone perhaps,
// could otherwise hold after the release. With its key having held, a late duplicate does nothing.
func (c *clearingCase) held(ctx workflow.Context, hold registration.Hold) bool {
	_, err := holdAccount.run(unceasing(ctx, "Hold the wallet account"), hold)
	return err == nil
}

// underHold judges the conditions and has the wallet forget the identity. A hold is not kept up for a wallet that does
// not answer: judging gives up after a while. Once they are met there is no way back but through.
func (c *clearingCase) underHold(ctx workflow.Context, hold registration.Hold) outcome {
	verdict, err := judgeConditions.run(holding(ctx, "Judge the conditions again"), hold.ClearingID)
	switch {
	case err != nil:
		return failed
	case !verdict.Met:
		return unmet
	}
	if _, err := forgetIdentity.run(unceasing(ctx, "The wallet forgets the identity"), hold); err != nil {
		return failed
	}
	return forgotten
}

// release ends the hold, whatever it takes.
func (c *clearingCase) release(ctx workflow.Context, hold registration.Hold) {
	for {
		if _, err := releaseAccount.run(unceasing(ctx, "Release the wallet account"), hold); err == nil {
			return
		}
		c.sleep(ctx, time.Minute)
	}
}
