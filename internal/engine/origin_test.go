package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"shiming/internal/engine"
	"shiming/registration"
)

// A run whose opening was refused has taken a step and left no row. What lists the runs may not know yet that it has ended; its
// history does.
func TestARefusedOpeningIsNoRowThatIsMissing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	c, err := client.Dial(p.options)
	require.NoError(t, err)
	w := worker.New(c, p.queue, worker.Options{})
	w.RegisterWorkflowWithOptions(func(ctx workflow.Context, app registration.Application) (registration.State, error) {
		ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{ScheduleToCloseTimeout: time.Minute})
		var state registration.State
		err := workflow.ExecuteLocalActivity(ctx, func(_ context.Context, state registration.State) (registration.State, error) { return state, nil }, registration.State(app.AccountID)).Get(ctx, &state)
		return state, err
	}, workflow.RegisterOptions{Name: registration.IndividualWorkflow})
	require.NoError(t, w.Start())
	t.Cleanup(func() { w.Stop(); c.Close() })
	for state, stood := range map[registration.State]bool{registration.None: false, registration.Withdrawn: true} {
		id := registration.WorkflowID("acct-" + string(state))
		require.NoError(t, p.Start(t.Context(), registration.IndividualWorkflow, id, "", registration.Application{RegistrationID: "reg_1", AccountID: string(state)}))
		require.NoError(t, c.GetWorkflow(t.Context(), id, "").Get(t.Context(), nil))
		origin, err := p.Origin(t.Context(), engine.Listed{WorkflowID: id, Type: registration.IndividualWorkflow, Runs: true})
		require.NoError(t, err)
		require.Equal(t, stood, origin.Stood, state)
		now, err := p.Now(t.Context(), engine.Listed{WorkflowID: id, Type: registration.IndividualWorkflow, Runs: true})
		require.NoError(t, err)
		require.True(t, now.Completed && !now.Runs, "a list that lags is corrected")
	}
}
