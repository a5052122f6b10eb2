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
	in *bufio.Reader
}

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
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free = append(l.free, one)
	return r, nil
}

func (l *lines) take(req *http.Request, until time.Time) (*line, error) {
	l.mu.Lock()
	if last := len(l.free) - 1; last >= 0 {
		one := l.free[last]
		l.free = l.free[:last]
		l.mu.Unlock()
		return one, nil
	}
	l.mu.Unlock()
	conn, err := (&net.Dialer{Deadline: until}).DialContext(req.Context(), "tcp", req.URL.Host)
	if err != nil {
		return nil, err
	}
	return &line{conn, bufio.NewReader(conn)}, nil
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
