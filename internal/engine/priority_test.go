package engine_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// Messages that have piled up in a lane while nobody was there to send them hold up no payment's announcement that comes after them.
func TestMessagesComeLast(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	c, err := client.Dial(p.options)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	lane := registration.SMSLane.Of(p.queue)
	sends := func(what string) func(workflow.Context, string) error {
		return func(ctx workflow.Context, _ string) error {
			ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{TaskQueue: lane, StartToCloseTimeout: time.Minute})
			return workflow.ExecuteActivity(ctx, "Send", what).Get(ctx, nil)
		}
	}
	for kind, what := range map[string]string{registration.NoticesWorkflow: "notice", registration.PayoutWorkflow: "payment"} {
		w := worker.New(c, registration.WorkflowQueue(kind, p.queue), worker.Options{LocalActivityWorkerOnly: true})
		w.RegisterWorkflowWithOptions(sends(what), workflow.RegisterOptions{Name: kind})
		require.NoError(t, w.Start())
		t.Cleanup(w.Stop)
	}
	waits := func(id string) {
		require.Eventually(t, func() bool {
			seen, err := c.DescribeWorkflowExecution(t.Context(), id, "")
			return err == nil && len(seen.GetPendingActivities()) == 1
		}, time.Minute, 10*time.Millisecond, id)
	}
	const messages = 20
	for i := range messages {
		id := fmt.Sprintf("notice/%s-%d", p.queue, i)
		require.NoError(t, p.Start(t.Context(), registration.NoticesWorkflow, id, "Notice", "ntc"))
		waits(id)
	}
	payment := "payout/" + p.queue
	require.NoError(t, p.Start(t.Context(), registration.PayoutWorkflow, payment, "Payment", "pay"))
	waits(payment)

	var mu sync.Mutex
	var order []string
	sender := worker.New(c, lane, worker.Options{DisableWorkflowWorker: true, MaxConcurrentActivityExecutionSize: 1, MaxConcurrentActivityTaskPollers: 1})
	sender.RegisterActivityWithOptions(func(_ context.Context, what string) error {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, what)
		return nil
	}, activity.RegisterOptions{Name: "Send"})
	require.NoError(t, sender.Start())
	t.Cleanup(sender.Stop)
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(order) == messages+1
	}, time.Minute, 10*time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	assert.Contains(t, order[:5], "payment", "it came last, and is among the first: %v", order)
}
