package relay_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"shiming/activities"
	"shiming/internal/devstack/stacktest"
	"shiming/internal/devstack/storetest"
	"shiming/internal/dossier"
	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/internal/relay"
	"shiming/internal/subscriber"
	"shiming/internal/workday"
	"shiming/registration"
	"shiming/workflows"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

const (
	me     = "token:platform"
	secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	soon   = time.Minute
)

var quiet = slog.New(slog.DiscardHandler)

// world is a database, an engine with workers, and a relay that can be started.
type world struct {
	t         *testing.T
	store     *postgres.Store
	engine    client.Client
	taskQueue string
	relay     *relay.Relay
}

// newWorld makes a world whose deliveries have room for few requests at once. Its relay does not run yet.
func newWorld(t *testing.T, cal workday.Calendar) *world {
	t.Helper()
	store := storetest.OpenBy(t, cal)
	w := &world{t: t, store: store, engine: stacktest.Temporal(t), taskQueue: stacktest.TaskQueue(t)}
	w.relay = &relay.Relay{Box: store, Engine: engine.Over(w.engine, client.DefaultNamespace, w.taskQueue), Log: quiet}
	guard, err := subscriber.NewGuard([]string{"127.0.0.0/8"})
	require.NoError(t, err)
	out := subscriber.New(subscriber.Config{Guard: guard, Timeout: 5 * time.Second})
	hooks := worker.New(w.engine, registration.WebhookLane.Of(w.taskQueue), worker.Options{MaxConcurrentActivityExecutionSize: 8})
	workflows.RegisterWebhooks(hooks)
	activities.RegisterLane(hooks, registration.WebhookLane, activities.All{Webhooks: &activities.Webhooks{Book: store, Out: out}})
	require.NoError(t, hooks.Start())
	t.Cleanup(hooks.Stop)
	return w
}

func realCalendar(t *testing.T) workday.Calendar {
	t.Helper()
	cal, err := workday.New()
	require.NoError(t, err)
	return cal
}

// run runs the relay until the test ends, or until it is stopped.
func (w *world) run() (stop func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.relay.Run(ctx)
	}()
	stop = func() { cancel(); <-done }
	w.t.Cleanup(stop)
	return stop
}

func (w *world) subscribe(url string) string {
	w.t.Helper()
	e := &postgres.Endpoint{ID: registration.NewID("whe"), URL: url, Events: registration.WebhookEvents()}
	_, err := w.store.AddEndpoint(w.t.Context(), me, e, secret)
	require.NoError(w.t, err)
	return e.ID
}

// opened starts an account's registration, which is an event.
func (w *world) opened(account string) string {
	w.t.Helper()
	id := registration.NewID("reg")
	require.NoError(w.t, w.store.NewSubject(w.t.Context(), id))
	ref, err := w.store.Put(w.t.Context(), postgres.Own(id), dossier.PurposeApplicant, dossier.Applicant{Name: "Harbour Light", Email: "a@example.com", Phone: "13800000000"})
	require.NoError(w.t, err)
	_, err = w.store.Steps().Open(w.t.Context(), registration.Application{
		RegistrationID: id, AccountID: account, Kind: registration.Individual, Locale: registration.Chinese, ApplicantRef: ref,
	})
	require.NoError(w.t, err)
	return id
}

func (w *world) deliveries(endpoint string) []*postgres.Delivery {
	w.t.Helper()
	page, err := w.store.Deliveries(context.Background(), me, endpoint, "", 200)
	require.NoError(w.t, err)
	return page.Items
}

// inbox is a subscriber that keeps what it gets.
type inbox struct {
	*httptest.Server
	mu     sync.Mutex
	got    []message
	answer func(n int) int // status of the nth message, from 1
}

type message struct {
	header http.Header
	body   []byte
}

func newInbox(t *testing.T, answer func(n int) int) *inbox {
	t.Helper()
	in := &inbox{answer: answer}
	in.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		in.mu.Lock()
		in.got = append(in.got, message{r.Header, body})
		status := in.answer(len(in.got))
		in.mu.Unlock()
		w.WriteHeader(status)
	}))
	t.Cleanup(in.Close)
	return in
}

