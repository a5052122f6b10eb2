package api

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestObjectionPageNeedsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for path, contentType := range map[string]string{
		"/objections": "text/html; charset=utf-8", "/objections/style.css": "text/css; charset=utf-8", "/objections/page.js": "text/javascript; charset=utf-8",
	} {
		a := w.as("").get(path)
		require.Equal(t, http.StatusOK, a.Status)
		require.Equal(t, contentType, a.Header.Get("Content-Type"))
		require.Contains(t, a.Header.Get("Content-Security-Policy"), "default-src 'none'")
		require.Equal(t, "no-referrer", a.Header.Get("Referrer-Policy"), "the token in the address goes nowhere")
		require.NotContains(t, string(a.Raw), "http://")
		require.NotContains(t, string(a.Raw), "https://")
	}
	w.as("").post("/v1/identity-clearings/objections", map[string]any{"token": "no such"}).refused(http.StatusNotFound, "not_found")
	w.as("").post("/v1/identity-clearings/objections", map[string]any{}).refused(http.StatusUnprocessableEntity, "invalid_request")
}
