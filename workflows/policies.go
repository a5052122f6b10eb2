package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// endless is the total deadline of what is tried for as long as it takes. It must be said: left out, a local activity's
// is that of one try, and a database away for longer would fail the step.
const endless = 10 * 365 * 24 * time.Hour

// recording is for the ledger: short transactions, tried until they are written.
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

// insist runs an activity that must be done in the end: tried for as long as it takes. What does not move on is flagged
// by its deadline, not by giving up; only what trying again cannot cure ends it.
func insist(ctx workflow.Context, lane registration.Lane, summary string, activity any, arg string) error {
	for {
		err := workflow.ExecuteActivity(insisting(ctx, lane, summary), activity, arg).Get(ctx, nil)
		var failed *temporal.ApplicationError
		if err == nil || temporal.IsCanceledError(err) || errors.As(err, &failed) && failed.NonRetryable() {
			return err
		}
	}
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
