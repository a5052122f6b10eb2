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

// exchange sends a request and reads its answer to the end.
func (l *lines) exchange(req *http.Request, until time.Time) (*http.Response, []byte, error) {
	one, err := l.take(req, until)
	if err != nil {
		return nil, nil, err
	}
	resp, content, err := one.exchange(req, until)
	if err != nil || resp.Close {
		return resp, content, errors.Join(err, one.Close())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free = append(l.free, one)
	return resp, content, nil
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

func (l *line) exchange(req *http.Request, until time.Time) (*http.Response, []byte, error) {
	if err := l.SetDeadline(until); err != nil {
		return nil, nil, err
	}
	if err := req.Write(l); err != nil {
		return nil, nil, err
	}
	resp, err := http.ReadResponse(l.in, req)
	if err != nil {
		return nil, nil, err
	}
	content, err := io.ReadAll(resp.Body)
	return resp, content, errors.Join(err, resp.Body.Close())
}
