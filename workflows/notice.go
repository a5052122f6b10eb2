package workflows

import (
	"cmp"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// Notices delivers the notices of an event, by all channels at once, for as long as a provider is away. Most are sent at the first
// try, within the first task. It fails if a provider refused one for good, or if nobody knows whether it was sent, but not before
// the others are delivered: at ops' word that one is sent again, by itself.
func Notices(ctx workflow.Context, notices []registration.NoticeRef) error {
	left, err := tryNotices.runLocally(tryingFirst(ctx), notices)
	if err != nil { // they have not been sent, or not within a few seconds, or nobody knows
		left = notices
	}
	failures := make([]error, len(left))
	all := workflow.NewWaitGroup(ctx)
	for i, n := range left {
		all.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer all.Done()
			failures[i] = insist(ctx, n.Lane, "Deliver the notice", deliver, n.ID)
		})
	}
	all.Wait(ctx)
	return cmp.Or(failures...)
}

// tryingFirst is for one try within the workflow's first task, which must not wait for it longer than a task may take. What it does
// not come to is done by an activity.
func tryingFirst(ctx workflow.Context) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: registration.FirstTryWithin + 2*time.Second,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},
	})
}
