package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"shiming/internal/web"
)

// shutdownWithin is how long answers under way may take at the end, where no setting says it.
const shutdownWithin = 5 * time.Second

// webServer is an HTTP server that runs.
type webServer struct {
	server *http.Server
	failed chan error // gets why it ended, if nobody stopped it
}

func serveHTTP(l net.Listener, h http.Handler, log *slog.Logger) *webServer {
	bounds := web.Defaults()
	bounds.Log = log
	return serveWithin(l, h, bounds)
}

// serveWithin serves within bounds of its own.
func serveWithin(l net.Listener, h http.Handler, bounds web.Config) *webServer {
	w := &webServer{failed: make(chan error, 1), server: web.Server(l.Addr().String(), h, bounds)}
	w.server.ErrorLog = slog.NewLogLogger(bounds.Log.Handler(), slog.LevelWarn)
	go func() {
		if err := w.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			w.failed <- fmt.Errorf("serving on %s: %w", l.Addr(), err)
		}
		close(w.failed)
	}()
	return w
}

// atOnce is what answers have that are just being written when nothing more is waited for.
const atOnce = 500 * time.Millisecond

// stop takes no more calls and waits for answers under way, at most as long as within, or only a moment once now ends; then it
// hangs up.
func (w *webServer) stop(now context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(now), within)
	defer cancel()
	defer context.AfterFunc(now, func() { time.AfterFunc(atOnce, cancel) })()
	if err := w.server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("some answers were cut off: %w", err), w.server.Close())
	}
	return nil
}
