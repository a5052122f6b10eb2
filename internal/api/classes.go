package api

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"

	"shiming/internal/overload"
	"shiming/internal/problem"
)

// class is what calls are told apart by when more come than can be done: what keeps people waiting who are on their way comes
// before what puts more people on it.
type class string

// The classes, the first ones first. Health and the documents are in none: they are always answered.
const (
	reads     class = "reads"     // with the reports of bank and wallet: they hold the database for a moment
	acts      class = "acts"      // on what is under way
	creations class = "creations" // of registrations and clearings: they hold the engine
)

func (r route) class() class {
	switch {
	case r.opens():
		return creations
	case !r.mutates(), r.signed != "":
		return reads
	}
	return acts
}

// classes bound how many calls of each class are worked on at a time.
type classes struct {
	log    *slog.Logger
	now    func() time.Time
	of     map[class]*overload.Limiter
	logged atomic.Int64 // when it was last said that calls are refused, in Unix seconds
}

const (
	callsFloor     = 8 // calls of people under way that may always be worked on
	callsFirst     = 64
	creationsFloor = 2
	creationsFirst = 4
	// creationsStretch is how many times as long as alone a creation may take. An engine does most when a few are under way, and
	// nothing more, only later, when many are.
	creationsStretch = 2.0
	creationsShare   = 2 // creations may be one in so many of the most calls
	slowRead         = 2 * time.Second
	enterWithin      = time.Second            // how long a call may wait to be worked on
	createWithin     = 5 * time.Second        // how long a creation may, one of a burst
	createLate       = 100 * time.Millisecond // and once more come than can be done
	creationsQueue   = 64                     // the largest burst of creations that is served, beside those under way
)

// newClasses makes the limits. most is of each class.
func newClasses(most int, now func() time.Time, log *slog.Logger) *classes {
	reading := overload.New(overload.Config{Floor: callsFloor, First: callsFirst, Most: most, Slow: slowRead, Wait: enterWithin, Now: now})
	acting := overload.New(overload.Config{Floor: callsFloor, First: callsFirst, Most: most, Wait: enterWithin, Now: now})
	creating := overload.New(overload.Config{
		Floor: creationsFloor, First: creationsFirst, Most: most / creationsShare, Stretch: creationsStretch,
		Wait: createWithin, Queue: creationsQueue, Late: createLate,
		Before: []*overload.Limiter{reading, acting}, Now: now,
	})
	return &classes{log: log, now: now, of: map[class]*overload.Limiter{reads: reading, acts: acting, creations: creating}}
}

// refuse answers a call that there is no room for. Nothing was done for it but to know who calls.
func (c *classes) refuse(ctx context.Context, w http.ResponseWriter, of class) {
	c.say(ctx, of)
	if seen := sightOf(ctx); seen != nil {
		seen.turned = true
	}
	write(w, problem.New(problem.CodeEngineBusy, problem.WithRetryAfter(c.of[of].RetryAfter())))
}

// sayEvery is how often the log says that calls are refused.
const sayEvery = time.Minute

func (c *classes) say(ctx context.Context, of class) {
	at, last := c.now().Unix(), c.logged.Load()
	if at-last < int64(sayEvery.Seconds()) || !c.logged.CompareAndSwap(last, at) {
		return
	}
	seen := c.of[of].See()
	c.log.WarnContext(ctx, "calls are refused: more come than can be done", "class", string(of), "in_flight", seen.InFlight, "limit", seen.Limit, "refused", seen.Refused)
}

// room refuses a call before its body is read if it would be refused after. A body may take its client long, so it gives no place.
func (s *server) room(ctx huma.Context, next func(huma.Context)) {
	rt := routeOf(ctx)
	if !rt.streams() && s.classes.of[rt.class()].Full() {
		_, w := humago.Unwrap(ctx)
		s.classes.refuse(ctx.Context(), w, rt.class())
		return
	}
	next(ctx)
}

// enter lets a call be worked on when there is room, from here until its answer begins: what a client takes to read it is no
// load. A stream has limits of its own.
func (s *server) enter(ctx huma.Context, next func(huma.Context)) {
	rt := routeOf(ctx)
	if rt.streams() {
		next(ctx)
		return
	}
	r, w := humago.Unwrap(ctx)
	req := requestOf(r.Context())
	req.started = s.Now() // however long its body took
	leave, ok := s.classes.of[rt.class()].Enter(r.Context())
	if !ok {
		s.classes.refuse(r.Context(), w, rt.class())
		return
	}
	s.waited(req)
	out := &leavingWriter{ResponseWriter: w, leave: func() { leave(req.outcome(rt.class())) }}
	defer out.leave() // also after a panic
	next(humago.NewContext(ctx.Operation(), r, out))
}

// outcome is what the call says about the load. A creation that was refused, or whose answer was kept, took no creation's time.
func (r *request) outcome(of class) overload.Outcome {
	switch {
	case r.unanswered:
		return overload.Failed
	case of == creations && !r.opened:
		return overload.Neutral
	}
	return overload.Done
}

// leavingWriter leaves when the answer begins.
type leavingWriter struct {
	http.ResponseWriter
	leave func()
}

func (w *leavingWriter) WriteHeader(status int) {
	w.leave()
	w.ResponseWriter.WriteHeader(status)
}

func (w *leavingWriter) Write(b []byte) (int, error) {
	w.leave()
	return w.ResponseWriter.Write(b)
}

// Unwrap lets deadlines and flushing through.
func (w *leavingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// busyPause is when somebody should come again whom the engine, not a limit, was too busy for: not all at the same time.
func busyPause() time.Duration { return 2*time.Second + rand.N(4*time.Second) } //nolint:gosec // callers are to come back apart, no more

// classMeter shows how the classes stand.
type classMeter struct {
	classes                  *classes
	inFlight, limit, refused *prometheus.Desc
}

func newClassMeter(c *classes) *classMeter {
	by := []string{"class"}
	return &classMeter{
		classes:  c,
		inFlight: prometheus.NewDesc("shiming_calls_in_flight", "Calls that are worked on, by class: reads, acts, creations.", by, nil),
		limit:    prometheus.NewDesc("shiming_calls_limit", "Calls that may be worked on at a time, by class.", by, nil),
		refused:  prometheus.NewDesc("shiming_calls_refused_total", "Calls that were answered engine_busy before anything was done for them, by class.", by, nil),
	}
}

// Describe implements prometheus.Collector.
func (m *classMeter) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.inFlight, m.limit, m.refused} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m *classMeter) Collect(out chan<- prometheus.Metric) {
	for of, limiter := range m.classes.of {
		seen := limiter.See()
		out <- prometheus.MustNewConstMetric(m.inFlight, prometheus.GaugeValue, float64(seen.InFlight), string(of))
		out <- prometheus.MustNewConstMetric(m.limit, prometheus.GaugeValue, float64(seen.Limit), string(of))
		out <- prometheus.MustNewConstMetric(m.refused, prometheus.CounterValue, float64(seen.Refused), string(of))
	}
}
