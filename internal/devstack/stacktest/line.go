package stacktest

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
)

// Line is the way to a server, which can be cut or go dead.
type Line struct {
	Address string // of its near end

	target   string
	listener net.Listener

	mu      sync.Mutex
	changed *sync.Cond
	mode    string
	conns   map[net.Conn]bool
}

// How a line can be: a cut one refuses and hangs up, a dead one swallows what it is given.
const (
	Whole = ""
	Cut   = "cut"
	Dead  = "dead"
)

// NewLine lays a line to a server at host:port, which goes with the test.
func NewLine(t testing.TB, target string) *Line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("stacktest: %v", err)
	}
	l := &Line{Address: listener.Addr().String(), target: target, listener: listener, conns: map[net.Conn]bool{}}
	l.changed = sync.NewCond(&l.mu)
	t.Cleanup(func() { l.Goes(Cut); _ = listener.Close() })
	go l.accept(t.Context())
	return l
}

// Goes makes the line whole, cut or dead.
func (l *Line) Goes(mode string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mode = mode
	l.changed.Broadcast()
	if mode == Cut {
		for c := range l.conns {
			_ = c.Close()
		}
	}
}

// revived returns when the line is not dead (any more).
func (l *Line) revived() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.mode == Dead {
		l.changed.Wait()
	}
}

func (l *Line) is() string { l.mu.Lock(); defer l.mu.Unlock(); return l.mode }

func (l *Line) accept(ctx context.Context) {
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return
		}
		if l.is() == Cut {
			_ = near.Close()
			continue
		}
		far, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.target)
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
func (l *Line) carry(to, from net.Conn) {
	defer func() { _ = to.Close() }()
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
