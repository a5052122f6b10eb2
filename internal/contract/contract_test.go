package contract_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"shiming/internal/contract"
)

// TestWhatTheDocumentDoesNotSayIsFound: the judge itself, for everything else trusts it.
func TestWhatTheDocumentDoesNotSayIsFound(t *testing.T) {
	t.Parallel()
	c, err := contract.New(document(t))
	require.NoError(t, err)
	problem := func(status, code, more string) string {
		return `{"type": "urn:shiming:problem:` + code + `", "title": "T", "detail": "D", "status": ` + status + `, "code": "` + code + `"` + more + `}`
	}
	const sound, refusal = "application/json", "application/problem+json"
	for name, a := range map[string]struct {
		method, path string
		status       int
		kind, body   string
		wrong        string // part of what is found; empty: nothing
	}{
		"health":              {"GET", "/healthz", 200, sound, `{"status": "ok"}`, ""},
		"a status":            {"GET", "/healthz", 418, sound, `{"status": "ok"}`, "does not list"},
		"a content type":      {"GET", "/healthz", 200, "text/html", `{"status": "ok"}`, "content type"},
		"a value":             {"GET", "/healthz", 200, sound, `{"status": "fine"}`, "status"},
		"a member":            {"GET", "/healthz", 200, sound, `{"status": "ok", "more": 1}`, "more"},
		"a missing member":    {"GET", "/v1/registrations", 200, sound, `{"items": []}`, "next_cursor"},
		"a body":              {"DELETE", "/v1/webhook-endpoints/whe_1", 204, sound, `{}`, "a body"},
		"no body":             {"GET", "/healthz", 200, sound, ``, "no body"},
		"a missing header":    {"GET", "/readyz", 503, sound, `{"status": "unavailable"}`, "Retry-After"},
		"not found":           {"GET", "/v1/registrations/reg_1", 404, refusal, problem("404", "not_found", ""), ""},
		"a code":              {"GET", "/v1/registrations/reg_1", 404, refusal, problem("404", "wrong_state", `, "state": "approved"`), "not listed"},
		"another status":      {"GET", "/v1/registrations/reg_1", 404, refusal, problem("409", "not_found", ""), "another status"},
		"no state":            {"POST", "/v1/registrations/reg_1/submit", 409, refusal, problem("409", "wrong_state", ""), "without state"},
		"nowhere":             {"GET", "/v1/nowhere", 404, refusal, problem("404", "not_found", ""), ""},
		"nowhere, but a page": {"GET", "/v1/nowhere", 404, "text/html", `<html>`, "not not_found"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), a.method, "http://api"+a.path, nil)
		require.NoError(t, err)
		err = c.Answer(r, a.status, http.Header{"Content-Type": {a.kind}}, []byte(a.body))
		if a.wrong == "" {
			require.NoError(t, err, name)
		} else {
			require.ErrorContains(t, err, a.wrong, name)
		}
	}
}
