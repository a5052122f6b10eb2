package workflows

import (
	"math"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// WebhookDelivery tells one subscriber of one event, for three days if need be. The last try is made when they are
// over; a ping has that one only. What follows from it is the database's to say.
func WebhookDelivery(ctx workflow.Context, d registration.Delivery) error {
	first := tellFirst(ctx, d)
	if first.Over {
		return nil
	}
	if !first.GiveUpAt.IsZero() { // it was tried, and refused
		d.GiveUpAt = first.GiveUpAt
	}
	if err := workflow.Sleep(ctx, first.Pause); err != nil {
		return err
	}
	for {
		if left := d.GiveUpAt.Sub(workflow.Now(ctx)); left > 0 {
			delivered, err := deliverWithin(ctx, d, left)
			if delivered || err != nil {
				return err
			}
			if err := workflow.Sleep(ctx, max(time.Second, d.GiveUpAt.Sub(workflow.Now(ctx)))); err != nil {
				return err
			}
		}
		result, err := tellSubscriber.run(lastTry(ctx), registration.DeliveryTry{ID: d.ID, Round: d.Round, Last: true})
		if err != nil || result.Over {
			return err
		}
		d.GiveUpAt = result.GiveUpAt // it was the first try: the worker had been away
		if err := workflow.Sleep(ctx, max(time.Second, min(result.Pause, d.GiveUpAt.Sub(workflow.Now(ctx))))); err != nil {
			return err
		}
	}
}

// tellFirst makes the first try. What it leaves is done in the lane, after a pause if the subscriber has refused.
func tellFirst(ctx workflow.Context, d registration.Delivery) registration.DeliveryResult {
	last := !d.GiveUpAt.After(workflow.Now(ctx))
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: 30 * time.Second,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},
	})
	result, err := tellAtOnce.runLocally(local, registration.DeliveryTry{ID: d.ID, Round: d.Round, Last: last})
	if err != nil {
		return registration.DeliveryResult{}
	}
	return result
}

// deliverWithin tries with a growing pause. It reports false when time is up.
func deliverWithin(ctx workflow.Context, d registration.Delivery, left time.Duration) (over bool, err error) {
	_, err = tellSubscriber.run(delivering(ctx, left), registration.DeliveryTry{ID: d.ID, Round: d.Round})
	if isFinal(err) {
		return false, err
	}
	return err == nil, ctx.Err()
}

// delivering is for telling a subscriber. How long to pause after a refusal, or when enough requests to the subscriber are
// under way, is said with the failure; this policy paces what failed without a word: the database, and tries that were
// lost with their worker. Its maximum caps the pauses that are said too (by the server; the SDK's test environment does
// not), so it must be the longest of them.
func delivering(ctx workflow.Context, within time.Duration) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              queue(ctx, registration.WebhookLane),
		ScheduleToCloseTimeout: within,
		StartToCloseTimeout:    30 * time.Second,
		Summary:                "Tell the subscriber",
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: registration.ShortestDeliveryPause, BackoffCoefficient: 2, MaximumInterval: registration.LongestDeliveryPause,
			MaximumAttempts: math.MaxInt32, // time alone ends it; zero says so to a server, but ten to the SDK's test environment
		},
	})
}

// lastTry is tried again only if it could not be made, or not be written down.
func lastTry(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              queue(ctx, registration.WebhookLane),
		ScheduleToCloseTimeout: 30 * 24 * time.Hour,
		StartToCloseTimeout:    30 * time.Second,
		Summary:                "Tell the subscriber, for the last time",
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 20 * time.Second},
	})
}
