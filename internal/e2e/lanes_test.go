package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"shiming/internal/config"
	"shiming/registration"
)

// byLanes requires that activities were asked for on the queues of these lanes.
func (w *world) byLanes(t testing.TB, want map[string]registration.Lane) {
	t.Helper()
	queues := map[string][]string{}
	page, err := w.engine.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: "TaskQueue starts_with '" + w.workerConfig.TaskQueue + "'"})
	require.NoError(t, err)
	for _, e := range page.GetExecutions() {
		for _, event := range w.eventsOf(t, e.GetExecution().GetWorkflowId()) {
			if a := event.GetActivityTaskScheduledEventAttributes(); a != nil {
				name := a.GetActivityType().GetName()
				queues[name] = append(queues[name], a.GetTaskQueue().GetName())
			}
		}
	}
	for name, lane := range want {
		require.NotEmpty(t, queues[name], "nothing asked for %s: %v", name, queues)
		require.Contains(t, queues[name], lane.Of(w.workerConfig.TaskQueue), name)
		require.False(t, lane != "" && slices.Contains(queues[name], w.workerConfig.TaskQueue), "%s held up others: %v", name, queues)
	}
}

func (w *world) eventsOf(t testing.TB, workflowID string) (events []*historypb.HistoryEvent) {
	t.Helper()
	it := w.engine.GetWorkflowHistory(t.Context(), workflowID, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for it.HasNext() {
		e, err := it.Next()
		require.NoError(t, err)
		events = append(events, e)
	}
	return events
}

// The engine gives out no more calls a second than are set, however many workers ask for them. A machine that is slow makes the
// time longer and never shorter.
func TestALanesPaceIsThatOfAllWorkersTogether(t *testing.T) {
	t.Parallel()
	const calls, aSecond = 14, 2
	w := newWorld(t, withPace(config.Pace{SMS: aSecond}))
	w.startWorker(t)
	for n := range calls {
		_, err := w.engine.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
			ID: w.paced(n), TaskQueue: registration.WorkflowQueue(registration.NoticesWorkflow, w.workerConfig.TaskQueue),
		}, registration.NoticesWorkflow, []registration.NoticeRef{{ID: "ntc_nobody", Lane: registration.SMSLane}})
		require.NoError(t, err)
	}
	var begun []time.Time
	w.eventually(t, func() bool {
		begun = begun[:0]
		for n := range calls {
			for _, e := range w.eventsOf(t, w.paced(n)) {
				if e.GetEventType() == enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED {
					begun = append(begun, e.GetEventTime().AsTime())
				}
			}
		}
		return len(begun) >= calls
	}, func() string { return fmt.Sprintf("%d of %d calls were made", len(begun), calls) })
	slices.SortFunc(begun, time.Time.Compare)
	took := begun[len(begun)-1].Sub(begun[0])
	t.Logf("%d calls at %d a second over two workers: %s", calls, aSecond, took)
	const atOnce = 4 // each of the queue's partitions lets one pass that has waited for nobody
	require.GreaterOrEqual(t, took, (calls-atOnce)*time.Second/aSecond*9/10)
}

// paced names a workflow that makes one call.
func (w *world) paced(n int) string { return fmt.Sprintf("%s/paced/%d", w.workerConfig.TaskQueue, n) }
