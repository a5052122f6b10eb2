package api

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/devstack/stacktest"
	"shiming/internal/engine"
	"shiming/internal/postgres"
)

// line is the way to the database, which can be cut or go dead.
type line struct {
	t        *testing.T
	target   string
	listener net.Listener

	mu      sync.Mutex
	changed *sync.Cond
	mode    string // "", cut, dead
	conns   map[net.Conn]bool
}

func newLine(t *testing.T, databaseURL string) (*line, string) {
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &line{t: t, target: u.Host, listener: listener, conns: map[net.Conn]bool{}}
	l.changed = sync.NewCond(&l.mu)
	t.Cleanup(func() { l.set("cut"); _ = listener.Close() })
	go l.accept()
	u.Host = listener.Addr().String()
	return l, u.String()
}

// revived returns when the line is not dead (any more).
func (l *line) revived() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.mode == "dead" {
		l.changed.Wait()
	}
}

func (l *line) is() string { l.mu.Lock(); defer l.mu.Unlock(); return l.mode }

func (l *line) set(mode string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mode = mode
	l.changed.Broadcast()
	if mode == "cut" {
		for c := range l.conns {
			_ = c.Close()
		}
	}
}

func (l *line) accept() {
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return
		}
		if l.is() == "cut" {
			_ = near.Close()
			continue
		}
		far, err := net.Dial("tcp", l.target)
		if err != nil {
			_ = near.Close()
			continue
		}
		l.mu.Lock()
		l.conns[near], l.conns[far] = true, true
		l.mu.Unlock()
		go l.carry(near, far)
		go l.carry(far, near)
	}
}

// carry passes on what comes; on a dead line it waits, as a network does that swallows packets.
func (l *line) carry(to, from net.Conn) {
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		l.revived()
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
			if !errors.Is(err, io.EOF) {
				_ = from.Close()
			}
			return
		}
	}
}

// Every call must answer 503 within ten seconds while the database is away, and work again when it is back.
func TestWithoutADatabaseEveryCallIsAnswered503InTime(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"cut", "dead"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			l, through := newLine(t, stacktest.Database(t, postgres.Migrate))
			w := newWorldOn(t, through, func(d *Deps) { d.AnswerWithin = 0 }) // as it is by default
			path := w.open("acct-1", "individual")
			l.set(mode)
			calls := []func() answer{
				func() answer { return w.as("platform").get(path) },
				func() answer { return w.as("platform").get("/v1/registrations") },
				func() answer {
					return w.as("platform").post("/v1/registrations", person(t, 2).application("acct-2", "individual"))
				},
				func() answer { return w.as("platform").withKey("k").post(path+"/card", person(t, 1).card(1)) },
				func() answer { return w.as("platform").post(path+"/card", person(t, 1).card(1)) },
				func() answer { return w.as("platform").put(path+"/contact", person(t, 1).contact()) },
				func() answer { return w.as("platform").put(path+"/documents/id_card_front", png("x")) },
				func() answer { return w.as("reviewer").get("/v1/reviews") },
				func() answer { return w.report("bank", bankSecret, "m", time.Now(), unknownTransfer) },
			}
			var all sync.WaitGroup
			for i, send := range calls {
				all.Go(func() {
					began := time.Now()
					a := send()
					if a.Status != http.StatusServiceUnavailable || a.Body["code"] != "engine_unavailable" || time.Since(began) > 10*time.Second {
						t.Errorf("call %d: %d %s after %s", i, a.Status, a.Raw, time.Since(began))
					}
				})
			}
			all.Wait()
			require.Equal(t, http.StatusServiceUnavailable, w.as("").get("/readyz").Status)
			l.set("")
			require.Eventually(t, func() bool { return w.as("platform").get(path).Status == 200 }, 20*time.Second, 100*time.Millisecond)
			w.as("platform").withKey("k").post(path+"/card", person(t, 1).card(1)).ok(200)
		})
	}
}

func TestWithoutTheEngineNothingIsLeftBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	w.engine.goes(engine.ErrUnavailable)
	w.as("platform").post(path+"/withdraw", nil).refused(503, "engine_unavailable")
	w.as("platform").withKey("o").post("/v1/registrations", person(t, 2).application("acct-2", "individual")).refused(503, "engine_unavailable")
	require.Equal(t, 1, w.count(`select count(*) from registrations`))
	require.Zero(t, w.count(`select count(*) from acts`))
	w.as("platform").get(path).ok(200)
	w.engine.goes(nil)
	w.as("platform").withKey("o").post("/v1/registrations", person(t, 2).application("acct-2", "individual")).ok(201)
	w.as("platform").post(path+"/withdraw", nil).ok(200)
}
