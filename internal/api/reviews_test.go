package api

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func reasons(fields ...string) []map[string]any {
	var list []map[string]any
	for _, f := range fields {
		list = append(list, map[string]any{"field": f, "code": "mismatch", "message": "Please correct."})
	}
	return list
}

func TestDecisionsAreCheckedWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.underReview("acct-1", 5)
	told := len(w.engine.told())
	for name, body := range map[string]map[string]any{
		"no decision":            {},
		"unknown decision":       {"decision": "maybe"},
		"rejection, no reasons":  {"decision": "reject"},
		"final, no reasons":      {"decision": "reject", "final": true},
		"empty reasons":          {"decision": "reject", "reasons": []any{}},
		"approval with reasons":  {"decision": "approve", "reasons": reasons("name")},
		"final approval":         {"decision": "approve", "final": true},
		"unknown field":          {"decision": "reject", "reasons": reasons("shoe_size")},
		"an enterprise's field":  {"decision": "reject", "reasons": reasons("company.uscc")},
		"unknown reason":         {"decision": "reject", "reasons": []map[string]any{{"field": "name", "code": "ugly"}}},
		"message without end":    {"decision": "reject", "reasons": []map[string]any{{"field": "name", "code": "other", "message": strings.Repeat("x", 501)}}},
		"reasons without end":    {"decision": "reject", "reasons": reasons(strings.Split(strings.Repeat("name ", 60), " ")[:60]...)},
		"a note without end":     {"decision": "approve", "note": strings.Repeat("x", 2001)},
		"an unknown part beside": {"decision": "approve", "grade": 1},
	} {
		a := w.as("reviewer").post("/v1/reviews/"+id+"/decision", body)
		require.Equal(t, 422, a.Status, "%s: %s", name, a.Raw)
		a.refused(422, "invalid_request")
	}
	require.Len(t, w.engine.told(), told)
	w.as("platform").post("/v1/reviews/"+id+"/decision", map[string]any{"decision": "approve"}).refused(403, "forbidden")
	w.as("ops").post("/v1/reviews/"+id+"/decision", map[string]any{"decision": "approve"}).refused(403, "forbidden")
}

func TestACorrectedRoundShowsWhatChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.underReview("acct-1", 5)
	path := "/v1/registrations/" + id
	rejected := w.as("reviewer").withKey("d").post("/v1/reviews/"+id+"/decision",
		map[string]any{"decision": "reject", "reasons": reasons("contact.email", "documents.id_card_back"), "note": "second look"}).ok(200)
	require.Equal(t, "correction_required", rejected.state())
	require.NotContains(t, string(rejected.Raw), "second look")
	require.Equal(t, rejected.Raw, w.as("reviewer").withKey("d").post("/v1/reviews/"+id+"/decision",
		map[string]any{"decision": "reject", "reasons": reasons("contact.email", "documents.id_card_back"), "note": "second look"}).ok(200).Raw)

	w.as("platform").put(path+"/name", map[string]any{"name": "New Name"}).refused(409, "submitted_locked")
	w.as("platform").put(path+"/contact", map[string]any{"phone": "13912345678"}).refused(409, "submitted_locked")
	w.as("platform").put(path+"/documents/id_card_front", png("other")).refused(409, "submitted_locked")
	contact := w.as("platform").put(path+"/contact", map[string]any{"email": "new@example.com"}).ok(200)
	require.Equal(t, "n***@example.com", contact.Body["contact"].(map[string]any)["email"])
	require.Equal(t, "138****0005", contact.Body["contact"].(map[string]any)["phone"], "what is left out is kept")
	w.as("platform").put(path+"/documents/id_card_back", png("sharper")).ok(200)
	w.as("platform").post(path+"/submit", nil).ok(200)

	again := w.as("reviewer").get("/v1/reviews/" + id).ok(200)
	require.InDelta(t, 2, again.Body["round"], 0)
	require.Equal(t, []any{"contact", "documents.id_card_back"}, again.Body["changed"])
	require.Equal(t, png("sharper"), w.as("reviewer").get("/v1/reviews/"+id+"/documents/id_card_back").ok(200).Raw)
	require.Equal(t, png("id_card_front"), w.as("reviewer").get("/v1/reviews/"+id+"/documents/id_card_front").ok(200).Raw)
	w.as("reviewer").get("/v1/reviews/"+id+"/documents/business_licence").refused(404, "not_found")
	w.as("reviewer").get("/v1/reviews/"+id+"/documents/passport").refused(404, "not_found")
}

func TestOpsTakeAReviewFromOneAndGiveItToAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.underReview("acct-1", 5)
	path := "/v1/reviews/" + id
	require.Equal(t, "reviewer", w.as("reviewer").post(path+"/claim", nil).ok(200).Body["assignee"])
	w.as("reviewer-2").post(path+"/assign", map[string]any{"assignee": "reviewer-2"}).refused(409, "claimed_by_other")
	w.as("reviewer-2").post(path+"/release", nil).refused(409, "claimed_by_other")
	require.Equal(t, "reviewer-2", w.as("ops").post(path+"/assign", map[string]any{"assignee": "reviewer-2"}).ok(200).Body["assignee"])
	require.Len(t, w.as("ops").get("/v1/reviews?assignee=reviewer-2&kind=registration").ok(200).Body["items"], 1)
	require.Empty(t, w.as("ops").get("/v1/reviews?assignee=reviewer").ok(200).Body["items"])
	require.Empty(t, w.as("ops").get("/v1/reviews?kind=clearing").ok(200).Body["items"])
	require.Nil(t, w.as("reviewer-2").post(path+"/release", nil).ok(200).Body["assignee"])
	w.as("ops").post(path+"/assign", map[string]any{"assignee": "two words"}).refused(422, "invalid_request")
	w.as("reviewer").post(path+"/decision", map[string]any{"decision": "approve"}).ok(200)
	w.as("reviewer").post(path+"/claim", nil).refused(409, "wrong_state")
	w.as("reviewer").post(path+"/decision", map[string]any{"decision": "approve"}).refused(409, "wrong_state")
}
