package api

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever comes as a body: no fault of ours, and what is refused leaves nothing.
func FuzzBodies(f *testing.F) {
	w := newWorld(f)
	individual, enterprise := w.open("acct-1", "individual"), w.open("acct-2", "enterprise")
	review := "/v1/reviews/" + w.underReview("acct-3", 3)
	calls := []struct {
		as, method, path string
		good             any
	}{
		{"platform", http.MethodPost, "/v1/registrations", person(f, 1).application("acct-9", "individual")},
		{"platform", http.MethodPost, individual + "/card", person(f, 1).card(1)},
		{"platform", http.MethodPost, individual + "/card/code", map[string]any{"code": "1234"}},
		{"platform", http.MethodPost, enterprise + "/admin-session", map[string]any{"role": "authorized_agent"}},
		{"platform", http.MethodPut, enterprise + "/company", unified()},
		{"platform", http.MethodPost, enterprise + "/deposit", map[string]any{"amount": "0.37"}},
		{"platform", http.MethodPut, individual + "/name", map[string]any{"name": "Harbour Light"}},
		{"platform", http.MethodPut, individual + "/contact", person(f, 1).contact()},
		{"platform", http.MethodPut, individual + "/documents/id_card_front", string(png("x"))},
		{"ops", http.MethodPost, enterprise + "/payout/resolve", map[string]any{"outcome": "settled", "reason": "by phone"}},
		{"ops", http.MethodPost, enterprise + "/payout/grant", map[string]any{"reason": "by phone"}},
		{"ops", http.MethodPost, review + "/assign", map[string]any{"assignee": "reviewer"}},
		{"reviewer", http.MethodPost, review + "/decision", map[string]any{"decision": "reject", "reasons": reasons("name")}},
	}
	for i, c := range calls {
		good, err := json.Marshal(c.good)
		require.NoError(f, err)
		f.Add(uint8(i), good)
		f.Add(uint8(i), []byte(`{"name": null, "bank": [], "reasons": {}}`))
	}
	f.Fuzz(func(t *testing.T, n uint8, body []byte) {
		w, c := w.under(t), calls[int(n)%len(calls)]
		before := w.rows()
		a := w.as(c.as).send(c.method, c.path, body)
		require.Less(t, a.Status, http.StatusInternalServerError, "%s", a.Raw)
		if a.Status >= http.StatusBadRequest {
			require.Equal(t, "application/problem+json", a.Header.Get("Content-Type"))
			require.Equal(t, before, w.rows(), "%s", a.Raw)
		}
	})
}
