package contract_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"shiming/internal/contract"
)

// TestEveryAnswerIsWatched: what passes through is told on if it is wrong, and reaches its client as it is.
func TestEveryAnswerIsWatched(t *testing.T) {
	t.Parallel()
	c, err := contract.New(document(t))
	require.NoError(t, err)
	for name, a := range map[string]struct {
		path  string
		serve func(w http.ResponseWriter)
		wrong bool
	}{
		"right":                    {"/healthz", func(w http.ResponseWriter) { say(w, `{"status": "ok"}`) }, false},
		"wrong":                    {"/healthz", func(w http.ResponseWriter) { say(w, `{"status": "fine"}`) }, true},
		"another status":           {"/healthz", func(w http.ResponseWriter) { w.WriteHeader(http.StatusTeapot) }, true},
		"a stream":                 {"/v1/registrations/reg_1/events", func(w http.ResponseWriter) { stream(w, "text/event-stream") }, false},
		"a stream of another kind": {"/v1/registrations/reg_1/events", func(w http.ResponseWriter) { stream(w, "text/plain") }, true},
		"nothing":                  {"/healthz", func(http.ResponseWriter) {}, true},
	} {
		var found error
		h := c.Watch(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { a.serve(w) }), func(err error) { found = err })
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, a.path, nil))
		require.Equal(t, a.wrong, found != nil, "%s: %v", name, found)
		plain := httptest.NewRecorder()
		a.serve(plain)
		require.Equal(t, plain.Code, rec.Code, name)
		require.Equal(t, plain.Body.String(), rec.Body.String(), name)
	}
}

func say(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprint(w, body)
}

func stream(w http.ResponseWriter, kind string) {
	w.Header().Set("Content-Type", kind)
	_, _ = fmt.Fprint(w, "id: 1\ndata: {}\n\n")
	_ = http.NewResponseController(w).Flush()
}
