package engine_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// Messages that have piled up while no worker was there hold up no payment that comes after them.
func TestMessagesComeLast(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	const messages = 20
	for i := range messages {
		require.NoError(t, p.Start(t.Context(), registration.NoticeWorkflow, fmt.Sprintf("notice/%s-%d", p.queue, i), "Notice", "ntc"))
	}
	require.NoError(t, p.Start(t.Context(), registration.PayoutWorkflow, "payout/"+p.queue, "Payment", "pay"))
	var mu sync.Mutex
	var order []string
	ran := func(what string) func(workflow.Context, string) error {
		return func(workflow.Context, string) error {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, what)
			return nil
		}
	}
	c, err := client.Dial(p.options)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	w := worker.New(c, p.queue, worker.Options{MaxConcurrentWorkflowTaskExecutionSize: 2, MaxConcurrentWorkflowTaskPollers: 2})
	w.RegisterWorkflowWithOptions(ran("notice"), workflow.RegisterOptions{Name: registration.NoticeWorkflow})
	w.RegisterWorkflowWithOptions(ran("payment"), workflow.RegisterOptions{Name: registration.PayoutWorkflow})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(order) == messages+1
	}, time.Minute, 10*time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	assert.Contains(t, order[:3], "payment", "it came last, and is among the first: %v", order)
}
