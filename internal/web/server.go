package web

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Config bounds what clients may take of a server.
type Config struct {
	Within      time.Duration // the longest pause in a body or in taking an answer; see [pace]
	IdleWithin  time.Duration // between two requests of a connection
	Connections int           // in all; 0: as many as come
	PerAddress  int           // of one address; 0: as many as in all
	Log         *slog.Logger
	Metrics     prometheus.Registerer // nil: nothing is counted
	// Stopping is closed when the server is about to stop: every answer from then on is its connection's last. nil: never.
	Stopping <-chan struct{}
}

// Defaults are the bounds where no setting says otherwise.
func Defaults() Config {
	return Config{Within: 10 * time.Second, IdleWithin: 75 * time.Second, Connections: 4096, PerAddress: 1024, Log: slog.New(slog.DiscardHandler)}
}

const (
	headersWithin = 5 * time.Second
	headerLimit   = 32 << 10 // bytes
	// writeWithin bounds what net/http writes by itself, such as a 431. An answer has its own time from its first byte on.
	writeWithin = time.Minute
)

// Server makes a server that no client can hold up. It speaks HTTP/1 alone: the product stands behind a proxy.
func Server(addr string, h http.Handler, c Config) *http.Server {
	table := newConnections(c)
	headers := min(headersWithin, c.Within)
	s := &http.Server{
		Addr: addr, MaxHeaderBytes: headerLimit, ReadHeaderTimeout: headers, ReadTimeout: headers + c.Within, WriteTimeout: writeWithin, IdleTimeout: c.IdleWithin,
		ConnState: table.changed,
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, connectionKey{}, table.admit(conn))
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(h, c, w, r) }),
	}
	s.Protocols = new(http.Protocols)
	s.Protocols.SetHTTP1(true)
	return s
}

type connectionKey struct{}

func connectionOf(ctx context.Context) *connection {
	c, _ := ctx.Value(connectionKey{}).(*connection)
	return c
}
