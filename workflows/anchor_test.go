package workflows_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
	"shiming/workflows"
)

// The anchor keeps the greatest mark that came, whatever came last, and hands it to its next run.
func TestTheAnchorHandsTheGreatestMarkOn(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterWorkflowWithOptions(workflows.Anchor, workflow.RegisterOptions{Name: registration.AnchorWorkflow})
	for i, number := range []int64{4, 9, 7} {
		env.RegisterDelayedCallback(func() {
			env.SetContinueAsNewSuggested(i == 2)
			env.SignalWorkflow(registration.SignalMark, registration.Mark{DatabaseID: "one", Number: number})
		}, time.Duration(i+1)*time.Second)
	}
	env.ExecuteWorkflow(registration.AnchorWorkflow, registration.Mark{DatabaseID: "one", Number: 3})
	require.True(t, env.IsWorkflowCompleted())
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &next)
	var mark registration.Mark
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &mark))
	require.Equal(t, registration.Mark{DatabaseID: "one", Number: 9}, mark)
}
