package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/statement"
)

// reconciled has a day compared and returns what became of it.
func (w *world) reconciled(t testing.TB, day statement.Day) answer {
	t.Helper()
	path := "/v1/reconciliations/" + string(day)
	of := w.ops(t).post(path, nil).ok(200)
	w.eventually(t, func() bool {
		of = w.ops(t).get(path).ok(200)
		return of.at("pending") == false
	}, func() string { return "a worker compares the day: " + string(of.Raw) })
	return of
}

// kinds are the kinds of a day's open findings, and their ids.
func kinds(of answer) map[string]string {
	open := map[string]string{}
	for _, v := range of.at("findings").([]any) {
		if f := v.(map[string]any); f["state"] == "open" {
			open[f["kind"].(string)] = f["id"].(string)
		}
	}
	return open
}

// A person of ops has the day compared, sees what differs, takes it, resolves it, and finds both on the timeline.
func TestTheStatementIsComparedAtOpsWord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	today := statement.DayOf(time.Now())
	r := w.paid(t, "6789")
	of := w.reconciled(t, today)
	require.Empty(t, kinds(of), "%s", of.Raw)
	assert.Equal(t, []any{1.0, 1.0, 1.0, "0.00"}, []any{of.at("entries"), of.at("matched"), of.at("withheld"), of.at("out")}, "the amount is the applicant's to enter")

	key := r.statement()[0].Key
	w.sandbox(t).put("/bank/ledger/"+key+"/statement", map[string]any{"twice": true, "account_last4": "1111"}).ok(200)
	found := kinds(w.reconciled(t, today))
	require.Len(t, found, 2)
	for kind, id := range found {
		require.Contains(t, []string{"statement_double", "statement_differs"}, kind)
		require.Equal(t, "ops", w.ops(t).post("/v1/findings/"+id+"/assign", map[string]any{}).ok(200).at("owner"))
		w.ops(t).post("/v1/findings/"+id+"/resolve", map[string]any{"reason": "The bank's misprint."}).ok(200)
		require.Contains(t, r.events(), "finding_resolved:"+kind)
	}
	for _, as := range []caller{w.ops(t), r.platform(t)} {
		items := as.get(r.path("/timeline")).ok(200).at("items").([]any)
		last := items[len(items)-1].(map[string]any)
		assert.Equal(t, "ops", last["by"])
		assert.Equal(t, as.token == w.ops(t).token, last["reason"] == "The bank's misprint.", "why is said among ourselves")
	}
	require.Empty(t, kinds(w.reconciled(t, today)), "what a person has seen to")

	r.withdrawn()
	w.sandbox(t).post("/bank/ledger/"+key+"/return", nil).ok(200)
	w.sandbox(t).put("/bank/ledger/"+key+"/statement", map[string]any{}).ok(200)
	require.Contains(t, kinds(w.reconciled(t, today)), "statement_returned_late")
	r.get().inState("withdrawn")
}
