package api

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// generous is more than anything here takes, on a machine that is busy with other tests.
const generous = 30 * time.Second

// wire is a connection by hand.
type wire struct {
	net.Conn
	t  testing.TB
	in *bufio.Reader
}

func (w *world) dial(t testing.TB) *wire {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", w.server.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(generous)))
	return &wire{conn, t, bufio.NewReader(conn)}
}

// head sends a request's first line and headers.
func (c *wire) head(method, path, token string, more ...string) *wire {
	c.t.Helper()
	lines := append([]string{method + " " + path + " HTTP/1.1", "Host: api"}, more...)
	if token != "" {
		lines = append(lines, "Authorization: Bearer "+token)
	}
	return c.send(strings.Join(lines, "\r\n") + "\r\n\r\n")
}

func (c *wire) send(text string) *wire {
	c.t.Helper()
	_, err := io.WriteString(c, text)
	require.NoError(c.t, err)
	return c
}

// status reads an answer to its end.
func (c *wire) status() int {
	c.t.Helper()
	for {
		resp, err := http.ReadResponse(c.in, nil)
		require.NoError(c.t, err)
		_, err = io.Copy(io.Discard, resp.Body)
		require.NoError(c.t, err)
		if resp.StatusCode != http.StatusContinue {
			return resp.StatusCode
		}
	}
}

// closed requires that the server hangs up.
func (c *wire) closed() {
	c.t.Helper()
	_, err := io.Copy(io.Discard, c.in)
	require.NotErrorIs(c.t, err, os.ErrDeadlineExceeded, "the connection stays open")
}

// halves are requests that never come whole.
func halves() map[string]struct{ header, body string } {
	return map[string]struct{ header, body string }{
		"one byte of 50":      {"Content-Length: 50", "{"},
		"nothing of 50":       {"Content-Length: 50", ""},
		"a little of 9 MB":    {"Content-Length: 9000000", "\x89PNG\x0D\x0A\x1A\x0A"},
		"half a chunk":        {"Transfer-Encoding: chunked", "5\r\n{\""},
		"chunks without end":  {"Transfer-Encoding: chunked", "2\r\n{}\r\n"},
		"waiting to be asked": {"Content-Length: 50\r\nExpect: 100-continue", ""},
	}
}

// Whoever calls whatever, and sends half of it: there is an answer, and an end.
func TestEveryHalfRequestIsAnsweredAndEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.bounds.Within = 700 * time.Millisecond
	w.start()
	reg := w.open("acct-1", "individual")
	for _, c := range []struct {
		method, path string
		status       map[string]int // by token: none, a wrong one, a right one
	}{
		{"POST", "/v1/registrations", map[string]int{"": 401, "wrong": 401, "platform-token": 400, "reviewer-token": 403}},
		{"GET", "/v1/registrations", map[string]int{"": 401, "wrong": 401, "platform-token": 200}},
		{"PUT", reg + "/documents/id_card_front", map[string]int{"": 401, "wrong": 401, "platform-token": 400, "ops-token": 403}},
		{"PUT", reg + "/documents/passport", map[string]int{"platform-token": 404}},
		{"GET", reg + "/events", map[string]int{"": 401}},
		{"POST", "/v1/webhooks/bank", map[string]int{"": 400, "wrong": 400}},
		{"POST", "/v1/identity-clearings/objections", map[string]int{"": 400, "platform-token": 400}},
		{"POST", "/v1/nowhere", map[string]int{"": 404, "platform-token": 404}},
		{"DELETE", "/v1/registrations", map[string]int{"": 404, "platform-token": 404}},
		{"PUT", "/", map[string]int{"": 404}},
		{"GET", "/metrics", map[string]int{"": 404}},
		{"GET", "/healthz", map[string]int{"": 200}},
		{"POST", "/readyz", map[string]int{"": 404}},
		{"GET", "/docs", map[string]int{"": 200}},
		{"GET", "/openapi.json", map[string]int{"": 200}},
		{"GET", "/objections", map[string]int{"": 200}},
	} {
		for token, status := range c.status {
			for name, half := range halves() {
				t.Run(fmt.Sprintf("%s %s %s %s", c.method, c.path, token, name), func(t *testing.T) {
					t.Parallel()
					conn := w.dial(t).head(c.method, c.path, token, half.header).send(half.body)
					got := conn.status()
					if name == "a little of 9 MB" && status == 400 && got == 415 { // it says what it is not
						got = status
					}
					assert.Equal(t, status, got)
					conn.closed()
				})
			}
		}
	}
}

