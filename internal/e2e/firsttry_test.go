package e2e

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	"shiming/internal/config"
	"shiming/registration"
)

// messageRun is a workflow that carried a message, as the engine counts.
type messageRun struct {
	id          string
	events      int64
	transitions int64
}

// messageRuns waits for n workflows of a type to end.
func (w *world) messageRuns(t testing.TB, workflowType string, n int) (all []messageRun) {
	t.Helper()
	query := fmt.Sprintf("TaskQueue = '%s' and WorkflowType = '%s' and ExecutionStatus = 'Completed'",
		registration.WorkflowQueue(workflowType, w.workerConfig.TaskQueue), workflowType)
	w.eventually(t, func() bool {
		page, err := w.engine.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: query})
		require.NoError(t, err)
		all = nil
		for _, e := range page.GetExecutions() {
			all = append(all, messageRun{e.GetExecution().GetWorkflowId(), e.GetHistoryLength(), e.GetStateTransitionCount()})
		}
		return len(all) >= n
	}, func() string { return fmt.Sprintf("%d %s that have ended: %v", n, workflowType, all) })
	return all
}

// A notice whose provider answers costs the engine one task: nothing waits for a lane.
func TestANoticeIsSentWithinItsFirstTask(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.open(t, "individual", newAccount("acct-"))
	r.proveCard()
	r.details("id_card_front", "id_card_back")
	r.post("/submit", nil).inState("under_review")
	r.approve()
	r.told(1)
	for _, run := range w.messageRuns(t, registration.NoticesWorkflow, 1) {
		require.Equal(t, messageRun{run.id, 6, 2}, run)
	}
}

// The notices of one event are carried by one workflow, whichever channels and mailboxes they go to, and each comes once.
func TestTheNoticesOfAnEventHaveOneWorkflow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.paid(t, "6789")
	r.told(4) // the payment, and that it has arrived, each by both channels
	for _, run := range w.messageRuns(t, registration.NoticesWorkflow, 1) {
		require.Equal(t, messageRun{run.id, 6, 2}, run)
	}
}

// A lane that has a pace has it for every message: none is sent past it.
func TestAPacedLaneIsNotBypassed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPace(config.Pace{Mails: 50}))
	r := w.paid(t, "6789")
	r.told(4)
	queues := map[string]int{}
	for _, run := range w.messageRuns(t, registration.NoticesWorkflow, 1) {
		for _, event := range w.eventsOf(t, run.id) {
			if a := event.GetActivityTaskScheduledEventAttributes(); a != nil {
				queues[a.GetTaskQueue().GetName()]++
			}
		}
	}
	require.Equal(t, map[string]int{registration.EmailLane.Of(w.workerConfig.TaskQueue): 1}, queues, "the e-mail by its lane, the SMS at once")
}
