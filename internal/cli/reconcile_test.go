package cli_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/cli"
	"shiming/internal/statement"
)

// A day that somebody names is asked for once and read until a worker has compared it.
func TestReconcileWaitsForTheComparison(t *testing.T) {
	t.Parallel()
	var reads atomic.Int32
	yesterday := string(statement.DayOf(time.Now()).Add(-1))
	api := newAPI(t, map[string]http.HandlerFunc{
		"POST /v1/reconciliations/" + yesterday: answer(200, `{"day": "2026-09-29", "pending": true}`),
		"GET /v1/reconciliations/" + yesterday: func(w http.ResponseWriter, r *http.Request) {
			if reads.Add(1) == 1 {
				answer(200, `{"day": "2026-09-29", "pending": true}`)(w, r)
				return
			}
			answer(200, `{"day": "2026-09-29", "compared_at": "2026-09-30T10:00:03+08:00", "whole": true, "entries": 2, "matched": 2}`)(w, r)
		},
	})
	got := api.command().run(t.Context(), t, "reconcile", "yesterday")
	require.Equal(t, cli.Done, got.code, got.errOut)
	assert.Contains(t, got.out, "2 transfers")
	assert.Contains(t, got.errOut, "waiting: a worker is to compare")
	assert.EqualValues(t, 2, reads.Load())
}

// A script hears by the exit code that the two differ, that the bank gives nothing, and that no worker has come.
func TestReconcileFailsUnlessAllIsWell(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct{ body, says string }{
		"differences": {`{"day": "2026-09-29", "compared_at": "2026-09-30T10:00:03+08:00", "whole": true, "open": 2}`, "2 differences open"},
		"trouble":     {`{"day": "2026-09-29", "pending": true, "trouble": "bank: unavailable"}`, "the bank has given no statement of 2026-09-29 yet: bank: unavailable"},
		"no worker":   {`{"day": "2026-09-29", "pending": true}`, "no worker has come to 2026-09-29 yet"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newAPI(t, map[string]http.HandlerFunc{
				"POST /v1/reconciliations/2026-09-29": answer(200, one.body), "GET /v1/reconciliations/2026-09-29": answer(200, one.body),
			})
			for _, more := range [][]string{nil, {"--json"}} {
				got := api.command().run(t.Context(), t, append([]string{"reconcile", "2026-09-29", "--timeout", "100ms"}, more...)...)
				assert.Equal(t, cli.Refused, got.code)
				assert.Contains(t, got.errOut, one.says)
				assert.NotEmpty(t, got.out, "what is known is shown all the same")
			}
		})
	}
}

func TestReconcileTakesDaysAlone(t *testing.T) {
	t.Parallel()
	api := newAPI(t, nil)
	for _, day := range []string{"tomorrow", "2026-02-30", "26-11-27", "../findings"} {
		got := api.command().run(t.Context(), t, "reconcile", day)
		assert.Equal(t, cli.Usage, got.code, day)
		assert.Contains(t, got.errOut, "write today, yesterday or a date such as")
	}
}
