package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// endless is the total deadline of what is tried for as long as it takes. It must be said: left out, a local activity's
// is that of one try, and a database away for longer would fail the step.
const endless = 10 * 365 * 24 * time.Hour

// recording is for a step: short transactions, tried until they are written.
func recording(ctx workflow.Context) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: endless,
		StartToCloseTimeout:    10 * time.Second,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 200 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: time.Minute},
	})
}

// own is the lane of what needs none: the workflow's own task queue.
const own = registration.Lane("")

// queue is the task queue of a lane, beside the registrations' own.
func queue(ctx workflow.Context, lane registration.Lane) string {
	info := workflow.GetInfo(ctx)
	return lane.Of(registration.MainQueue(info.WorkflowType.Name, info.TaskQueueName))
}

// grace is how long a call may go without a sign of life from its worker before it is tried elsewhere.
const grace = 10 * time.Second

// atOnce is for the first try of a call that somebody waits for: made in the task that delivers the act, which costs a fraction of a
// task of its own, and short, for the run waits meanwhile.
func atOnce(ctx workflow.Context) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: 5 * time.Second,
		StartToCloseTimeout:    5 * time.Second,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},
	})
}

// asking is for a call somebody waits for: a busy provider is tried a few times within seconds, then the act is
// answered provider_unavailable and may be tried again by its caller.
func asking(ctx workflow.Context, lane registration.Lane, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              queue(ctx, lane),
		ScheduleToCloseTimeout: 90 * time.Second,
		StartToCloseTimeout:    30 * time.Second,
		HeartbeatTimeout:       grace,
		Summary:                summary,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 300 * time.Millisecond, BackoffCoefficient: 2, MaximumAttempts: 4},
	})
}

// insisting bounds one round of insisting, so that a round that hangs is begun anew.
func insisting(ctx workflow.Context, lane registration.Lane, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              queue(ctx, lane),
		ScheduleToCloseTimeout: 30 * 24 * time.Hour,
		StartToCloseTimeout:    registration.LongestMessageCall + 15*time.Second,
		HeartbeatTimeout:       grace,
		Summary:                summary,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 20 * time.Second},
	})
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
