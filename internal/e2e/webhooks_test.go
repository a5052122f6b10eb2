package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
)

// subscriber is a platform's backend that takes webhooks.
type subscriber struct {
	*httptest.Server
	t        *testing.T
	verifier *standardwebhooks.Webhook
	mu       sync.Mutex
	status   int
	events   map[string]map[string]any // by webhook-id
}

// subscribe adds an endpoint that answers with a status.
func (w *world) subscribe(t *testing.T, status int) (*subscriber, string) {
	t.Helper()
	s := &subscriber{t: t, status: status, events: map[string]map[string]any{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.take))
	t.Cleanup(s.Close)
	a := w.platform(t).post("/v1/webhook-endpoints", map[string]any{"url": s.URL}).ok(201)
	var err error
	s.verifier, err = standardwebhooks.NewWebhook(a.at("secret").(string))
	require.NoError(t, err)
	return s, location(a)
}

// walletSays reports on a session as the wallet does.
func (w *world) walletSays(t *testing.T, body map[string]any) answer {
	t.Helper()
	signer, err := standardwebhooks.NewWebhook(w.secret)
	require.NoError(t, err)
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	id, now := newAccount("msg-"), time.Now()
	signature, err := signer.Sign(id, now, raw)
	require.NoError(t, err)
	wallet := caller{t: t, base: w.apiURL, header: http.Header{
		"Webhook-Id": {id}, "Webhook-Timestamp": {strconv.FormatInt(now.Unix(), 10)}, "Webhook-Signature": {signature},
	}}
	return wallet.post("/v1/webhooks/wallet", raw)
}

func (s *subscriber) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	var event map[string]any
	if err != nil || s.verifier.Verify(body, r.Header) != nil || json.Unmarshal(body, &event) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.events[r.Header.Get("Webhook-Id")] = event
	w.WriteHeader(s.status)
}

func (s *subscriber) answers(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

// bySequence is what came, by its sequence.
func (s *subscriber) bySequence() map[float64]map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[float64]map[string]any{}
	for _, e := range s.events {
		all[e["sequence"].(float64)] = e
	}
	return all
}

// watched reads the whole stream of a registration, up to its end.
func (r *reg) watched() <-chan []map[string]any {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.apiURL+r.path("/events"), nil)
	require.NoError(r.t, err)
	req.Header.Set("Authorization", "Bearer platform")
	resp, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(r.t, err)
	require.Equal(r.t, 200, resp.StatusCode)
	done := make(chan []map[string]any, 1)
	go func() {
		defer resp.Body.Close()
		var all []map[string]any
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			var e map[string]any
			if data, found := strings.CutPrefix(lines.Text(), "data: "); found && json.Unmarshal([]byte(data), &e) == nil {
				all = append(all, e)
			}
		}
		done <- all
	}()
	return done
}

// From the first call to approval, a subscriber and a watcher are told every step that the timeline has, and nothing else.
func TestEveryStepIsToldAndShownLive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.subscribe(t, http.StatusOK)
	r := w.open(t, "individual", newAccount("acct-"))
	live := r.watched()
	r.proveCard()
	r.details("id_card_front", "id_card_back")
	r.post("/submit", nil).inState("under_review")
	r.approve()

	var steps []map[string]any
	for _, v := range r.platform(t).get(r.path("/timeline")).ok(200).at("items").([]any) {
		if e := v.(map[string]any); e["from"] != e["to"] {
			steps = append(steps, e)
		}
	}
	shown := <-live
	require.Len(t, shown, len(steps))
	require.Eventually(t, func() bool { return len(s.bySequence()) == len(steps) }, time.Minute, 20*time.Millisecond)
	told := s.bySequence()
	for i, step := range steps {
		require.Equal(t, []any{step["event"], step["from"], step["to"], step["at"]}, []any{shown[i]["event"], shown[i]["from"], shown[i]["to"], shown[i]["at"]})
		event := told[shown[i]["sequence"].(float64)]
		require.Equal(t, map[string]any{
			"type": "registration.state_changed", "timestamp": event["timestamp"], "sequence": shown[i]["sequence"],
			"data": map[string]any{"id": r.id, "account_id": r.account, "from": step["from"], "to": step["to"]},
		}, event)
	}
}

// Three days of failures disable an endpoint, and ops is told once; then it takes events again when its owner has seen to it.
func TestSubscriberThatFailsIsDisabled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withDay(3*time.Second))
	s, path := w.subscribe(t, http.StatusServiceUnavailable)
	r := w.open(t, "individual", newAccount("acct-"))
	var endpoint answer
	require.Eventually(t, func() bool {
		endpoint = w.platform(t).get(path).ok(200)
		return endpoint.at("disabled") == true
	}, time.Minute, 50*time.Millisecond)
	require.Equal(t, "failing", endpoint.at("disabled_reason"))
	r.mailed("Webhook", 1, opsMailbox)

	s.answers(http.StatusNoContent)
	deliveries := w.platform(t).get(path + "/deliveries").ok(200).at("items").([]any)
	failed := deliveries[len(deliveries)-1].(map[string]any)
	require.Equal(t, "failed", failed["state"])
	w.platform(t).post(path+"/deliveries/"+failed["id"].(string)+"/retry", nil).ok(200)
	require.Eventually(t, func() bool {
		return w.platform(t).get(path+"/deliveries/"+failed["id"].(string)).ok(200).at("state") == "delivered"
	}, time.Minute, 50*time.Millisecond)
	require.Equal(t, false, w.platform(t).get(path).ok(200).at("disabled"))
}
