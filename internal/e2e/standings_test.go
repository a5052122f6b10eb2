package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestStandings reads an account as its registrations come and go. It shows a person only while one is being verified or is
// verified: who an ended registration had proven is nobody of the account's.
func TestStandings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := newAccount("acct-")
	stands := func(standing string, shown bool) {
		t.Helper()
		a := w.platform(t).get("/v1/accounts/" + account).ok(200)
		require.Equal(t, standing, a.Body["standing"])
		require.Equal(t, shown, a.Body["identity"] != nil, "%s", a.Raw)
	}
	stands("unregistered", false)
	r := w.open(t, "individual", account)
	stands("registering", false)
	r.proveCard()
	stands("registering", true)
	r.post("/withdraw", nil).inState("withdrawn")
	stands("unregistered", false)

	r = w.open(t, "individual", account)
	r.proveCard()
	r.details("id_card_front", "id_card_back")
	r.post("/submit", nil).inState("under_review")
	w.reviewer(t).post("/v1/reviews/"+r.id+"/decision", map[string]any{
		"decision": "reject", "final": true, "reasons": []map[string]any{{"field": "name", "code": "not_accepted"}},
	}).ok(200)
	r.until("rejected")
	stands("rejected", false)

	r = w.approved(t, account)
	stands("active", true)
	c := r.clear()
	c.materials()
	c.submit().inState("under_review")
	c.approve(w.reviewer(t)).ok(200)
	c.until("cleared")
	stands("identity_required", false)
	r = w.open(t, "individual", account)
	r.proveCard()
	stands("registering", true)
	r.post("/withdraw", nil).inState("withdrawn")
	stands("identity_required", false)
}
