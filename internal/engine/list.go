package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"shiming/registration"
)

// Listed is a workflow as the engine's list has it.
type Listed struct {
	Type       string // of workflow
	WorkflowID string
	RunID      string
	Runs       bool
	Completed  bool // it ended by itself, and without an error
	Failed     bool // it ended with an error of its own
	Started    time.Time
	State      registration.State // of a registration or a clearing: where the run has come to
}

// listedAtOnce is how many workflows are asked for at a time.
const listedAtOnce = 500

// Newest lists the newest workflows of the task queue, up to limit of each sort: cases and payments, those that run by their
// beginning and those that have ended by their end. The engine lists what runs first, so that in one list many open cases would
// hide every payment that was made.
func (e *Engine) Newest(ctx context.Context, limit int) (all []Listed, err error) {
	for _, types := range [][]string{cases, {registration.PayoutWorkflow}} {
		for _, is := range []string{"=", "!="} {
			page, err := e.page(ctx, e.ours()+" and WorkflowType in ("+quoted(types)+") and ExecutionStatus "+is+" 'Running'", limit, nil)
			if err != nil {
				return nil, err
			}
			some, err := e.listed(page)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
	}
	return all, nil
}

// cases are the types of workflows that are of registrations and clearings.
var cases = []string{registration.IndividualWorkflow, registration.EnterpriseWorkflow, registration.ClearingWorkflow}

// subjects are the types of workflows whose row tells whether the database knows them.
var subjects = append(slices.Clone(cases), registration.PayoutWorkflow)

// Since lists every workflow of the task queue that runs, or that has ended since a moment, but the anchor. Of several runs of one
// workflow the newest comes first.
func (e *Engine) Since(ctx context.Context, since time.Time, each func(Listed) error) error {
	query := fmt.Sprintf("%s and WorkflowType != '%s' and (ExecutionStatus = 'Running' or CloseTime >= '%s')",
		e.ours(), registration.AnchorWorkflow, since.UTC().Format(time.RFC3339Nano))
	return e.each(ctx, query, each)
}

// Running lists every registration and clearing that runs.
func (e *Engine) Running(ctx context.Context, each func(Listed) error) error {
	return e.each(ctx, e.ours()+" and ExecutionStatus = 'Running' and (WorkflowType in ("+quoted(subjects)+"))", each)
}

// ours chooses what runs on the task queues of this product.
func (e *Engine) ours() string {
	return "TaskQueue in (" + quoted(registration.WorkflowQueues(strings.ReplaceAll(e.taskQueue, "'", "''"))) + ")"
}

func quoted(names []string) string { return "'" + strings.Join(names, "', '") + "'" }

func (e *Engine) each(ctx context.Context, query string, each func(Listed) error) error {
	var next []byte
	for {
		page, err := e.page(ctx, query, listedAtOnce, next)
		if err != nil {
			return err
		}
		all, err := e.listed(page)
		if err != nil {
			return err
		}
		for _, l := range all {
			if err := each(l); err != nil {
				return err
			}
		}
		if next = page.GetNextPageToken(); len(next) == 0 {
			return nil
		}
	}
}

func (e *Engine) page(ctx context.Context, query string, size int, next []byte) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	page, err := e.client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query, PageSize: int32(size), NextPageToken: next})
	return page, gone(err)
}

