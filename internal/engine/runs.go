package engine

import (
	"context"
	"errors"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"shiming/registration"
)

// Nudge tells the run of a registration or clearing to look at its row. [ErrNoRun] says that none runs.
func (e *Engine) Nudge(ctx context.Context, workflowID, id string) error {
	return gone(e.client.SignalWorkflow(ctx, workflowID, "", registration.SignalLook, registration.Look{ID: id}))
}

// Resume starts a run that takes a registration up from its row, in place of one that is gone. One that runs is left alone.
func (e *Engine) Resume(ctx context.Context, app registration.Application) error {
	options := e.startOptions(app)
	return e.begin(ctx, options, registration.WorkflowOf(app.Kind), app)
}

// ResumeClearing is [Engine.Resume] for a clearing.
func (e *Engine) ResumeClearing(ctx context.Context, app registration.ClearingApplication) error {
	return e.begin(ctx, e.clearingOptions(app), registration.ClearingWorkflow, app)
}

// Start begins a workflow that carries a message. One of its id that runs, or that has done its work, is left alone; one that
// failed, or was ended by somebody, is begun again.
func (e *Engine) Start(ctx context.Context, workflow, id, summary string, args ...any) error {
	return e.begin(ctx, client.StartWorkflowOptions{
		ID: id, TaskQueue: registration.WorkflowQueue(workflow, e.taskQueue), StaticSummary: summary, Priority: priorityOf(workflow),
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY, EnableEagerStart: e.eager.Load(),
	}, workflow, args...)
}

// Restart is [Engine.Start] for what has failed, as its row says. The run that failed at it may not know that it has: it ends here,
// or it would be taken for one that is at work.
func (e *Engine) Restart(ctx context.Context, workflow, id, summary string, args ...any) error {
	_, err := e.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: id, TaskQueue: registration.WorkflowQueue(workflow, e.taskQueue), StaticSummary: summary, Priority: priorityOf(workflow),
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING,
	}, workflow, args...)
	return gone(err)
}

// behind is the priority of what nobody waits for; registrations, clearings and payments have Temporal's usual 3, and 1 is the highest.
const behind = 4

// priorityOf puts messages to people and to subscribers behind everything else, where tasks wait for a worker. A server without
// priorities takes no notice.
func priorityOf(workflow string) temporal.Priority {
	switch workflow {
	case registration.NoticesWorkflow, registration.WebhookWorkflow:
		return temporal.Priority{PriorityKey: behind}
	}
	return temporal.Priority{}
}

func (e *Engine) begin(ctx context.Context, options client.StartWorkflowOptions, workflow string, args ...any) error {
	options.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL
	options.WorkflowExecutionErrorWhenAlreadyStarted = true
	_, err := e.client.ExecuteWorkflow(ctx, options, workflow, args...)
	if _, runs := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); runs {
		return nil
	}
	return gone(err)
}

// Seen is what the engine says of a workflow.
type Seen struct {
	Runs   bool
	Failed bool   // it ended with an error of its own; false if somebody ended it
	RunID  string // the engine's
	// FailedTasks counts how often the task at hand has been tried; many say that the run cannot finish it.
	FailedTasks int
}

// Look asks the engine about a workflow. One that it does not know does not run.
func (e *Engine) Look(ctx context.Context, workflowID string) (Seen, error) {
	d, err := e.client.DescribeWorkflowExecution(ctx, workflowID, "")
	if err = gone(err); errors.Is(err, ErrNoRun) {
		return Seen{}, nil
	}
	if err != nil {
		return Seen{}, err
	}
	info := d.GetWorkflowExecutionInfo()
	return Seen{
		Runs:        info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING,
		Failed:      info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_FAILED,
		RunID:       info.GetExecution().GetRunId(),
		FailedTasks: int(d.GetPendingWorkflowTask().GetAttempt()),
	}, nil
}

func gone(err error) error {
	if err == nil {
		return nil
	}
	if _, none := errors.AsType[*serviceerror.NotFound](err); none {
		return ErrNoRun
	}
	return unavailable(err)
}

// Known asks the run of a registration or a clearing which version of its row it knows. That needs a worker.
func (e *Engine) Known(ctx context.Context, workflowID string) (version int64, err error) {
	facts, err := e.facts(ctx, workflowID)
	return facts.Version, err
}

// Attempts asks the run of a clearing how often it has begun to clear. That needs a worker.
func (e *Engine) Attempts(ctx context.Context, workflowID string) (int, error) {
	facts, err := e.facts(ctx, workflowID)
	return facts.Attempt, err
}

// facts are what a run says of itself, as it mirrors its row.
func (e *Engine) facts(ctx context.Context, workflowID string) (facts registration.Case, err error) {
	answer, err := e.client.QueryWorkflow(ctx, workflowID, "", registration.QueryFacts)
	if err != nil {
		return facts, gone(err)
	}
	err = answer.Get(&facts)
	return facts, err
}
