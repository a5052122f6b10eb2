package api

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// metrics are what Prometheus is shown of the process that was started last.
func (w *world) metrics() string {
	w.t.Helper()
	shown := httptest.NewRecorder()
	MetricsHandler(w.numbers).ServeHTTP(shown, httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, "/metrics", http.NoBody))
	require.Equal(w.t, http.StatusOK, shown.Code)
	return shown.Body.String()
}

func TestTheMetricsPortServesNothingElse(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/", "/healthz", "/v1/registrations", "/metrics/x"} {
		shown := httptest.NewRecorder()
		MetricsHandler(NewRegistry()).ServeHTTP(shown, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
		require.Equal(t, http.StatusNotFound, shown.Code, path)
	}
}
