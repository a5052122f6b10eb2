package web_test

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

	"shiming/internal/web"
)

// generous is more than anything here takes, on a machine that is busy with other tests.
const generous = 30 * time.Second

// impatient are bounds that tests can wait for.
func impatient() web.Config {
	c := web.Defaults()
	c.Within, c.IdleWithin = 500*time.Millisecond, 500*time.Millisecond
	return c
}

// shop reads what it is sent and says how much that was, but for calls to /early, which it answers at once.
func shop() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/early") {
			w.Header().Set("Content-Length", "2")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, "no")
			return
		}
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = fmt.Fprintf(w, "%d", n)
	})
}

func open(t testing.TB, h http.Handler, c web.Config) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.Config = web.Server("", h, c)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// client is a connection by hand.
type client struct {
	net.Conn
	t  testing.TB
	in *bufio.Reader
}

func dial(t testing.TB, s *httptest.Server) *client {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	require.NoError(t, err)
	return dialed(t, conn)
}

func dialed(t testing.TB, conn net.Conn) *client {
	t.Helper()
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(generous)))
	return &client{conn, t, bufio.NewReader(conn)}
}

func (c *client) send(text string) *client {
	c.t.Helper()
	_, err := io.WriteString(c, text)
	require.NoError(c.t, err)
	return c
}

// answer reads one answer whole.
func (c *client) answer() (status int, body string) {
	c.t.Helper()
	resp, err := http.ReadResponse(c.in, nil)
	require.NoError(c.t, err)
	raw, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	return resp.StatusCode, string(raw)
}

// closed requires that the server hangs up.
func (c *client) closed() {
	c.t.Helper()
	_, err := io.Copy(io.Discard, c.in)
	require.NotErrorIs(c.t, err, os.ErrDeadlineExceeded, "the connection stays open")
}
