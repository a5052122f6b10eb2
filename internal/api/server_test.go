package api

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/engine"
)

func TestACallerIsHeldToItsRate(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := newLimits(2, 2, func() time.Time { return now })
	for range 2 {
		_, ok := l.take("a")
		require.True(t, ok)
	}
	wait, ok := l.take("a")
	require.False(t, ok)
	require.Equal(t, 500*time.Millisecond, wait)
	_, ok = l.take("b")
	require.True(t, ok, "another caller has a rate of its own")
	now = now.Add(wait)
	_, ok = l.take("a")
	require.True(t, ok)
	now = now.Add(2 * limitIdle)
	_, ok = l.take("a")
	require.True(t, ok)
	require.Len(t, l.of, 1, "callers who are gone are forgotten")
}

func TestTooManyRequestsAreToldWhenToComeBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(d *Deps) { d.RateLimit = 1 })
	w.as("ops").get("/v1/registrations").ok(200)
	a := w.as("ops").get("/v1/registrations").refused(429, "rate_limited")
	require.Equal(t, "1", a.Header.Get("Retry-After"))
	w.as("reviewer").get("/v1/registrations").ok(200)
}

func TestPagesForPeopleAndPrograms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	served := w.as("").get("/openapi.json").ok(200)
	document, err := os.ReadFile("../../docs/openapi.json")
	require.NoError(t, err)
	require.JSONEq(t, string(document), string(served.Raw), "what is served is what is checked in")
	require.Equal(t, "3.0.3", w.as("").get("/openapi-3.0.json").ok(200).Body["openapi"])
	docs := w.as("").get("/docs").ok(200)
	require.Contains(t, string(docs.Raw), "deposit_attempts_exceeded")
	require.NotContains(t, string(docs.Raw), "<script")
	require.NotContains(t, string(docs.Raw), "https://unpkg")
	require.Contains(t, docs.Header.Get("Content-Security-Policy"), "default-src 'none'")
	require.Equal(t, "nosniff", docs.Header.Get("X-Content-Type-Options"))
	w.as("").get("/docs/style.css").ok(200)
	w.as("").get("/healthz").ok(200)
	w.as("").get("/readyz").ok(200)
	w.as("platform").get("/v1/registrations/reg_x").refused(404, "not_found")
	w.as("").get("/metrics").refused(404, "not_found")
	metrics := w.metrics()
	require.Contains(t, metrics, `shiming_http_requests_total{operation="get-registration",status="404"} 1`)
	require.NotContains(t, metrics, "reg_x")
	w.engine.goes(engine.ErrUnavailable)
	require.Equal(t, "unavailable", w.as("").get("/readyz").ok(503).Body["engine"])
}

func TestPagesOfOtherOriginsAreShutOutUnlessConfigured(t *testing.T) {
	t.Parallel()
	from := func(w *world, method string) answer {
		c := call{w: w, as: "ops", header: http.Header{"Origin": {"https://console.example.com"}, "Access-Control-Request-Method": {"POST"}}}
		return c.send(method, "/v1/registrations", nil)
	}
	off := newWorld(t)
	require.Empty(t, from(off, http.MethodGet).Header.Get("Access-Control-Allow-Origin"))
	from(off, http.MethodOptions).refused(404, "not_found")
	on := newWorld(t, func(d *Deps) { d.CORSOrigins = []string{"https://console.example.com"} })
	require.Equal(t, "https://console.example.com", from(on, http.MethodGet).ok(200).Header.Get("Access-Control-Allow-Origin"))
	require.Contains(t, from(on, http.MethodOptions).ok(204).Header.Get("Access-Control-Allow-Headers"), "Idempotency-Key")
}

func TestASlowClientIsCutOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.server.URL, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprint(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n")
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(generous)))
	_, err = bufio.NewReader(conn).ReadString('\x00') // until the server hangs up
	require.ErrorIs(t, err, io.EOF)
}

func TestHeadersHaveALimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL+"/healthz", nil)
	require.NoError(t, err)
	req.Header.Set("X-Long", strings.Repeat("x", 64<<10))
	resp, err := w.server.Client().Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, resp.StatusCode)
}

// timedWriter notes until when its request may be read.
type timedWriter struct {
	*httptest.ResponseRecorder
	until time.Time
}

func (w *timedWriter) SetReadDeadline(at time.Time) error { w.until = at; return nil }

// timedBody requires that there is an end to reading it.
type timedBody struct {
	io.Reader
	t testing.TB
	w *timedWriter
}

func (b timedBody) Read(p []byte) (int, error) {
	require.False(b.t, b.w.until.IsZero(), "a body may be read for ever")
	return b.Reader.Read(p)
}

// Every body has its time, also one that is only read so that its sender sees the refusal.
func TestEveryBodyHasItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	for _, c := range []struct {
		method, path string
		size         int64
	}{
		{http.MethodPut, path + "/documents/id_card_front", 11 << 20},
		{http.MethodPut, path + "/documents/passport", 1},
		{http.MethodPut, path + "/documents/id_card_front", 100},
		{http.MethodPut, path + "/name", 20},
		{http.MethodPost, "/v1/webhooks/bank", 20},
	} {
		writer := &timedWriter{ResponseRecorder: httptest.NewRecorder()}
		body := timedBody{io.LimitReader(strings.NewReader(strings.Repeat("x", 100)), c.size), t, writer}
		req := httptest.NewRequestWithContext(t.Context(), c.method, c.path, body)
		req.ContentLength = c.size
		req.Header.Set("Authorization", "Bearer platform-token")
		w.server.Config.Handler.ServeHTTP(writer, req)
		require.GreaterOrEqual(t, writer.Code, http.StatusBadRequest, c.path)
	}
}

func TestAPanicIsAProblem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	w.engine.panics()
	w.as("platform").withKey("k").post(path+"/withdraw", nil).refused(500, "internal_error")
	w.engine.answers(nil)
	require.Equal(t, "withdrawn", w.as("platform").withKey("k").post(path+"/withdraw", nil).ok(200).state())
}
