package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"shiming/internal/wallet"
)

func TestIndividualFromOpeningToApproval(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.underReview("acct-1", 7)

	reviews := w.as("reviewer").get("/v1/reviews").ok(200)
	require.Len(t, reviews.Body["items"], 1)
	require.Nil(t, reviews.Body["next_cursor"])
	review := w.as("reviewer").get("/v1/reviews/" + id).ok(200)
	require.Equal(t, "registration", review.Body["kind"])
	require.Empty(t, review.Body["changed"])

	scan := w.as("reviewer").get("/v1/reviews/" + id + "/documents/id_card_front").ok(200)
	require.Equal(t, png("id_card_front"), scan.Raw)
	require.Equal(t, "image/png", scan.Header.Get("Content-Type"))
	require.Equal(t, "nosniff", scan.Header.Get("X-Content-Type-Options"))
	require.Equal(t, "no-store", scan.Header.Get("Cache-Control"))
	require.Contains(t, scan.Header.Get("Content-Disposition"), "attachment")

	w.as("reviewer").post("/v1/reviews/"+id+"/claim", nil).ok(200)
	w.as("reviewer-2").post("/v1/reviews/"+id+"/claim", nil).refused(409, "claimed_by_other")
	w.as("reviewer-2").post("/v1/reviews/"+id+"/decision", map[string]any{"decision": "approve"}).refused(409, "claimed_by_other")
	decided := w.as("reviewer").post("/v1/reviews/"+id+"/decision", map[string]any{"decision": "approve"}).ok(200)
	require.Equal(t, "approve", decided.Body["decision"])
	require.Equal(t, "approved", decided.state())

	account := w.as("platform").get("/v1/accounts/acct-1").ok(200)
	require.Equal(t, "active", account.Body["standing"])
	require.Equal(t, id, account.Body["registration_id"])
	timeline := w.as("ops").get("/v1/registrations/" + id + "/timeline").ok(200)
	var events []any
	for _, e := range timeline.Body["items"].([]any) {
		events = append(events, e.(map[string]any)["event"])
	}
	require.Contains(t, events, "document_viewed:id_card_front")
	require.Contains(t, events, "approved")
	w.as("platform").post("/v1/registrations", person(t, 1).application("acct-1", "individual")).refused(409, "registration_exists")
}

func TestAnAccountTheWalletKnowsSkipsItsIdentityStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := person(t, 9)
	w.wallet.knows(wallet.Account{Verified: true, Holder: p.name, IDNumber: p.id})
	a := w.as("platform").post("/v1/registrations", p.application("acct-1", "individual")).ok(201)
	require.Equal(t, "details_required", a.state())
	require.Equal(t, "wallet", a.Body["identity"].(map[string]any)["method"])
	before := w.rows()
	w.as("platform").post("/v1/registrations", p.application("acct-2", "individual")).refused(409, "identity_in_use")
	require.Equal(t, before, w.rows())
	require.Equal(t, "admin_identity_required", w.as("platform").post("/v1/registrations", p.application("acct-3", "enterprise")).ok(201).state())
	w.wallet.knows(wallet.Account{Verified: true, Holder: p.name, IDNumber: "nonsense"})
	w.as("platform").post("/v1/registrations", p.application("acct-4", "individual")).refused(503, "provider_unavailable")
	w.wallet.goes(wallet.ErrUnavailable)
	w.as("platform").post("/v1/registrations", p.application("acct-4", "individual")).refused(503, "provider_unavailable")
}
