package workerd

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"

	"shiming/internal/config"
	"shiming/registration"
)

func TestEachLaneIsPacedByItsOwnSetting(t *testing.T) {
	t.Parallel()
	pace := config.Pace{Bank: 1, Transfers: 2, SMS: 3, Mails: 4}
	want := map[registration.Lane]float64{
		registration.BankLane: 1, registration.TransferLane: 2, registration.SMSLane: 3, registration.EmailLane: 4, registration.WebhookLane: 0,
	}
	require.Len(t, registration.Lanes(), len(want))
	for _, lane := range registration.Lanes() {
		assert.InDelta(t, want[lane], laneOptions(config.FittedWorker{}, pace, lane).TaskQueueActivitiesPerSecond, 0, lane)
	}
	assert.Zero(t, mainOptions(config.FittedWorker{}).TaskQueueActivitiesPerSecond, "what holds nobody up waits for nobody")
}

func TestWorkersTakeNoMoreThanFits(t *testing.T) {
	t.Parallel()
	sizes := config.FittedWorker{Sizes: config.Sizes{WorkflowTaskSlots: 64, LocalActivitySlots: 16, ActivitySlots: 50, Pollers: 8}, Connections: 28}
	most := worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{InitialNumberOfPollers: 4, MinimumNumberOfPollers: 2, MaximumNumberOfPollers: 8})
	main := mainOptions(sizes)
	assert.Equal(t, 64, main.MaxConcurrentWorkflowTaskExecutionSize)
	assert.Equal(t, 16, main.MaxConcurrentLocalActivityExecutionSize)
	assert.Equal(t, 50, main.MaxConcurrentActivityExecutionSize)
	assert.Equal(t, most, main.WorkflowTaskPollerBehavior)
	for _, lane := range registration.Lanes() {
		options := laneOptions(sizes, config.Pace{}, lane)
		assert.Equal(t, 50, options.MaxConcurrentActivityExecutionSize, lane)
		assert.True(t, options.DisableWorkflowWorker, lane)
	}
	one := worker.PollerBehaviorAutoscalingOptions{InitialNumberOfPollers: 1, MinimumNumberOfPollers: 1, MaximumNumberOfPollers: 1}
	assert.Equal(t, worker.NewPollerBehaviorAutoscaling(one), polling(config.FittedWorker{Sizes: config.Sizes{Pollers: 1}}, 4))
}
