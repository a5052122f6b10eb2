package cli_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/cli"
)

func sse(id int, from, to string) string {
	return fmt.Sprintf("id: %d\ndata: {\"type\":\"registration.state_changed\",\"sequence\":%d,\"at\":\"2026-09-30T10:00:0%d+08:00\",\"event\":\"e%d\",\"from\":%q,\"to\":%q}\n\n", id, id, id, id, from, to)
}

// streams serves one stream a call, in turn, each with what it is asked to go on from.
func streams(t *testing.T, each ...string) (http.HandlerFunc, func() []string) {
	t.Helper()
	var mu sync.Mutex
	var after []string
	return func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			turn := len(after)
			after = append(after, r.Header.Get("Last-Event-ID"))
			mu.Unlock()
			if turn >= len(each) {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "retry: 2000\n\n:\n\n"+each[turn]) // to a test's own client
		}, func() []string {
			mu.Lock()
			defer mu.Unlock()
			return after
		}
}

const approved = `{"id": "reg_1", "account_id": "a", "kind": "individual", "state": "approved", "waiting_on": "nobody"}`

// A stream that breaks off is taken up where it was, and the end of the registration is the end of the command.
func TestWatchEndsWithTheRegistration(t *testing.T) {
	t.Parallel()
	events, after := streams(t, sse(1, "", "identity_required")+sse(2, "identity_required", "details_required"), sse(5, "under_review", "approved"))
	api := newAPI(t, map[string]http.HandlerFunc{
		"GET /v1/registrations/reg_1/events": events, "GET /v1/registrations/reg_1": answer(200, approved),
	})
	got := api.command().run(t.Context(), t, "status", "reg_1", "--watch")
	require.Equal(t, cli.Done, got.code, got.errOut)
	assert.Equal(t, []string{"", "2"}, after())
	assert.Equal(t, `2026-09-30 10:00:01 +08:00  e1                     (new) → identity_required
2026-09-30 10:00:02 +08:00  e2                     identity_required → details_required
2026-09-30 10:00:05 +08:00  e5                     under_review → approved
registration  reg_1
account       a (individual)
state         approved, waiting on nobody
`, got.out)
}

func TestWatchWritesALineAnEvent(t *testing.T) {
	t.Parallel()
	events, _ := streams(t, sse(1, "", "identity_required")+sse(2, "identity_required", "withdrawn"))
	api := newAPI(t, map[string]http.HandlerFunc{"GET /v1/registrations/reg_1/events": events})
	got := api.command().run(t.Context(), t, "status", "reg_1", "--watch", "--json")
	require.Equal(t, cli.Done, got.code, got.errOut)
	lines := strings.Split(got.out, "\n")
	require.Len(t, lines, 3)
	assert.JSONEq(t, `{"type":"registration.state_changed","sequence":1,"at":"2026-09-30T10:00:01+08:00","event":"e1","from":"","to":"identity_required"}`, lines[0])
	assert.JSONEq(t, `{"type":"registration.state_changed","sequence":2,"at":"2026-09-30T10:00:02+08:00","event":"e2","from":"identity_required","to":"withdrawn"}`, lines[1])
	assert.Empty(t, lines[2])
}

// A registration that has ended has nothing to send: 204.
func TestWatchOfWhatHasEnded(t *testing.T) {
	t.Parallel()
	events, _ := streams(t)
	api := newAPI(t, map[string]http.HandlerFunc{"GET /v1/registrations/reg_1/events": events, "GET /v1/registrations/reg_1": answer(200, approved)})
	got := api.command().run(t.Context(), t, "status", "reg_1", "--watch")
	require.Equal(t, cli.Done, got.code, got.errOut)
	assert.Contains(t, got.out, "approved")
}

// --until counts a state that the registration stands in, not one that it has left again.
func TestWatchUntilAState(t *testing.T) {
	t.Parallel()
	events, _ := streams(t, sse(1, "", "company_required")+sse(2, "company_required", "payout_pending")+sse(3, "payout_pending", "company_required"))
	var asked int
	api := newAPI(t, map[string]http.HandlerFunc{
		"GET /v1/registrations/reg_1/events": events,
		"GET /v1/registrations/reg_1": func(w http.ResponseWriter, r *http.Request) {
			if asked++; asked == 1 { // when it first passed through
				answer(200, `{"id": "reg_1", "state": "payout_pending"}`)(w, r)
				return
			}
			answer(200, `{"id": "reg_1", "state": "company_required"}`)(w, r)
		},
	})
	got := api.command().run(t.Context(), t, "status", "reg_1", "--watch", "--until", "company_required", "--json")
	require.Equal(t, cli.Done, got.code, got.errOut)
	assert.Contains(t, got.out, `"sequence":3`)
	assert.Equal(t, 2, asked)
}

// Where no stream comes through, the timeline is looked at.
func TestWatchWithoutAStream(t *testing.T) {
	t.Parallel()
	api := newAPI(t, map[string]http.HandlerFunc{
		"GET /v1/registrations/reg_1/events":   answer(http.StatusOK, "<html>a proxy's own idea</html>"),
		"GET /v1/registrations/reg_1/timeline": fixture(t, "ended.json"),
		"GET /v1/registrations/reg_1":          answer(200, approved),
	})
	got := api.command().run(t.Context(), t, "status", "reg_1", "--watch")
	require.Equal(t, cli.Done, got.code, got.errOut)
	assert.Contains(t, got.out, "opened                 (new) → identity_required\n")
	assert.Contains(t, got.out, "approved               under_review → approved\n")
}

func TestWatchOfNothing(t *testing.T) {
	t.Parallel()
	got := newAPI(t, nil).command().run(t.Context(), t, "status", "reg_none", "--watch")
	assert.Equal(t, cli.Refused, got.code)
	assert.Equal(t, "refused: not_found: There is no such thing.\n", got.errOut)
}

func TestWatchIsInterrupted(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithTimeout(t.Context(), time.Minute)
	defer interrupt()
	api := newAPI(t, map[string]http.HandlerFunc{"GET /v1/registrations/reg_1/events": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush() // the test's own client
		interrupt()
		<-r.Context().Done()
	}})
	got := api.command().run(ctx, t, "status", "reg_1", "--watch")
	assert.Equal(t, result{code: cli.Refused, errOut: "starter: interrupted\n"}, got)
}