func (e *Engine) listed(page *workflowservice.ListWorkflowExecutionsResponse) (all []Listed, err error) {
	for _, info := range page.GetExecutions() {
		l, err := shown(info)
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

// shown is what the engine shows of a workflow.
func shown(info *workflowpb.WorkflowExecutionInfo) (Listed, error) {
	l := Listed{
		Type: info.GetType().GetName(), WorkflowID: info.GetExecution().GetWorkflowId(), RunID: info.GetExecution().GetRunId(),
		Runs:      info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING,
		Completed: info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED,
		Failed:    info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_FAILED,
		Started:   info.GetStartTime().AsTime(),
	}
	state := info.GetSearchAttributes().GetIndexedFields()[registration.AttrState]
	if state == nil {
		return l, nil
	}
	err := converter.GetDefaultDataConverter().FromPayload(state, &l.State) // search attributes are not encrypted
	return l, err
}

// Now is what a workflow that was listed shows at this moment: the list may lag behind it. [ErrNoRun] says that the engine has
// forgotten it.
func (e *Engine) Now(ctx context.Context, l Listed) (Listed, error) {
	ctx, cancel := context.WithTimeout(ctx, askedWithin)
	defer cancel()
	d, err := e.client.DescribeWorkflowExecution(ctx, l.WorkflowID, l.RunID)
	if err != nil {
		return l, gone(err)
	}
	return shown(d.GetWorkflowExecutionInfo())
}

// Origin is what the beginning of a run's history says of it.
type Origin struct {
	ID string // of the registration or clearing that it is of
	// Stood says that the run has taken a step, so that there was a row.
	Stood bool

	refused bool // its opening was: that is a step too, and leaves no row. The run ends in the same batch of events
}

// stepMarker is what the SDK calls the event of a local activity; steps are the first of those in every run.
const stepMarker = "LocalActivity"

// beginning is how many batches of events are read at a time to see how a run began; mostly it is in the first.
const beginning = 10

// Origin reads how a run began. [ErrNoRun] says that the engine has forgotten it.
func (e *Engine) Origin(ctx context.Context, l Listed) (o Origin, err error) {
	ctx, cancel := context.WithTimeout(ctx, askedWithin)
	defer cancel()
	ask := &workflowservice.GetWorkflowExecutionHistoryRequest{
		Namespace: e.namespace, Execution: &commonpb.WorkflowExecution{WorkflowId: l.WorkflowID, RunId: l.RunID}, MaximumPageSize: beginning,
	}
	for {
		answer, err := e.client.WorkflowService().GetWorkflowExecutionHistory(ctx, ask)
		if err != nil {
			return o, unread(l.WorkflowID, err)
		}
		for _, event := range answer.GetHistory().GetEvents() {
			if err := e.read(&o, l, event); err != nil {
				return o, err
			}
		}
		if ask.NextPageToken = answer.GetNextPageToken(); o.Stood || len(ask.NextPageToken) == 0 {
			break
		}
	}
	if o.ID == "" {
		return o, fmt.Errorf("engine: workflow %s: the history does not say how it began", l.WorkflowID)
	}
	o.Stood = o.Stood && !o.refused
	return o, nil
}

// read takes from an event what it says of the run's beginning: what it was started with, and that a step was taken.
func (e *Engine) read(o *Origin, l Listed, event *historypb.HistoryEvent) error {
	o.Stood = o.Stood || event.GetMarkerRecordedEventAttributes().GetMarkerName() == stepMarker
	dc := converter.WithDataConverterSerializationContext(e.payloads, converter.WorkflowSerializationContext{Namespace: e.namespace, WorkflowID: l.WorkflowID})
	if completed := event.GetWorkflowExecutionCompletedEventAttributes(); completed != nil && l.Type != registration.PayoutWorkflow {
		var state registration.State
		if err := dc.FromPayloads(completed.GetResult(), &state); err != nil {
			return fmt.Errorf("workflow %s: %w", l.WorkflowID, err)
		}
		o.refused = state == registration.None
	}
	started := event.GetWorkflowExecutionStartedEventAttributes()
	if started == nil {
		return nil
	}
	var app struct {
		RegistrationID string `json:"registration_id"`
		ClearingID     string `json:"clearing_id"`
	}
	if err := dc.FromPayloads(started.GetInput(), &app); err != nil {
		return fmt.Errorf("workflow %s: %w", l.WorkflowID, err)
	}
	o.ID = cmp.Or(app.RegistrationID, app.ClearingID)
	return nil
}

// LastEvent says when anything happened to a run last. [ErrNoRun] says that the engine has forgotten it.
func (e *Engine) LastEvent(ctx context.Context, l Listed) (last time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, askedWithin)
	defer cancel()
	events, err := e.newestEvents(ctx, l.WorkflowID, l.RunID, 1)
	if err != nil {
		return last, err
	}
	return events[0].GetEventTime().AsTime(), nil
}

// mostBatches is how many batches of events are asked for at most.
const mostBatches = 1000

// newestEvents reads the newest batches of a workflow's events, at least one event, the newest first; an empty runID means its newest
// run. A server that was killed between writing events and writing that they count has left a batch that it passes over; a page of
// nothing else comes back empty and as if it were the last, so then more is asked for (seen of server 1.29).
func (e *Engine) newestEvents(ctx context.Context, workflowID, runID string, batches int32) ([]*historypb.HistoryEvent, error) {
	for ; batches <= mostBatches; batches *= 10 {
		answer, err := e.client.WorkflowService().GetWorkflowExecutionHistoryReverse(ctx, &workflowservice.GetWorkflowExecutionHistoryReverseRequest{
			Namespace: e.namespace, Execution: &commonpb.WorkflowExecution{WorkflowId: workflowID, RunId: runID}, MaximumPageSize: batches,
		})
		if err != nil {
			return nil, unread(workflowID, err)
		}
		if events := answer.GetHistory().GetEvents(); len(events) > 0 {
			return events, nil
		}
	}
	return nil, fmt.Errorf("engine: workflow %s has no history", workflowID)
}

// unread names the workflow whose history could not be read: one may hold up a comparison of all.
func unread(workflowID string, err error) error {
	return fmt.Errorf("workflow %s: %w", workflowID, gone(err))
}

// End ends a run at once, by a repair: what it knows is not what the database knows. One that has ended is left so.
func (e *Engine) End(ctx context.Context, workflowID, runID, why string) error {
	err := gone(e.client.TerminateWorkflow(ctx, workflowID, runID, why))
	if errors.Is(err, ErrNoRun) {
		return nil
	}
	return err
}
