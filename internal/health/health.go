// Package health answers whether a process lives, and whether it can work.
//
// It promises an answer within two seconds, whatever hangs; that each part is asked once at a time, however many want to
// know; and 503 from the moment on at which the process is told to stop, so that whoever shares out calls looks elsewhere
// before the door is closed.
//
// It refuses to take a process out of rotation for what no other process could do better: messages that wait for a provider,
// or for the engine, are said to be late and change no status.
package health

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	answerWithin = 2 * time.Second // less than a prober waits
	lookAgain    = "5"             // seconds, while it cannot work
	// lateAfter is longer than what delays a message while all is well: a lost notification, a relay that died with it, the
	// pauses between its first tries.
	lateAfter = time.Minute
	// outboxFresh is how long what was read of the outbox is told again.
	outboxFresh = 5 * time.Second
)

// What is said of the process and of its parts.
const (
	OK          = "ok"
	Unavailable = "unavailable"
	Stopping    = "stopping" // of the process: it takes calls for a while yet, and then no more
	Late        = "late"     // of the outbox: something in it should have been carried a minute ago
	Unknown     = "unknown"  // of the outbox: it cannot be read
)

// Parts are what a process stands on. Each is asked whether it does its work, within the context's time; nil: it is no part of
// this process.
type Parts struct {
	Database func(context.Context) error
	Engine   func(context.Context) error
	Storage  func(context.Context) error
	// OutboxLate is for how long the oldest message that should have been carried has waited.
	OutboxLate func(context.Context) (time.Duration, error)
	// Held is whether the database is held after a restore. That changes no status: what is under way can be read, and goes on.
	Held func(context.Context) (bool, error)
}

// Report is what a process says of itself.
type Report struct {
	Status        string `json:"status"`
	Database      string `json:"database,omitempty"`
	Engine        string `json:"engine,omitempty"`
	Storage       string `json:"storage,omitempty"`
	Outbox        string `json:"outbox,omitempty"`
	OutboxSeconds *int64 `json:"outbox_late_seconds,omitempty"` // nil: unknown, or not asked
	Held          bool   `json:"held,omitempty"`                // nothing is opened or paid until the database is repaired after a restore
}

// Checker judges a process.
type Checker struct {
	parts    Parts
	stopping <-chan struct{}
	log      *slog.Logger
	asked    singleflight.Group

	mu     sync.Mutex
	late   time.Duration // of the outbox, as it was
	lateAt time.Time     // read last
}

// New makes a checker of a process that is told to stop when stopping is closed; nil: never.
func New(parts Parts, stopping <-chan struct{}, log *slog.Logger) *Checker {
	return &Checker{parts: parts, stopping: stopping, log: log}
}

// Alive answers as long as the process does.
func (c *Checker) Alive(w http.ResponseWriter, _ *http.Request) { write(w, Report{Status: OK}) }

// Ready answers 200 if the process can work, else 503.
func (c *Checker) Ready(w http.ResponseWriter, r *http.Request) {
	write(w, c.Report(r.Context()))
}

// Report judges the process.
func (c *Checker) Report(ctx context.Context) Report {
	select {
	case <-c.stopping:
		return Report{Status: Stopping}
	default:
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerWithin) // whoever asks may leave: others share the answer
	defer cancel()
	r := Report{Status: OK}
	var all sync.WaitGroup
	for name, part := range map[string]struct {
		check func(context.Context) error
		says  *string
	}{
		"database": {c.parts.Database, &r.Database}, "engine": {c.parts.Engine, &r.Engine}, "storage": {c.parts.Storage, &r.Storage},
	} {
		if part.check != nil {
			all.Go(func() { *part.says = c.ask(ctx, name, part.check) })
		}
	}
	if c.parts.OutboxLate != nil {
		all.Go(func() { r.Outbox, r.OutboxSeconds = c.outbox(ctx) })
	}
	if c.parts.Held != nil {
		all.Go(func() {
			if err := within(ctx, c, "held", c.parts.Held, &r.Held); err != nil {
				r.Held = false // the database does not answer, which is said
			}
		})
	}
	all.Wait()
	if r.Database == Unavailable || r.Engine == Unavailable || r.Storage == Unavailable {
		r.Status = Unavailable
	}
	return r
}

// ask asks one part. A part that hangs is left to its question, and not asked another before that has come to an end.
func (c *Checker) ask(ctx context.Context, name string, check func(context.Context) error) string {
	err := within(ctx, c, name, func(ctx context.Context) (struct{}, error) { return struct{}{}, check(ctx) }, nil)
	if err != nil {
		c.log.WarnContext(ctx, "not ready", "part", name, "error", err)
		return Unavailable
	}
	return OK
}

// within waits for an answer no longer than ctx lasts. Whoever asks the same meanwhile gets the same answer.
func within[T any](ctx context.Context, c *Checker, name string, ask func(context.Context) (T, error), got *T) error {
	answer := c.asked.DoChan(name, func() (any, error) {
		asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerWithin)
		defer cancel()
		return ask(asking)
	})
	select {
	case a := <-answer:
		if v, ok := a.Val.(T); ok && got != nil {
			*got = v
		}
		return a.Err
	case <-ctx.Done():
		return errNoAnswer
	}
}

var errNoAnswer = errors.New("health: it does not answer")

// outbox says whether messages wait that should have been carried, and for how long the oldest has.
func (c *Checker) outbox(ctx context.Context) (state string, seconds *int64) {
	c.mu.Lock()
	late, fresh := c.late, !c.lateAt.IsZero() && time.Since(c.lateAt) < outboxFresh
	c.mu.Unlock()
	if !fresh {
		if err := within(ctx, c, "outbox", c.parts.OutboxLate, &late); err != nil {
			return Unknown, nil
		}
		c.mu.Lock()
		c.late, c.lateAt = late, time.Now()
		c.mu.Unlock()
	}
	whole := int64(late.Seconds())
	if late > lateAfter {
		return Late, &whole
	}
	return OK, &whole
}

func write(w http.ResponseWriter, r Report) {
	w.Header().Set("Content-Type", "application/json")
	status := http.StatusOK
	if r.Status != OK {
		w.Header().Set("Retry-After", lookAgain)
		status = http.StatusServiceUnavailable
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(r) // the client is gone; nobody is left to tell
}
