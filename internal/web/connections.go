package web

import (
	"container/list"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// connections keeps a server's connections within their limits, in all and of each address.
type connections struct {
	most, perAddress int
	log              *slog.Logger
	closed           *prometheus.CounterVec

	mu    sync.Mutex
	all   map[net.Conn]*connection
	peers map[netip.Addr]*peer
	told  time.Time // when the log was told last that there are too many
}

// peer is an address that has connections.
type peer struct {
	address netip.Addr
	count   int
	waiting list.List // of *connection, the longest waiting first
	sending list.List // of *connection, whoever has sent nothing for longest first
}

// next is whose turn it is to make room: of those that wait, and only if there are none, of those that send.
func (p *peer) next() *connection {
	for _, queue := range []*list.List{&p.waiting, &p.sending} {
		if queue.Len() > 0 {
			c, _ := queue.Front().Value.(*connection)
			return c
		}
	}
	return nil
}

// connection waits for its client (to send a request, or to take an answer), is being sent the rest of a request by somebody
// who is known, or is at work.
type connection struct {
	net.Conn
	table *connections
	from  *peer
	queue *list.List    // waiting or sending; nil: at work
	place *list.Element // in that
	gone  bool          // it was refused, or has made room
}

func newConnections(c Config) *connections {
	t := &connections{
		most: c.Connections, perAddress: c.PerAddress, log: c.Log, all: map[net.Conn]*connection{}, peers: map[netip.Addr]*peer{},
		closed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shiming_http_connections_closed_total", Help: "Connections closed because there were too many: to make room, or refused because there was none.",
		}, []string{"why"}),
	}
	if c.Metrics != nil {
		c.Metrics.MustRegister(t.closed, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "shiming_http_connections", Help: "Connections that are open.",
		}, func() float64 { return float64(t.open()) }))
	}
	return t
}

func (t *connections) open() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.all)
}

// busy is said to whom there is no room for.
const busy = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

// admit takes a connection up, if need be in place of one that waits. One too many is closed.
func (t *connections) admit(conn net.Conn) *connection {
	c := t.takeUp(conn)
	if c.gone {
		_ = conn.SetWriteDeadline(time.Now().Add(restWithin)) // nothing was written yet, so there is room for this
		_, _ = io.WriteString(conn, busy)
		_ = conn.Close()
	}
	return c
}

func (t *connections) takeUp(conn net.Conn) *connection {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.peerOf(conn)
	c := &connection{Conn: conn, table: t, from: p}
	if c.gone = !t.room(p); c.gone {
		t.count("refused")
		t.drop(p)
		return c
	}
	t.all[conn] = c
	p.count++
	c.line(&p.waiting)
	return c
}

func (t *connections) peerOf(conn net.Conn) *peer {
	var from netip.AddrPort
	if at := conn.RemoteAddr(); at != nil {
		from, _ = netip.ParseAddrPort(at.String()) // what has no address counts as one
	}
	address := Group(from.Addr())
	p := t.peers[address]
	if p == nil {
		p = &peer{address: address}
		t.peers[address] = p
	}
	return p
}

// room makes room for one more of an address: at the cost of that address if it has its share, else of whoever has most.
func (t *connections) room(p *peer) bool {
	if t.perAddress > 0 && p.count >= t.perAddress && !t.evict(p) {
		return false
	}
	return t.most <= 0 || len(t.all) < t.most || t.evict(t.greediest())
}

// greediest is who has most connections, of those with one that waits, or if there are none, with one that is sent something.
func (t *connections) greediest() *peer {
	var most *peer
	for _, p := range t.peers {
		if p.next() != nil && (most == nil || p.before(most)) {
			most = p
		}
	}
	return most
}

// before reports whether an address makes room before another does. Both can.
func (p *peer) before(other *peer) bool {
	if waits, othersWait := p.waiting.Len() > 0, other.waiting.Len() > 0; waits != othersWait {
		return waits
	}
	return p.count > other.count
}

// evict closes the connection of an address whose turn it is.
func (t *connections) evict(p *peer) bool {
	if p == nil || p.next() == nil {
		return false
	}
	c := p.next()
	t.forget(c)
	c.gone = true
	_ = c.Close() // whatever comes of it, it is not ours any more
	t.count("made_room")
	return true
}

// count counts what was closed, and now and then tells the log. It names nobody: addresses are people's.
func (t *connections) count(why string) {
	t.closed.WithLabelValues(why).Inc()
	if now := time.Now(); now.Sub(t.told) > time.Minute {
		t.told = now
		t.log.Warn("too many connections: those that wait for their client make room", "open", len(t.all))
	}
}

// forget takes a connection out of the books.
func (t *connections) forget(c *connection) {
	if t.all[c.Conn] != c {
		return
	}
	delete(t.all, c.Conn)
	c.from.count--
	c.unplace()
	t.drop(c.from)
}

// drop forgets an address that has no connections.
func (t *connections) drop(p *peer) {
	if p.count == 0 {
		delete(t.peers, p.address)
	}
}

// changed follows what net/http knows of a connection.
func (t *connections) changed(conn net.Conn, state http.ConnState) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.all[conn]
	switch {
	case c == nil:
	case state == http.StateIdle:
		c.line(&c.from.waiting)
	case state == http.StateClosed || state == http.StateHijacked:
		t.forget(c)
	}
}

// wait says that the connection waits for its client from now on.
func (c *connection) wait() {
	if c == nil {
		return
	}
	c.table.mu.Lock()
	defer c.table.mu.Unlock()
	c.line(&c.from.waiting)
}

// send says that somebody who is known sends something. It reports false as work does.
func (c *connection) send() bool {
	if c == nil {
		return true
	}
	c.table.mu.Lock()
	defer c.table.mu.Unlock()
	c.line(&c.from.sending)
	return !c.gone
}

// work says that the connection is at work. It reports false if it has made room for another: then nothing may be begun.
func (c *connection) work() bool {
	if c == nil {
		return true
	}
	c.table.mu.Lock()
	defer c.table.mu.Unlock()
	c.unplace()
	return !c.gone
}

// line puts it last in a queue.
func (c *connection) line(queue *list.List) {
	c.unplace()
	if c.table.all[c.Conn] == c {
		c.queue, c.place = queue, queue.PushBack(c)
	}
}

func (c *connection) unplace() {
	if c.queue != nil {
		c.queue.Remove(c.place)
		c.queue, c.place = nil, nil
	}
}
