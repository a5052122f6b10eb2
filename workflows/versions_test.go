package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"shiming/internal/devstack/stacktest"
	"shiming/workflows"
)

// A worked example of a named change: a process that waited once waits twice since.
const waitTwice workflows.Version = "wait twice"

// waiting is the type that all releases of the example have.
const waiting = "Waiting"

// before is the process as it was.
func before(ctx workflow.Context) error { return workflow.Sleep(ctx, time.Millisecond) }

// unnamed is the change as it must not be made.
func unnamed(ctx workflow.Context) error {
	if err := workflow.Sleep(ctx, time.Millisecond); err != nil {
		return err
	}
	return workflow.Sleep(ctx, time.Millisecond)
}

// named is the change as it is made: what has begun before goes on as it was.
func named(ctx workflow.Context) error {
	if waitTwice.Since(ctx) {
		return unnamed(ctx)
	}
	return before(ctx)
}

func TestANamedChangeLeavesWhatHasBegunAsItWas(t *testing.T) {
	t.Parallel()
	old, changed := historyOf(t, before), historyOf(t, named)
	require.NoError(t, replayed(old, named), "a run of before goes on with the code of after")
	require.Error(t, replayed(old, unnamed), "a change without a name leaves it stuck")
	require.NoError(t, replayed(changed, named))
	require.NoError(t, replayed(changed, unnamed), "once none of before is left, the branch and the call go: replay passes over the mark")
}

// historyOf runs a process to its end and returns what the engine has written.
func historyOf(t *testing.T, process any) *historypb.History {
	t.Helper()
	c, queue := stacktest.Temporal(t), stacktest.TaskQueue(t)
	w := worker.New(c, queue, worker.Options{})
	w.RegisterWorkflowWithOptions(process, workflow.RegisterOptions{Name: waiting})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: queue + "/" + waiting, TaskQueue: queue}, waiting)
	require.NoError(t, err)
	require.NoError(t, run.Get(t.Context(), nil))
	history := &historypb.History{}
	events := c.GetWorkflowHistory(t.Context(), run.GetID(), run.GetRunID(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		history.Events = append(history.Events, event)
	}
	return history
}

func replayed(history *historypb.History, process any) error {
	replayer := worker.NewWorkflowReplayer()
	replayer.RegisterWorkflowWithOptions(process, workflow.RegisterOptions{Name: waiting})
	return replayer.ReplayWorkflowHistory(nil, history)
}