// A refusal does not wait until the body's time is over.
func TestARefusalWaitsForNoBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.bounds.Within = time.Hour
	w.start()
	for name, half := range halves() {
		for _, c := range []struct {
			method, path, token string
			status              int
		}{
			{"POST", "/v1/registrations", "", 401},
			{"POST", "/v1/registrations", "ops-token", 403},
			{"POST", "/v1/nowhere", "", 404},
		} {
			assert.Equal(t, c.status, w.dial(t).head(c.method, c.path, c.token, half.header).send(half.body).status(), name)
		}
	}
}

// A document comes over a line that is slow, but comes.
func TestADocumentMayComeSlowly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.bounds.Within = 500 * time.Millisecond
	w.start()
	path := w.open("acct-1", "individual") + "/documents/id_card_front"
	document := png(strings.Repeat("x", 100<<10))
	conn := w.dial(t).head("PUT", path, "platform-token", fmt.Sprintf("Content-Length: %d", len(document)))
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for len(document) > 0 {
		n := min(len(document), 5<<10)
		conn.send(string(document[:n]))
		document = document[n:]
		<-tick.C
	}
	require.Equal(t, 200, conn.status())
}

// What is closed to make room is whatever waits for its client; whoever calls is answered.
func TestThousandsOfIdleConnectionsKeepNobodyOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.bounds.Within, w.bounds.Connections, w.bounds.PerAddress = time.Hour, 500, 0
	w.start()
	path := w.open("acct-1", "individual")
	stream := w.watches(w.server, path, "")
	require.Equal(t, "opened", stream.event()["event"])
	for i := range 2000 {
		conn := w.dial(t)
		switch i % 4 {
		case 0: // says nothing
		case 1:
			conn.send("POST /v1/registrations HTTP/1.1\r\n")
		case 2:
			conn.head("POST", "/v1/registrations", "", "Content-Length: 50").send("{")
		case 3:
			conn.head("POST", "/v1/identity-clearings/objections", "", "Content-Length: 50").send("{")
		}
	}
	w.as("platform").get(path).ok(200)
	w.as("platform").post(path+"/withdraw", nil).ok(200)
	require.Equal(t, "withdrawn", stream.event()["event"], "who is at work is left alone")
}

func TestATokensStreamsAreLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(d *Deps) { d.StreamsPerToken = 3 })
	path := w.open("acct-1", "individual")
	first := w.watches(w.server, path, "")
	for range 2 {
		require.NotNil(t, w.watches(w.server, path, "").event())
	}
	full := w.watches(w.server, path, "")
	require.Equal(t, http.StatusTooManyRequests, full.resp.StatusCode)
	require.NotEmpty(t, full.resp.Header.Get("Retry-After"))
	for range 5 { // what is refused otherwise leaves nothing open
		w.as("ops").get("/v1/registrations/reg_nobody/events").refused(404, "not_found")
	}
	w.as("ops").send(http.MethodHead, path+"/events", nil).ok(200)
	first.hangUp()
	require.Eventually(t, func() bool {
		next := w.watches(w.server, path, "")
		defer next.hangUp()
		return next.resp.StatusCode == http.StatusOK
	}, generous, 50*time.Millisecond)
}
