package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// lines are connections to one server, kept for the next call. [http.Client] gives each connection two goroutines, and a call costs
// more here than its refusal costs the API: callers that live on the machine they measure must be light.
type lines struct {
	mu   sync.Mutex
	free []*line
}

type line struct {
	net.Conn
	in   *bufio.Reader
	used time.Time
}

// idle is how long a connection is kept that nobody uses: less than the API keeps it.
const idle = time.Minute

// reply is an answer, read to its end.
type reply struct {
	status  int
	header  http.Header
	content []byte
	last    bool // on its connection
}

// exchange sends a request and reads its answer.
func (l *lines) exchange(req *http.Request, until time.Time) (reply, error) {
	one, err := l.take(req, until)
	if err != nil {
		return reply{}, err
	}
	r, err := one.exchange(req, until)
	if err != nil || r.last {
		return r, errors.Join(err, one.Close())
	}
	one.used = time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free = append(l.free, one)
	return r, nil
}

func (l *lines) take(req *http.Request, until time.Time) (*line, error) {
	if one := l.last(); one != nil {
		if time.Since(one.used) < idle {
			return one, nil
		}
		_ = one.Close() // nobody waits for anything on it
	}
	conn, err := (&net.Dialer{Deadline: until}).DialContext(req.Context(), "tcp", req.URL.Host)
	if err != nil {
		return nil, err
	}
	return &line{Conn: conn, in: bufio.NewReader(conn)}, nil
}

// last takes the one that was used last; nil: none is free.
func (l *lines) last() *line {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := len(l.free) - 1
	if at < 0 {
		return nil
	}
	one := l.free[at]
	l.free = l.free[:at]
	return one
}

func (l *line) exchange(req *http.Request, until time.Time) (reply, error) {
	if err := l.SetDeadline(until); err != nil {
		return reply{}, err
	}
	if err := req.Write(l); err != nil {
		return reply{}, err
	}
	resp, err := http.ReadResponse(l.in, req)
	if err != nil {
		return reply{}, err
	}
	content, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, content, resp.Close}, errors.Join(err, resp.Body.Close())
}
