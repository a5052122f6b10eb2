package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sethvargo/go-retry"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	updatepb "go.temporal.io/api/update/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/grpc/codes"

	"shiming/registration"
)

// Wait says how long an act may take. Taken bounds the time until Temporal and a worker have taken it, Done the time
// until it is answered; both are moments.
type Wait struct{ Taken, Done time.Time }

// probeWithin bounds the question whether an act was taken after all.
const probeWithin = 500 * time.Millisecond

// Open starts a registration's workflow and waits until it stands or is refused. If one runs for the account already,
// it answers in its stead. updateID is of this call alone: an answer to it stays, also when the run is over.
func (e *Engine) Open(ctx context.Context, app registration.Application, updateID string, wait Wait) (registration.Answer, error) {
	return e.open(ctx, e.startOptions(app), registration.WorkflowOf(app.Kind), app, app.RegistrationID, updateID, wait)
}

// OpenClearing starts a clearing's workflow, as [Engine.Open] does a registration's.
func (e *Engine) OpenClearing(ctx context.Context, app registration.ClearingApplication, updateID string, wait Wait) (registration.Answer, error) {
	return e.open(ctx, e.clearingOptions(app), registration.ClearingWorkflow, app, app.ClearingID, updateID, wait)
}

// open starts a workflow, unless it runs already, and waits until what it is about stands or is refused.
func (e *Engine) open(ctx context.Context, options client.StartWorkflowOptions, workflow string, app any, id, updateID string, wait Wait) (registration.Answer, error) {
	start := e.client.NewWithStartWorkflowOperation(options, workflow, app)
	taking, cancel := context.WithDeadline(ctx, wait.Taken)
	defer cancel()
	handle, err := e.client.UpdateWithStartWorkflow(taking, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateID: updateID, WorkflowID: options.ID, UpdateName: string(registration.ActOpen),
			Args: []any{registration.ActArgs{Act: registration.ActOpen, ActID: updateID, RegistrationID: id, Actor: registration.ByApplicant}},
			// Accepted, not completed: then a crash of either side leaves a durable update behind.
			WaitForStage: client.WorkflowUpdateStageAccepted,
		},
	})
	if err != nil {
		return answer(err)
	}
	return e.outcome(ctx, handle, wait)
}

func (e *Engine) startOptions(app registration.Application) client.StartWorkflowOptions {
	state := registration.IdentityRequired
	switch {
	case app.Kind == registration.Enterprise:
		state = registration.AdminIdentityRequired
	case app.IdentityRef != "":
		state = registration.DetailsRequired
	}
	return e.options(registration.WorkflowID(app.AccountID), app.Kind, app.RegistrationID, state)
}

func (e *Engine) clearingOptions(app registration.ClearingApplication) client.StartWorkflowOptions {
	return e.options(app.WorkflowID(), registration.IdentityClearing, app.ClearingID, registration.MaterialsRequired)
}

func (e *Engine) options(workflowID string, kind registration.Kind, id string, state registration.State) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                       workflowID,
		TaskQueue:                e.taskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            fmt.Sprintf("%s %s", kind, id),
		TypedSearchAttributes: temporal.NewSearchAttributes(
			temporal.NewSearchAttributeKeyKeyword(registration.AttrKind).ValueSet(string(kind)),
			temporal.NewSearchAttributeKeyKeyword(registration.AttrState).ValueSet(string(state)),
			temporal.NewSearchAttributeKeyKeyword(registration.AttrWaitingOn).ValueSet(string(state.WaitingOn())),
		),
	}
}

// Act hands an act to a registration's or clearing's workflow and waits for its answer, which says at which version the run
// stands, also with a refusal by a step. args.ActID is also the update's id.
func (e *Engine) Act(ctx context.Context, workflowID string, act registration.Act, args registration.ActArgs, wait Wait) (registration.Answer, error) {
	args.Act = act
	taking, cancel := context.WithDeadline(ctx, wait.Taken)
	defer cancel()
	handle, err := e.update(taking, client.UpdateWorkflowOptions{
		UpdateID: args.ActID, WorkflowID: workflowID, UpdateName: string(act), Args: []any{args},
		WaitForStage: client.WorkflowUpdateStageAccepted,
	})
	if err != nil {
		// The server's clock for the call may run out a moment before ours.
		late := taking.Err() != nil || serviceerror.ToStatus(err).Code() == codes.DeadlineExceeded
		if late && e.taken(ctx, workflowID, args.ActID) {
			return registration.Answer{}, ErrStillWorking
		}
		return answer(err)
	}
	return e.outcome(ctx, handle, wait)
}

// update sends an update, again while the run is closing: Temporal refuses updates between a run's first try to end,
// undone by an event that came in between, and its next. By its id the act is done once.
func (e *Engine) update(ctx context.Context, options client.UpdateWorkflowOptions) (handle client.WorkflowUpdateHandle, err error) {
	closing := retry.WithCappedDuration(time.Second, retry.NewExponential(50*time.Millisecond))
	err = retry.Do(ctx, closing, func(ctx context.Context) error {
		handle, err = e.client.UpdateWorkflow(ctx, options)
		if err != nil && serviceerror.ToStatus(err).Code() == codes.FailedPrecondition {
			return retry.RetryableError(err)
		}
		return err
	})
	return handle, err
}

func (e *Engine) outcome(ctx context.Context, handle client.WorkflowUpdateHandle, wait Wait) (registration.Answer, error) {
	ctx, cancel := context.WithDeadline(ctx, wait.Done)
	defer cancel()
	var got registration.Answer
	err := handle.Get(ctx, &got)
	if err != nil && ctx.Err() != nil {
		return registration.Answer{}, ErrStillWorking
	}
	if err == nil {
		return got, nil
	}
	got, err = answer(err)
	if errors.Is(err, ErrUnavailable) { // it was taken; only the way to its answer is cut off
		err = ErrStillWorking
	}
	return got, err
}

// taken asks whether Temporal holds an act that no worker has accepted in time.
func (e *Engine) taken(ctx context.Context, workflowID, updateID string) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeWithin)
	defer cancel()
	_, err := e.client.WorkflowService().PollWorkflowExecutionUpdate(ctx, &workflowservice.PollWorkflowExecutionUpdateRequest{
		Namespace: e.namespace,
		UpdateRef: &updatepb.UpdateRef{
			WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: workflowID}, UpdateId: updateID,
		},
	})
	return err == nil
}
