package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"shiming/registration"
)

// anchorEvents is how far back the anchor's history is read. Marks come about in order; the newest few decide.
const anchorEvents = 100

// askedWithin bounds each question that the SDK itself does not bound.
const askedWithin = 10 * time.Second

// Mark reads the newest mark that the engine has kept, from the anchor's history: that needs no worker, and has each mark as soon as
// the engine has taken it. It returns [ErrNoRun] if the engine has none.
func (e *Engine) Mark(ctx context.Context) (newest registration.Mark, err error) {
	ctx, cancel := context.WithTimeout(ctx, askedWithin)
	defer cancel()
	id := registration.AnchorWorkflowID(e.taskQueue)
	events, err := e.newestEvents(ctx, id, "", anchorEvents)
	if err != nil {
		return newest, err
	}
	dc := converter.WithDataConverterSerializationContext(e.payloads, converter.WorkflowSerializationContext{Namespace: e.namespace, WorkflowID: id})
	marks := []*commonpb.Payloads{}
	for _, event := range events { // the newest first
		if signal := event.GetWorkflowExecutionSignaledEventAttributes(); signal.GetSignalName() == registration.SignalMark {
			marks = append(marks, signal.GetInput())
		}
		if started := event.GetWorkflowExecutionStartedEventAttributes(); started != nil {
			marks = append(marks, started.GetInput())
		}
	}
	for _, said := range slices.Backward(marks) {
		var mark registration.Mark
		if err := dc.FromPayloads(said, &mark); err != nil {
			return newest, err
		}
		newest = newest.Newest(mark)
	}
	if newest == (registration.Mark{}) {
		return newest, errors.New("engine: the anchor's history says no mark")
	}
	return newest, nil
}

// KeepMark has the engine remember a mark; once it returns, the engine has it.
func (e *Engine) KeepMark(ctx context.Context, mark registration.Mark) error {
	id := registration.AnchorWorkflowID(e.taskQueue)
	_, err := e.client.SignalWithStartWorkflow(ctx, id, registration.SignalMark, mark, client.StartWorkflowOptions{
		ID: id, TaskQueue: e.taskQueue, WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary: "How far the database has come",
	}, registration.AnchorWorkflow, mark)
	return gone(err)
}

// Identity names the cluster and the namespace, which another engine has not, though it has everything else of this one's.
func (e *Engine) Identity(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askedWithin)
	defer cancel()
	cluster, err := e.client.WorkflowService().GetClusterInfo(ctx, &workflowservice.GetClusterInfoRequest{})
	if err != nil {
		return "", gone(err)
	}
	namespace, err := e.client.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: e.namespace})
	if err != nil {
		return "", gone(err)
	}
	return cluster.GetClusterId() + "/" + namespace.GetNamespaceInfo().GetId(), nil
}
