package api

import (
	"cmp"
	"context"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"shiming/internal/problem"
)

// sight is what is seen of a request: which operation it is, and nothing of what it holds.
type sight struct {
	operation string
	turned    bool // away, for there is no room: one of a flood, which is counted and would only fill the log
}

type sightKey struct{}

func sightOf(ctx context.Context) *sight {
	seen, _ := ctx.Value(sightKey{}).(*sight)
	return seen
}

func (s *sight) named() string {
	if s == nil {
		return ""
	}
	return s.operation
}

// meters are the numbers about requests. Their labels are operations and statuses, never ids.
type meters struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

// NewRegistry holds the process's own numbers.
func NewRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

func newMeters(r *prometheus.Registry) *meters {
	m := &meters{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shiming_http_requests_total", Help: "Requests answered, by operation and status.",
		}, []string{"operation", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "shiming_http_request_duration_seconds", Help: "Time to answer a request, by operation.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20},
		}, []string{"operation"}),
	}
	r.MustRegister(m.requests, m.seconds)
	return m
}

// MetricsHandler serves a registry's numbers for Prometheus, on a port of their own: they are no caller's business.
func MetricsHandler(r *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(r, promhttp.HandlerOpts{}))
	return mux
}

// observe counts and logs every request, without its body, its query or its path's ids, and makes an answer of a panic.
func (s *server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &sight{}
		out := &statusWriter{ResponseWriter: w}
		began := time.Now()
		defer func() {
			took := time.Since(began)
			if fault := recover(); fault != nil {
				s.recovered(r, out, fault, seen, took)
				return
			}
			s.seen(r, out.code(), seen, took)
		}()
		next.ServeHTTP(out, r.WithContext(context.WithValue(r.Context(), sightKey{}, seen)))
	})
}

func (s *server) recovered(r *http.Request, out *statusWriter, fault any, seen *sight, took time.Duration) {
	if fault == http.ErrAbortHandler { //nolint:errorlint // compared as net/http does
		s.seen(r, out.code(), seen, took)
		panic(fault)
	}
	s.Log.ErrorContext(r.Context(), "a handler panicked", "operation", seen.operation, "stack", string(debug.Stack()))
	if out.status == 0 {
		write(out, problem.New(problem.CodeInternal))
	}
	s.seen(r, out.code(), seen, took)
}

func (s *server) seen(r *http.Request, status int, seen *sight, took time.Duration) {
	operation := cmp.Or(seen.operation, "other")
	s.meters.requests.WithLabelValues(operation, strconv.Itoa(status)).Inc()
	s.meters.seconds.WithLabelValues(operation).Observe(took.Seconds())
	if seen.turned {
		return
	}
	s.Log.InfoContext(r.Context(), "request", "method", r.Method, "operation", operation, "status", status, "ms", took.Milliseconds())
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

func (w *statusWriter) code() int { return cmp.Or(w.status, http.StatusOK) }

// Unwrap lets deadlines and flushing through.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
