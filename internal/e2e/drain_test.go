package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
)

// A worker that is told to stop while the bank takes its time finishes that call: the payment is ordered once, not once
// more by whoever comes next. From the first moment on it is not ready any more.
func TestDrainFinishesACallToASlowBank(t *testing.T) {
	t.Parallel()
	probes := listen(t)
	require.NoError(t, probes.Close()) // for the worker
	w := newWorld(t, withDrain(time.Minute), withHealth(probes.Addr().String()))
	worker := caller{t: t, base: "http://" + probes.Addr().String(), outside: true}
	w.eventually(t, func() bool { return worker.get("/readyz").Status == http.StatusOK }, func() string { return "it is never ready" }) // once it has compared database and engine
	require.Equal(t, "ok", worker.get("/readyz").ok(200).Body["storage"])
	r := w.enterprise(t, "legal_representative")
	r.company = someCompany(t, r.who.Name, "6789")
	w.fault(t, "bank", "slow")
	r.put("/company", r.company).inState("payout_pending")
	w.eventually(t, func() bool { return len(r.statement()) == 1 }, func() string { return "the bank was never called" })
	require.NotContains(t, w.payoutEvents(t), ended{"Order", 1}, "the bank has not answered yet")

	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		w.stopWorker()
	}()
	w.eventually(t, func() bool { return worker.get("/readyz").Status == http.StatusServiceUnavailable }, func() string { return "it is ready to the end" })
	require.Equal(t, map[string]any{"status": "stopping"}, worker.get("/readyz").Body)
	worker.get("/healthz").ok(200)
	<-stopped
	require.Contains(t, w.payoutEvents(t), ended{"Order", 1})

	w.heal(t)
	w.stopWorker = w.startWorker(t)
	r.until("deposit_required")
	require.Len(t, r.statement(), 1)
	require.Equal(t, 1, r.statement()[0].Presented)
}

// ended is an activity that was completed, and by which attempt.
type ended struct {
	activity string
	attempt  int32
}

// payoutEvents are the activities that this world's one payment has completed.
func (w *world) payoutEvents(t *testing.T) (done []ended) {
	t.Helper()
	var page *workflowservice.ListWorkflowExecutionsResponse
	w.eventually(t, func() bool {
		var err error
		page, err = w.engine.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
			Query: "TaskQueue = '" + w.workerConfig.TaskQueue + "' and WorkflowType = 'Payout'",
		})
		return err == nil && len(page.GetExecutions()) == 1
	}, func() string { return "no payment is under way" })
	names, attempts := map[int64]string{}, map[int64]int32{}
	for _, e := range w.plainHistory(t, page.GetExecutions()[0].GetExecution()).GetEvents() {
		switch e.GetEventType() {
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
			names[e.GetEventId()] = e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName()
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED:
			a := e.GetActivityTaskStartedEventAttributes()
			attempts[a.GetScheduledEventId()] = a.GetAttempt()
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
			scheduled := e.GetActivityTaskCompletedEventAttributes().GetScheduledEventId()
			done = append(done, ended{names[scheduled], attempts[scheduled]})
		}
	}
	return done
}
