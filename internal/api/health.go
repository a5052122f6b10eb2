package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

const (
	readyWithin = 2 * time.Second
	lookAgain   = "5" // seconds, while something does not answer
)

// healthz answers as long as the process does.
func (s *server) healthz(w http.ResponseWriter, r *http.Request) {
	named(r, "healthz")
	health(w, http.StatusOK, map[string]string{"status": "ok"})
}

// readyz reports whether the database and the engine answer.
func (s *server) readyz(w http.ResponseWriter, r *http.Request) {
	named(r, "readyz")
	status, states := s.judgeReady(r.Context())
	health(w, status, states)
}

// judgeReady asks the database and the engine, once for all who ask at the same time.
func (s *server) judgeReady(ctx context.Context) (int, map[string]string) {
	type judgement struct {
		status int
		states map[string]string
	}
	found, _, _ := s.ready.Do("", func() (any, error) {
		status, states := s.askBoth(detached(ctx))
		return judgement{status, states}, nil
	})
	j, _ := found.(judgement)
	return j.status, j.states
}

func (s *server) askBoth(ctx context.Context) (int, map[string]string) {
	checks := map[string]func(context.Context) error{"database": s.Store.Ping, "engine": s.Engine.Ready}
	states := map[string]string{"status": "ok"}
	status := http.StatusOK
	type verdict struct {
		name string
		err  error
	}
	verdicts := make(chan verdict, len(checks))
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for name, check := range checks {
		go func() { verdicts <- verdict{name, check(ctx)} }()
	}
	for range checks {
		v := <-verdicts
		states[v.name] = "ok"
		if v.err != nil {
			s.Log.WarnContext(ctx, "not ready", "part", v.name, "error", v.err)
			states[v.name], states["status"], status = "unavailable", "unavailable", http.StatusServiceUnavailable
		}
	}
	return status, states
}

func health(w http.ResponseWriter, status int, states map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", lookAgain)
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(states) // the client is gone; nobody is left to tell
}

// named gives a route outside of huma its name for the log and the metrics.
func named(r *http.Request, operation string) {
	if seen := sightOf(r.Context()); seen != nil {
		seen.operation = operation
	}
}