func takes(int) int { return http.StatusNoContent }

func (in *inbox) recovers() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.answer = takes
}

func (in *inbox) messages() []message {
	in.mu.Lock()
	defer in.mu.Unlock()
	return append([]message(nil), in.got...)
}

func (in *inbox) gets(t *testing.T, n int) []message {
	t.Helper()
	require.Eventually(t, func() bool { return len(in.messages()) >= n }, soon, 20*time.Millisecond)
	return in.messages()
}

// settles waits until no delivery of an endpoint is on its way.
func (w *world) settles(endpoint string) []*postgres.Delivery {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		all := w.deliveries(endpoint)
		for _, d := range all {
			if d.State == postgres.DeliveryPending {
				return false
			}
		}
		return len(all) > 0
	}, soon, 20*time.Millisecond)
	return w.deliveries(endpoint)
}

func TestSubscribersAreToldAsTheContractSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, realCalendar(t))
	in := newInbox(t, takes)
	endpoint := w.subscribe(in.URL)
	w.run()
	id := w.opened("acct-1")
	m := in.gets(t, 1)[0]
	verifier, err := standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)
	require.NoError(t, verifier.Verify(m.body, m.header))
	var body map[string]any
	require.NoError(t, json.Unmarshal(m.body, &body))
	at, err := time.Parse(time.RFC3339, body["timestamp"].(string))
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), at, time.Minute)
	assert.Equal(t, map[string]any{
		"type": "registration.state_changed", "timestamp": body["timestamp"], "sequence": 1.0,
		"data": map[string]any{"id": id, "account_id": "acct-1", "from": "", "to": "identity_required"},
	}, body, "and nothing else")
	d := w.settles(endpoint)[0]
	assert.Equal(t, postgres.DeliveryDelivered, d.State)
	assert.Equal(t, m.header.Get("webhook-id"), d.EventID)
	require.Len(t, d.Log, 1)
	assert.Equal(t, m.header.Get("webhook-signature"), d.Log[0].Signature)

	_, err = w.store.PingEndpoint(t.Context(), me, endpoint, "whd_ping")
	require.NoError(t, err)
	assert.Contains(t, string(in.gets(t, 2)[1].body), `"type":"ping"`)
}

func TestRefusedMessagesComeAgainTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, realCalendar(t))
	in := newInbox(t, func(n int) int {
		if n == 1 {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	endpoint := w.subscribe(in.URL)
	w.run()
	w.opened("acct-1")
	got := in.gets(t, 2)
	assert.Equal(t, got[0].header.Get("webhook-id"), got[1].header.Get("webhook-id"))
	assert.Equal(t, got[0].body, got[1].body)
	d := w.settles(endpoint)[0]
	require.Len(t, d.Log, 2)
	assert.Equal(t, 500, *d.Log[0].Status)
	assert.GreaterOrEqual(t, d.Log[1].At.Sub(d.Log[0].At), 4*time.Second, "after a pause")
}

// The process dies after the commit and before the relay; after the fan-out; after a delivery was started. The next one
// delivers once.
func TestADyingRelayDeliversOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, realCalendar(t))
	in := newInbox(t, takes)
	endpoint := w.subscribe(in.URL)
	w.opened("acct-1") // committed, and nobody relays
	for range 2 {      // the first relay dies after the fan-out, the second is at it again
		events, err := w.store.TakeMessages(t.Context(), postgres.MessageEvent, 1, 0)
		require.NoError(t, err)
		require.Len(t, events, 1)
		require.NoError(t, w.store.FanOut(t.Context(), events[0].Ref))
	}
	deliveries, err := w.store.TakeMessages(t.Context(), postgres.MessageDelivery, 10, 0)
	require.NoError(t, err)
	require.Len(t, deliveries, 1)
	var started registration.Delivery
	require.NoError(t, json.Unmarshal(deliveries[0].Payload, &started))
	require.NoError(t, w.relay.Engine.Start(t.Context(), registration.WebhookWorkflow, registration.DeliveryWorkflowID(started.ID, started.Round), "", started))
	in.gets(t, 1)
	stop := w.run()
	w.opened("acct-2")
	in.gets(t, 2)
	stop()
	w.run()
	w.opened("acct-3")
	in.gets(t, 3)
	assert.Len(t, w.settles(endpoint), 3)
	seen := map[string]bool{}
	for _, m := range in.messages() {
		id := m.header.Get("webhook-id")
		assert.False(t, seen[id], "twice")
		seen[id] = true
	}
	assert.Len(t, seen, 3)
}

func TestASlowSubscriberDelaysNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, realCalendar(t))
	var mu sync.Mutex
	var now, most int
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		<-r.Context().Done() // until the client gives up
		mu.Lock()
		now--
		mu.Unlock()
	}))
	t.Cleanup(slow.Close)
	in := newInbox(t, takes)
	slowly := w.subscribe(slow.URL)
	quickly := w.subscribe(in.URL)
	const events = 30
	for i := range events {
		w.opened(fmt.Sprintf("acct-%d", i))
	}
	w.run()
	in.gets(t, events)
	for _, d := range w.settles(quickly) {
		assert.Equal(t, postgres.DeliveryDelivered, d.State)
	}
	mu.Lock()
	assert.Positive(t, most)
	assert.LessOrEqual(t, most, 4, "requests to one endpoint under way at once")
	mu.Unlock()
	for _, d := range w.deliveries(slowly) {
		assert.Equal(t, postgres.DeliveryPending, d.State)
	}
	require.NoError(t, w.store.DropEndpoint(t.Context(), me, slowly))
}

func TestThreeDaysOfFailuresDisable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, workday.NewCompressed(3*time.Second, time.Now()))
	in := newInbox(t, func(int) int { return http.StatusServiceUnavailable })
	endpoint := w.subscribe(in.URL)
	w.run()
	w.opened("acct-1")
	d := w.settles(endpoint)[0]
	assert.Equal(t, postgres.DeliveryFailed, d.State)
	require.GreaterOrEqual(t, len(d.Log), 3)
	assert.GreaterOrEqual(t, d.Log[len(d.Log)-1].At.Sub(d.Log[0].At), 8*time.Second, "nearly three days of three seconds")
	e, err := w.store.EndpointOf(t.Context(), me, endpoint)
	require.NoError(t, err)
	require.NotNil(t, e.DisabledAt)
	assert.Equal(t, postgres.DisabledFailing, *e.DisabledFor)
	sent := len(in.messages())
	w.opened("acct-2")
	require.Eventually(t, func() bool { return w.waiting() == 0 }, soon, 20*time.Millisecond)
	assert.Len(t, w.deliveries(endpoint), 1)
	assert.Len(t, in.messages(), sent)
	var notices int
	require.NoError(t, w.store.Pool().QueryRow(t.Context(), `select count(*) from notices where kind = 'webhook_endpoint_disabled'`).Scan(&notices))
	assert.Equal(t, 1, notices)

	in.recovers()
	_, err = w.store.RetryDelivery(t.Context(), me, endpoint, d.ID)
	require.NoError(t, err)
	again := w.settles(endpoint)[0]
	assert.Equal(t, postgres.DeliveryDelivered, again.State)
	e, err = w.store.EndpointOf(t.Context(), me, endpoint)
	require.NoError(t, err)
	assert.Nil(t, e.DisabledAt)
	require.NoError(t, w.engine.GetWorkflow(t.Context(), registration.DeliveryWorkflowID(d.ID, 1), "").Get(t.Context(), nil))
	require.NoError(t, w.engine.GetWorkflow(t.Context(), registration.DeliveryWorkflowID(d.ID, 2), "").Get(t.Context(), nil))
}

// waiting counts the events and deliveries that are still to be relayed.
func (w *world) waiting() int {
	var n int
	require.NoError(w.t, w.store.Pool().QueryRow(context.Background(), `select count(*) from outbox where kind in ('event', 'delivery')`).Scan(&n))
	return n
}
