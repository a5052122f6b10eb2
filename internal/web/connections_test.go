package web_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"shiming/internal/web"
)

// from dials from another address of this machine.
func from(t testing.TB, s *httptest.Server, address string) *client {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	conn, err := d.DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Skipf("this machine has no address %s: %v", address, err)
	}
	return dialed(t, conn)
}

// served requires that a request is answered.
func (c *client) served() {
	c.t.Helper()
	status, _ := c.send("GET /early HTTP/1.1\r\nHost: x\r\n\r\n").answer()
	require.Equal(c.t, 401, status)
}

// work is a handler whose calls to /work are under way until they are let go.
type work struct {
	begun chan struct{}
	done  chan struct{}
	got   chan struct{} // a byte of a body
}

func newWork() *work {
	return &work{make(chan struct{}, 100), make(chan struct{}), make(chan struct{}, 100)}
}

// read waits until so many bytes of bodies were read.
func (k *work) read(t testing.TB, n int) {
	t.Helper()
	for range n {
		select {
		case <-k.got:
		case <-time.After(generous):
			require.FailNow(t, "they do not arrive")
		}
	}
}

// counted tells of each byte of a body, once more is asked for.
type counted struct {
	io.ReadCloser
	k    *work
	last int
}

func (c *counted) Read(p []byte) (int, error) {
	for range c.last {
		c.k.got <- struct{}{}
	}
	n, err := c.ReadCloser.Read(p[:1])
	c.last = n
	return n, err
}

func (k *work) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "" {
		web.Known(r.Context())
	}
	if r.URL.Path == "/work" {
		k.begun <- struct{}{}
		<-k.done
		r.Body = &counted{r.Body, k, 0}
	}
	shop().ServeHTTP(w, r)
}

func TestThousandsOfHalfSentRequestsKeepNobodyOut(t *testing.T) {
	t.Parallel()
	bounds := web.Defaults() // nothing ends by itself while this runs
	bounds.Within, bounds.Connections, bounds.PerAddress = time.Hour, 300, 0
	s := open(t, shop(), bounds)
	for _, half := range []string{"", "GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{", "POST /early HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"} {
		for range 500 {
			dial(t, s).send(half)
		}
		dial(t, s).served()
	}
}

// One address that has its share makes room by itself, and nobody else pays for it.
func TestAnAddressHasItsShare(t *testing.T) {
	t.Parallel()
	bounds := web.Defaults()
	bounds.Within, bounds.PerAddress = time.Hour, 5
	s := open(t, shop(), bounds)
	var others []*client
	for range 5 {
		other := from(t, s, "127.0.0.2")
		other.served()
		others = append(others, other)
	}
	oldest := dial(t, s)
	oldest.served()
	for range 20 {
		dial(t, s).served()
	}
	oldest.closed()
	for _, other := range others {
		other.served()
	}
}

// When all is full, whoever has most makes room, also for an address that has none yet.
func TestTheGreediestMakesRoom(t *testing.T) {
	t.Parallel()
	bounds := web.Defaults()
	bounds.Within, bounds.Connections, bounds.PerAddress = time.Hour, 10, 0
	s := open(t, shop(), bounds)
	modest := from(t, s, "127.0.0.2")
	modest.served()
	first := dial(t, s).send("GET ")
	for range 20 {
		dial(t, s).send("GET ")
	}
	first.closed()
	from(t, s, "127.0.0.3").served()
	modest.served()
}

func TestWorkIsNeverCut(t *testing.T) {
	t.Parallel()
	bounds, numbers := web.Defaults(), prometheus.NewRegistry()
	bounds.PerAddress, bounds.Metrics = 3, numbers
	k := newWork()
	s := open(t, k, bounds)
	busy := []*client{dial(t, s), dial(t, s), dial(t, s)}
	for _, c := range busy {
		c.send("GET /work HTTP/1.1\r\nHost: x\r\n\r\n")
		<-k.begun
	}
	status, _ := dial(t, s).answer() // it need not have asked anything
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.InDelta(t, 3, number(t, numbers, "shiming_http_connections"), 0)
	close(k.done)
	for _, c := range busy {
		status, _ := c.answer()
		require.Equal(t, 200, status)
	}
	require.InDelta(t, 1, number(t, numbers, "shiming_http_connections_closed_total"), 0)
}

// A caller who is known may be slow: what is not known makes room.
func TestAKnownCallersBodyIsNeverCut(t *testing.T) {
	t.Parallel()
	bounds := web.Defaults()
	bounds.Within, bounds.PerAddress = time.Hour, 2
	k := newWork()
	s := open(t, k, bounds)
	close(k.done)
	known := dial(t, s).send("POST /work HTTP/1.1\r\nHost: x\r\nAuthorization: y\r\nContent-Length: 4\r\n\r\nab")
	<-k.begun
	stranger := dial(t, s).send("POST /work HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")
	<-k.begun
	dial(t, s).served()
	stranger.closed()
	dial(t, s).served()
	status, body := known.send("cd").answer()
	require.Equal(t, 200, status)
	require.Equal(t, "4", body)
	known.served() // and goes on
}

// When nothing but half-sent requests of known callers is left, the one that has stood still for longest makes room.
func TestWhoStandsStillMakesRoomInTheEnd(t *testing.T) {
	t.Parallel()
	bounds := web.Defaults()
	bounds.Within, bounds.Connections = time.Hour, 3
	for _, bounds.PerAddress = range []int{0, 3} {
		k := newWork()
		s := open(t, k, bounds)
		close(k.done)
		var known []*client
		for range 3 {
			known = append(known, dial(t, s).send("POST /work HTTP/1.1\r\nHost: x\r\nAuthorization: y\r\nContent-Length: 5\r\n\r\na"))
			<-k.begun
		}
		known[0].send("b")
		k.read(t, 4) // three first bytes, and this one
		dial(t, s).served()
		known[1].closed()
		status, _ := known[0].send("cde").answer()
		require.Equal(t, 200, status)
		status, _ = known[2].send("bcde").answer()
		require.Equal(t, 200, status)
	}
}

func TestConnectionsThatEndAreForgotten(t *testing.T) {
	t.Parallel()
	bounds, numbers := impatient(), prometheus.NewRegistry()
	bounds.Metrics = numbers
	s := open(t, shop(), bounds)
	for range 50 {
		c := dial(t, s)
		c.served()
		_, _ = io.WriteString(c, "GET ")
	}
	require.Eventually(t, func() bool { return number(t, numbers, "shiming_http_connections") == 0 }, generous, 20*time.Millisecond)
}

func number(t testing.TB, r *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := r.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue() + f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	require.Fail(t, "there is no such number")
	return 0
}
