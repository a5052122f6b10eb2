package workflows_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"shiming/activities"
	"shiming/internal/devstack/storetest"
	"shiming/internal/postgres"
	"shiming/internal/subscriber"
	"shiming/registration"
	"shiming/workflows"
)

// listener is a subscriber that answers as it is told, without a network.
type listener struct {
	now    func() time.Time
	answer func(n int) (status int)
	at     []time.Time
}

func (l *listener) Send(_ context.Context, m subscriber.Message) (subscriber.Result, error) {
	l.at = append(l.at, l.now())
	r := subscriber.Result{At: l.now(), Took: time.Second, Status: l.answer(len(l.at)), Signature: "v1,x"}
	switch {
	case r.Status == 0:
		r.Fail = subscriber.FailTimeout
	case r.Status > 299:
		r.Fail = subscriber.FailStatus
	}
	return r, nil
}

// delivering carries one ping or event to a subscriber, in time that does not pass by itself.
type delivering struct {
	store    *postgres.Store
	env      *testsuite.TestWorkflowEnvironment
	listener *listener
	endpoint string
}

const hookOwner = "token:platform"

func newDelivering(t *testing.T, answer func(n int) int) *delivering {
	t.Helper()
	store := storetest.Open(t)
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	d := &delivering{env: suite.NewTestWorkflowEnvironment()}
	d.store = store.WithClock(d.env.Now)
	d.listener = &listener{now: d.env.Now, answer: answer}
	d.env.SetWorkerOptions(worker.Options{})
	activities.RegisterLane(d.env, registration.WebhookLane, activities.All{Webhooks: &activities.Webhooks{Book: d.store, Out: d.listener}})
	e := &postgres.Endpoint{ID: "whe_1", URL: "https://example.com", Events: registration.WebhookEvents()}
	_, err := d.store.AddEndpoint(t.Context(), hookOwner, e, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NoError(t, err)
	d.endpoint = e.ID
	_, err = store.Pool().Exec(t.Context(), `insert into events values ('evt_1', 'registration.state_changed', 'reg_1', 'acct-1', 7, 'details_required', 'under_review', $1)`, d.env.Now())
	require.NoError(t, err)
	return d
}

// deliver runs the delivery of the event, begun so long ago, to its end.
func (d *delivering) deliver(t *testing.T, ago time.Duration) *postgres.Delivery {
	t.Helper()
	at := d.env.Now().Add(-ago)
	giveUp := at.Add(registration.DeliveryDays * 24 * time.Hour)
	_, err := d.store.Pool().Exec(t.Context(), `insert into webhook_deliveries (id, endpoint_id, event_id, created_at, give_up_at) values ('whd_1', $1, 'evt_1', $2, $3)`,
		d.endpoint, at, giveUp)
	require.NoError(t, err)
	d.env.ExecuteWorkflow(workflows.WebhookDelivery, registration.Delivery{ID: "whd_1", Round: 1, GiveUpAt: giveUp})
	require.True(t, d.env.IsWorkflowCompleted())
	require.NoError(t, d.env.GetWorkflowError())
	delivery, err := d.store.DeliveryOf(t.Context(), hookOwner, d.endpoint, "whd_1")
	require.NoError(t, err)
	return delivery
}

func (d *delivering) disabled(t *testing.T) bool {
	t.Helper()
	e, err := d.store.EndpointOf(t.Context(), hookOwner, d.endpoint)
	require.NoError(t, err)
	return e.DisabledAt != nil
}

func always(status int) func(int) int { return func(int) int { return status } }

func TestDeliveriesAreTriedForThreeDays(t *testing.T) {
	t.Parallel()
	d := newDelivering(t, always(500))
	delivery := d.deliver(t, 0)
	assert.Equal(t, postgres.DeliveryFailed, delivery.State)
	assert.True(t, d.disabled(t))
	tries := d.listener.at
	assert.Len(t, delivery.Log, len(tries))
	lasted := tries[len(tries)-1].Sub(tries[0])
	assert.GreaterOrEqual(t, lasted, 72*time.Hour)
	assert.Less(t, lasted, 72*time.Hour+time.Minute)
	assert.Greater(t, len(tries), 20)
	assert.Less(t, len(tries), 60)
	for i := 2; i < len(tries)-1; i++ {
		pause, before := tries[i].Sub(tries[i-1]), tries[i-1].Sub(tries[i-2])
		assert.GreaterOrEqual(t, pause+time.Second, before, "the pauses grow")
		assert.LessOrEqual(t, pause, 4*time.Hour+time.Second)
	}
}

func TestDeliveriesEndWithTheFirstSuccess(t *testing.T) {
	t.Parallel()
	d := newDelivering(t, func(n int) int {
		if n < 4 {
			return 0
		}
		return 200
	})
	delivery := d.deliver(t, 0)
	assert.Equal(t, postgres.DeliveryDelivered, delivery.State)
	assert.Len(t, delivery.Log, 4)
	assert.False(t, d.disabled(t))
}

func TestDeliveriesEndWithGone(t *testing.T) {
	t.Parallel()
	d := newDelivering(t, always(410))
	delivery := d.deliver(t, 0)
	assert.Equal(t, postgres.DeliveryFailed, delivery.State)
	assert.Len(t, delivery.Log, 1)
	assert.True(t, d.disabled(t))
}

// Nobody was at work for five days: the first try is not the last.
func TestLateDeliveriesHaveTheirThreeDays(t *testing.T) {
	t.Parallel()
	d := newDelivering(t, always(503))
	d.deliver(t, 5*24*time.Hour)
	tries := d.listener.at
	assert.GreaterOrEqual(t, tries[len(tries)-1].Sub(tries[0]), 72*time.Hour)
	assert.True(t, d.disabled(t))
}

// A subscriber that is failing is left to its lane: it would keep others waiting. It is told all the same.
func TestASubscriberThatFailsIsToldInItsLane(t *testing.T) {
	t.Parallel()
	d := newDelivering(t, always(200))
	_, err := d.store.Pool().Exec(t.Context(), `update webhook_endpoints set failing_since = $1`, d.env.Now())
	require.NoError(t, err)
	inLane := 0
	d.env.SetOnActivityStartedListener(func(*activity.Info, context.Context, converter.EncodedValues) { inLane++ })
	delivery := d.deliver(t, 0)
	assert.Equal(t, postgres.DeliveryDelivered, delivery.State)
	assert.Len(t, delivery.Log, 1)
	assert.Equal(t, 1, inLane)
}
