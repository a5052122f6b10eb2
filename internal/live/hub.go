// Package live tells those who watch a registration, in any number of processes, that it has moved.
//
// It promises that a watcher is woken after every committed step, whichever process made it: one connection a process
// listens to the database, and when it was lost everybody is woken once it is back. A wake says only "look again", and
// several may come as one, so a watcher that is slow holds up nobody and misses nothing.
//
// It refuses to carry what happened (that is read from the database), and more watchers than it was set to.
package live

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Source is where word of steps comes from.
type Source interface {
	ListenTransitions(ctx context.Context, ready func(), told func(registrationID string)) error
}

const (
	defaultWatchers = 2000
	firstPause      = 200 * time.Millisecond
	longestPause    = time.Second
)

// ErrFull says that too many watch already.
var ErrFull = errors.New("live: too many watchers")

// ErrClosed says that the hub is closing down.
var ErrClosed = errors.New("live: closed")

// Hub wakes watchers. It listens while it has any.
type Hub struct {
	source Source
	most   int
	log    *slog.Logger
	stop   context.CancelFunc // ends the listening; nil while nobody watches
	closed bool

	mu       sync.Mutex
	watchers map[string]map[*Watch]struct{}
	count    int
}

// New makes a hub for up to most watchers; 0: 2000.
func New(source Source, most int, log *slog.Logger) *Hub {
	if most <= 0 {
		most = defaultWatchers
	}
	return &Hub{source: source, most: most, log: log, watchers: map[string]map[*Watch]struct{}{}}
}

// Watch is one watcher.
type Watch struct {
	hub   *Hub
	id    string
	woken chan struct{}
	done  chan struct{}
}

// Woken has something to receive when there may be something new. It begins with one.
func (w *Watch) Woken() <-chan struct{} { return w.woken }

// Done is closed when the hub closes down.
func (w *Watch) Done() <-chan struct{} { return w.done }

// Watch begins to watch a registration. End it with [Watch.Close].
func (h *Hub) Watch(registrationID string) (*Watch, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return nil, ErrClosed
	case h.count >= h.most:
		return nil, ErrFull
	}
	w := &Watch{hub: h, id: registrationID, woken: make(chan struct{}, 1), done: make(chan struct{})}
	if h.watchers[registrationID] == nil {
		h.watchers[registrationID] = map[*Watch]struct{}{}
	}
	h.watchers[registrationID][w] = struct{}{}
	h.count++
	w.wake()
	if h.stop == nil {
		var ctx context.Context
		ctx, h.stop = context.WithCancel(context.Background())
		go h.listen(ctx)
	}
	return w, nil
}

// Close ends the watch.
func (w *Watch) Close() {
	h := w.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, open := h.watchers[w.id][w]; !open {
		return
	}
	delete(h.watchers[w.id], w)
	if len(h.watchers[w.id]) == 0 {
		delete(h.watchers, w.id)
	}
	if h.count--; h.count == 0 {
		h.stop()
		h.stop = nil
	}
}

// Close tells every watcher to leave, and takes no more.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.closed = true
	for _, of := range h.watchers {
		for w := range of {
			close(w.done)
		}
	}
}

func (w *Watch) wake() {
	select {
	case w.woken <- struct{}{}:
	default: // it has not looked since it was woken last
	}
}

// listen hears of steps until ctx ends, on one connection after another.
func (h *Hub) listen(ctx context.Context) {
	for pause := firstPause; ctx.Err() == nil; pause = min(2*pause, longestPause) {
		err := h.source.ListenTransitions(ctx, func() {
			pause = firstPause
			h.wakeAll()
		}, h.told)
		if ctx.Err() != nil {
			return
		}
		h.log.Warn("live: not listening; watchers look by themselves meanwhile", "error", err)
		again := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			again.Stop()
		case <-again.C:
		}
	}
}

func (h *Hub) told(registrationID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watchers[registrationID] {
		w.wake()
	}
}

func (h *Hub) wakeAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, of := range h.watchers {
		for w := range of {
			w.wake()
		}
	}
}
