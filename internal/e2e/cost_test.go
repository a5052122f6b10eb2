package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"shiming/registration"
)

// cost is what a registration costs the engine, over all its workflows.
type cost struct{ Events, Transitions int64 }

// costs requires what this world's one registration has cost, from its opening to the last word about it, over all workflows: its
// own, payments, messages, deliveries. A change that costs more or less says so here. Time is measured in the bench alone.
func (w *world) costs(t testing.TB, kind string, most cost) {
	t.Helper()
	var all []*workflowpb.WorkflowExecutionInfo
	w.eventually(t, func() bool {
		all = w.described(t)
		return len(all) > 0 && !slices.ContainsFunc(all, func(info *workflowpb.WorkflowExecutionInfo) bool {
			return info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
		})
	}, func() string { return "a workflow of " + kind + " still runs" })
	var sum cost
	of := map[string]cost{}
	for _, info := range all {
		sum.Events += info.GetHistoryLength()
		sum.Transitions += info.GetStateTransitionCount()
		of[info.GetType().GetName()] = cost{of[info.GetType().GetName()].Events + info.GetHistoryLength(), of[info.GetType().GetName()].Transitions + info.GetStateTransitionCount()}
	}
	t.Logf("%s: %d events, %d state transitions in %d workflows (%s)", kind, sum.Events, sum.Transitions, len(all), byType(of))
	require.LessOrEqual(t, sum.Events, most.Events, "events")
	require.LessOrEqual(t, sum.Transitions, most.Transitions, "state transitions")
}

func byType(of map[string]cost) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(of)) {
		parts = append(parts, fmt.Sprintf("%s %d/%d", name, of[name].Events, of[name].Transitions))
	}
	return strings.Join(parts, ", ")
}

// described is every workflow of this world's task queue, as the engine itself knows it, but the anchor. Nothing may be left in the
// outbox that would start another.
func (w *world) described(t testing.TB) (all []*workflowpb.WorkflowExecutionInfo) {
	t.Helper()
	var waiting int
	require.NoError(t, w.store.Pool().QueryRow(t.Context(), `select count(*) from outbox where kind not in ('look')`).Scan(&waiting))
	if waiting > 0 {
		return nil
	}
	listed, err := w.engine.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
		Query: fmt.Sprintf("TaskQueue starts_with '%s' and WorkflowType != '%s'", w.workerConfig.TaskQueue, registration.AnchorWorkflow),
	})
	require.NoError(t, err)
	for _, e := range listed.GetExecutions() {
		d, err := w.engine.DescribeWorkflowExecution(t.Context(), e.GetExecution().GetWorkflowId(), e.GetExecution().GetRunId())
		require.NoError(t, err)
		all = append(all, d.GetWorkflowExecutionInfo())
	}
	return all
}
