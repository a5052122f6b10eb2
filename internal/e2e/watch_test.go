package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"

	"shiming/internal/api"
	"shiming/registration"
)

// history is every event of the account's newest registration run.
func (w *world) history(t testing.TB, r *reg) []*historypb.HistoryEvent {
	t.Helper()
	it := w.engine.GetWorkflowHistory(t.Context(), registration.WorkflowID(r.account), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	var events []*historypb.HistoryEvent
	for it.HasNext() {
		e, err := it.Next()
		require.NoError(t, err)
		events = append(events, e)
	}
	return events
}

// mailed requires exactly n mails with a word in the subject at a mailbox, waiting for them.
func (r *reg) mailed(word string, n int, to string) {
	r.t.Helper()
	count := func() int {
		found := 0
		for _, m := range r.inbox(r.t, to) {
			if m.Channel == "email" && strings.Contains(m.Subject, word) {
				found++
			}
		}
		return found
	}
	r.eventually(r.t, func() bool { return count() >= n }, func() string { return "mail with " + word })
	require.Equal(r.t, n, count())
}

// metrics are what Prometheus is shown of the API.
func (w *world) metrics(t testing.TB) string {
	t.Helper()
	shown := httptest.NewRecorder()
	api.MetricsHandler(w.numbers).ServeHTTP(shown, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	require.Equal(t, http.StatusOK, shown.Code)
	return shown.Body.String()
}

// answered counts the API's answers to an operation, by status, from its metrics.
func (w *world) answered(t testing.TB, operation, status string) int {
	t.Helper()
	n := 0
	for line := range strings.Lines(w.metrics(t)) {
		if strings.HasPrefix(line, "shiming_http_requests_total{") && strings.Contains(line, `"`+operation+`"`) && strings.Contains(line, `"`+status+`"`) {
			_, err := fmt.Sscan(line[strings.LastIndex(line, " ")+1:], &n)
			require.NoError(t, err)
		}
	}
	return n
}

// triesOf is how often an activity that is still under way in this world has been tried.
func (w *world) triesOf(t testing.TB, activity string) int {
	t.Helper()
	page, err := w.engine.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
		Query: "TaskQueue = '" + w.workerConfig.TaskQueue + "' and ExecutionStatus = 'Running'",
	})
	require.NoError(t, err)
	for _, e := range page.GetExecutions() {
		d, err := w.engine.DescribeWorkflowExecution(t.Context(), e.GetExecution().GetWorkflowId(), "")
		require.NoError(t, err)
		for _, a := range d.GetPendingActivities() {
			if a.GetActivityType().GetName() == activity {
				return int(a.GetAttempt())
			}
		}
	}
	return 0
}

// startedRuns counts the workflows of this world, whatever has become of them.
func (w *world) startedRuns(t testing.TB) int64 {
	t.Helper()
	found, err := w.engine.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: w.options.Namespace, Query: fmt.Sprintf("TaskQueue = %q and WorkflowType != %q", w.workerConfig.TaskQueue, registration.AnchorWorkflow),
	})
	require.NoError(t, err)
	return found.GetCount()
}
