package api

import "net/http"

// healthz answers as long as the process does.
func (s *server) healthz(w http.ResponseWriter, r *http.Request) {
	named(r, "healthz")
	s.health.Alive(w, r)
}

// readyz reports whether the process can work.
func (s *server) readyz(w http.ResponseWriter, r *http.Request) {
	named(r, "readyz")
	s.health.Ready(w, r)
}

// named gives a route outside of huma its name for the log and the metrics.
func named(r *http.Request, operation string) {
	if seen := sightOf(r.Context()); seen != nil {
		seen.operation = operation
	}
}
