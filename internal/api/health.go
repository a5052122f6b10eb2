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
	checks := map[string]func(context.Context) error{"database": s.Store.Ping, "engine": s.Engine.Ready}
	states := map[string]string{"status": "ok"}
	status := http.StatusOK
	type verdict struct {
		name string
		err  error
	}
	verdicts := make(chan verdict, len(checks))
	ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
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
	health(w, status, states)
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
