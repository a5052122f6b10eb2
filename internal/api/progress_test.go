package api

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/devstack/stacktest"
	"shiming/internal/live"
	"shiming/internal/postgres"
)

// watching is an open stream of events.
type watching struct {
	t      testing.TB
	resp   *http.Response
	lines  *bufio.Scanner
	hangUp context.CancelFunc
}

// watches opens the stream of a registration on a server.
func (w *world) watches(server *httptest.Server, path, lastID string) *watching {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	w.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path+"/events", nil)
	require.NoError(w.t, err)
	req.Header.Set("Authorization", "Bearer platform-token")
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	resp, err := server.Client().Do(req)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = resp.Body.Close() })
	return &watching{t: w.t, resp: resp, lines: bufio.NewScanner(resp.Body), hangUp: cancel}
}

// event reads the next event; nil at the end of the stream.
func (s *watching) event() map[string]any {
	s.t.Helper()
	id := ""
	for s.lines.Scan() {
		name, value, _ := strings.Cut(s.lines.Text(), ": ")
		switch name {
		case "id":
			id = value
		case "data":
			var data map[string]any
			require.NoError(s.t, json.Unmarshal([]byte(value), &data))
			require.Equal(s.t, id, strconv.Itoa(int(data["sequence"].(float64))))
			return data
		case "event":
			require.Fail(s.t, "events are unnamed, so that onmessage hears them")
		}
	}
	require.NoError(s.t, s.lines.Err())
	return nil
}

func TestARegistrationIsWatchedLiveToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	s := w.watches(w.server, path, "")
	require.Equal(t, 200, s.resp.StatusCode)
	assert.Equal(t, "text/event-stream", s.resp.Header.Get("Content-Type"))
	assert.Contains(t, s.resp.Header.Get("Cache-Control"), "no-cache")
	assert.Equal(t, "no", s.resp.Header.Get("X-Accel-Buffering"))
	first := s.event()
	assert.Equal(t, map[string]any{
		"type": "registration.state_changed", "sequence": 1.0, "at": first["at"], "event": "opened", "from": "", "to": "identity_required",
	}, first, "and nothing else")
	w.as("platform").post(path+"/card", person(t, 1).card(1)).ok(200)
	assert.Equal(t, "card_code_required", s.event()["to"])
	w.as("platform").post(path+"/withdraw", nil).ok(200)
	last := s.event()
	assert.Equal(t, "withdrawn", last["to"])
	assert.Nil(t, s.event(), "the stream ends with the registration")

	again := w.watches(w.server, path, "1")
	assert.Equal(t, "card_code_required", again.event()["to"], "what came after")
	assert.Equal(t, "withdrawn", again.event()["to"])
	assert.Nil(t, again.event())
	over := w.watches(w.server, path, strconv.Itoa(int(last["sequence"].(float64))))
	assert.Equal(t, http.StatusNoContent, over.resp.StatusCode, "a browser does not come again")
}

// Acts go to one process and are watched at another, which only the database connects.
func TestAnyProcessServesTheStream(t *testing.T) {
	t.Parallel()
	url := stacktest.Database(t, postgres.Migrate)
	w := newWorldOn(t, url)
	path := w.open("acct-1", "individual")
	here := w.server
	w.start()
	streams := []*watching{w.watches(here, path, ""), w.watches(w.server, path, "")}
	for _, s := range streams {
		require.Equal(t, "opened", s.event()["event"])
	}
	w.as("platform").post(path+"/withdraw", nil).ok(200)
	for _, s := range streams {
		require.Equal(t, "withdrawn", s.event()["event"])
		require.Nil(t, s.event())
	}
}

func TestStreamsOutliveTheServersWriteTimeout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	handler, err := New(w.deps)
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(handler)
	server.Config.WriteTimeout = 300 * time.Millisecond
	server.Start()
	t.Cleanup(server.Close)
	s := w.watches(server, path, "")
	require.Equal(t, "opened", s.event()["event"])
	due := time.Now().Add(time.Second)
	require.Eventually(t, func() bool { return time.Now().After(due) }, 5*time.Second, 50*time.Millisecond)
	w.as("platform").post(path+"/withdraw", nil).ok(200)
	require.Equal(t, "withdrawn", s.event()["event"])
}

func TestStreamsEndWithTheirServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	s := w.watches(w.server, path, "")
	require.NotNil(t, s.event())
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(t, w.server.Config.Shutdown(ctx), "a stream does not hold up the end")
	assert.Nil(t, s.event())
}

func TestWatchersWhoLeaveAreForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(d *Deps) { d.Live = live.New(d.Store, 1, d.Log) })
	path := w.open("acct-1", "individual")
	s := w.watches(w.server, path, "")
	require.NotNil(t, s.event())
	full := w.watches(w.server, path, "")
	require.Equal(t, http.StatusTooManyRequests, full.resp.StatusCode)
	require.NotEmpty(t, full.resp.Header.Get("Retry-After"))
	s.hangUp()
	require.Eventually(t, func() bool {
		next := w.watches(w.server, path, "")
		defer next.hangUp()
		return next.resp.StatusCode == http.StatusOK
	}, 20*time.Second, 50*time.Millisecond)
}

func TestWatchingIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	w.as("platform").get("/v1/registrations/reg_nobody/events").refused(404, "not_found")
	w.as("").get(path+"/events").refused(401, "unauthorized")
	for _, id := range []string{"x", "-1", "1.5", "99999999999999999999"} {
		c := w.as("ops")
		c.header = http.Header{"Last-Event-Id": {id}}
		c.get(path+"/events").refused(422, "invalid_request").errorAt("header.Last-Event-ID", "invalid")
	}
	assert.Zero(t, w.count(`select count(*) from pg_stat_activity where datname = current_database() and query = 'listen shiming_events' and state = 'active'`))
}
