package api

import (
	"context"
	"net/http"
	"strings"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/postgres"
	"shiming/registration"
)

const endpoints = "/v1/webhook-endpoints"

func (w *world) subscribe(as string) answer {
	w.t.Helper()
	return w.as(as).post(endpoints, map[string]any{"url": "https://example.com/hook"}).ok(http.StatusCreated)
}

func TestSubscribing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.as("platform").post(endpoints, map[string]any{"url": "https://example.com/hook", "events": []string{"review.overdue", "payout.overdue", "review.overdue"}}).ok(http.StatusCreated)
	assert.Equal(t, endpoints+"/"+a.id(), a.Header.Get("Location"))
	assert.Equal(t, []any{"payout.overdue", "review.overdue"}, a.Body["events"])
	assert.Equal(t, false, a.Body["disabled"])
	secret, _ := a.Body["secret"].(string)
	require.True(t, strings.HasPrefix(secret, "whsec_"))
	_, err := standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)

	b := w.subscribe("platform")
	assert.Len(t, b.Body["events"], len(registration.WebhookEvents()), "all there are")
	assert.NotEqual(t, secret, b.Body["secret"])
	one := w.as("platform").get(endpoints + "/" + a.id()).ok(200)
	assert.NotContains(t, one.Body, "secret", "shown once")
	list := w.as("platform").get(endpoints).ok(200)
	assert.NotContains(t, string(list.Raw), "whsec_")
	assert.Len(t, list.Body["items"], 2)
	assert.Nil(t, list.Body["next_cursor"])

	w.as("platform").send(http.MethodDelete, endpoints+"/"+a.id(), nil).ok(http.StatusNoContent)
	w.as("platform").get(endpoints+"/"+a.id()).refused(404, "not_found")
	w.as("platform").send(http.MethodDelete, endpoints+"/"+a.id(), nil).refused(404, "not_found")
	assert.Zero(t, w.count(`select count(*) from vault_keys where subject = $1`, a.id()))
}

// A call repeated after its process has died before keeping the answer makes the very same endpoint.
func TestSubscribingAgainIsTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.as("platform").withKey("key-1")
	body := map[string]any{"url": "https://example.com/hook"}
	a := c.post(endpoints, body).ok(http.StatusCreated)
	assert.Equal(t, a.Raw, c.post(endpoints, body).ok(http.StatusCreated).Raw)
	_, err := w.store.Pool().Exec(context.Background(), `delete from idempotency`)
	require.NoError(t, err)
	assert.JSONEq(t, string(a.Raw), string(c.post(endpoints, body).ok(http.StatusCreated).Raw))
	_, err = w.store.Pool().Exec(context.Background(), `delete from idempotency`)
	require.NoError(t, err)
	other := c.post(endpoints, map[string]any{"url": "https://example.org/"}).ok(http.StatusCreated)
	assert.NotEqual(t, a.id(), other.id())
	assert.Equal(t, 2, w.count(`select count(*) from webhook_endpoints`))
}

func TestBadSubscriptionsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, url := range []string{"", "example.com", "ftp://example.com", "http://127.0.0.1:8080/", "http://[::1]/", "http://169.254.169.254/latest", "http://10.0.0.1", "http://user:p@example.com", "http://localhost", "http://2130706433/", "https://example.com/" + strings.Repeat("a", 2048)} {
		a := w.as("platform").post(endpoints, map[string]any{"url": url}).refused(422, "invalid_request")
		a.errorAt("body.url", "invalid")
		if url != "" && url != "example.com" { // which the advice has
			assert.NotContains(t, string(a.Raw), url, "nothing of the value is repeated")
		}
	}
	for _, body := range []string{
		`{}`, `{"url": 1}`, `{"url": "https://example.com", "events": []}`, `{"url": "https://example.com", "events": ["ping"]}`,
		`{"url": "https://example.com", "events": "review.overdue"}`, `{"url": "https://example.com", "secret": "whsec_x"}`,
	} {
		w.as("platform").post(endpoints, body).refused(422, "invalid_request")
	}
	w.as("platform").post(endpoints, `{`).refused(400, "malformed_request")
	assert.Zero(t, w.count(`select count(*) from webhook_endpoints`))
	assert.Zero(t, w.count(`select count(*) from vault_keys where subject like 'whe_%'`))
	for range postgres.EndpointsPerOwner {
		w.subscribe("platform")
	}
	w.as("platform").post(endpoints, map[string]any{"url": "https://example.com/hook"}).refused(422, "invalid_request")
	allowed := newWorld(t, func(d *Deps) { d.WebhookAllowNets = []string{"127.0.0.0/8"} })
	allowed.as("platform").post(endpoints, map[string]any{"url": "http://127.0.0.1:9/"}).ok(201)
}

func TestDeliveriesAreTheirOwnersAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := endpoints + "/" + w.subscribe("platform").id()
	ping := w.as("platform").withKey("k").post(path+"/ping", nil).ok(http.StatusCreated)
	assert.Equal(t, "ping", ping.Body["type"])
	assert.Equal(t, "pending", ping.Body["state"])
	assert.Equal(t, []any{}, ping.Body["attempts"])
	assert.Equal(t, ping.id(), w.as("platform").withKey("k").post(path+"/ping", nil).ok(http.StatusCreated).id())
	delivery := path + "/deliveries/" + ping.id()
	assert.Equal(t, ping.id(), w.as("platform").get(delivery).ok(200).id())
	assert.Len(t, w.as("platform").get(path + "/deliveries").ok(200).Body["items"], 1)
	again := w.as("platform").post(delivery+"/retry", nil).ok(200)
	assert.Equal(t, ping.Body["event_id"], again.Body["event_id"])
	assert.Equal(t, 1, w.count(`select count(*) from outbox where kind = 'delivery' and ref = $1 and payload ->> 'round' = '2'`, ping.id()))

	for _, call := range []struct{ method, path string }{
		{http.MethodGet, path},
		{http.MethodDelete, path},
		{http.MethodPost, path + "/ping"},
		{http.MethodGet, path + "/deliveries"},
		{http.MethodGet, delivery},
		{http.MethodPost, delivery + "/retry"},
	} {
		w.as("platform-2").send(call.method, call.path, nil).refused(404, "not_found")
		w.as("ops").send(call.method, call.path, nil).refused(403, "forbidden")
	}
	assert.Empty(t, w.as("platform-2").get(endpoints).ok(200).Body["items"])
	w.as("platform").get(path+"/deliveries?cursor=x").refused(422, "invalid_request")
	w.as("platform").post(path+"/deliveries/whd_none/retry", nil).refused(404, "not_found")
}
