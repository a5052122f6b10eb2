package api

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/statement"
	"shiming/registration"
)

// differ has a comparison of a day find one difference.
func (w *world) differ(day statement.Day, d statement.Difference) {
	w.t.Helper()
	c := statement.Comparison{
		Day: day, At: time.Now(), Whole: true, Entries: 3, Matched: 2, OutFen: 105, BackFen: 7, Withheld: 1, Differences: []statement.Difference{d},
	}
	_, err := w.store.SaveComparison(context.Background(), c, time.Now().Add(time.Hour), time.Now().Add(24*time.Hour))
	require.NoError(w.t, err)
}

func TestADayIsComparedAtOpsWord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	today := statement.DayOf(time.Now())
	yesterday, path := today.Add(-1), "/v1/reconciliations/"+string(today.Add(-1))
	w.as("ops").get(path).refused(404, "not_found")
	asked := w.as("ops").withKey("k").post(path, nil).ok(200)
	assert.Equal(t, []any{string(yesterday), true, "ops:ops", nil}, []any{asked.Body["day"], asked.Body["pending"], asked.Body["asked_by"], asked.Body["compared_at"]})
	assert.Equal(t, asked.Raw, w.as("ops").withKey("k").post(path, nil).ok(200).Raw, "the same call")
	due, err := w.store.StatementDaysDue(t.Context(), yesterday, yesterday)
	require.NoError(t, err)
	require.Equal(t, []statement.Day{yesterday}, due)

	w.differ(yesterday, statement.Difference{Kind: registration.FindingStatementUnknown, Subject: "shm_1", Tried: "the statement has it", Facts: "1"})
	done := w.as("ops").get(path).ok(200).Body
	for field, want := range map[string]any{
		"pending": false, "whole": true, "entries": 3.0, "matched": 2.0, "out": "1.05", "back": "0.07", "withheld": 1.0, "open": 1.0, "trouble": nil,
	} {
		assert.Equal(t, want, done[field], field)
	}
	findings, _ := done["findings"].([]any)
	require.Len(t, findings, 1)
	found, _ := findings[0].(map[string]any)
	assert.Equal(t, []any{"statement_unknown", "shm_1", "open", string(yesterday)}, []any{found["kind"], found["subject"], found["state"], found["day"]})

	w.as("ops").post("/v1/reconciliations/"+string(today), nil).ok(200)
	w.as("ops").post("/v1/reconciliations/"+string(today.Add(-400)), nil).ok(200)
	for _, day := range []string{string(today.Add(1)), string(today.Add(-401)), "yesterday", "2026-02-30", "x"} {
		w.as("ops").post("/v1/reconciliations/"+day, nil).refused(422, "invalid_request")
		w.as("ops").get("/v1/reconciliations/"+day).refused(422, "invalid_request")
	}
	assert.Equal(t, []string{string(today), string(yesterday), string(today.Add(-400))}, w.days("?limit=1"))
	w.as("ops").get("/v1/reconciliations?cursor=x").refused(422, "invalid_request")
	w.as("platform").post(path, nil).refused(403, "forbidden")
	w.as("reviewer").get(path).refused(403, "forbidden")
}

// days are the days of the list, page after page.
func (w *world) days(query string) (days []string) {
	w.t.Helper()
	for next := ""; ; {
		page := w.as("ops").get("/v1/reconciliations" + query + next).ok(200)
		items, _ := page.Body["items"].([]any)
		for _, item := range items {
			days = append(days, item.(map[string]any)["day"].(string))
		}
		cursor, more := page.Body["next_cursor"].(string)
		if !more {
			return days
		}
		next = "&cursor=" + cursor
	}
}

func TestAFindingHasAnOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.found(registration.FindingUndelivered, "ntc_1", "")
	other := w.found(registration.FindingUndelivered, "ntc_2", "")
	path := "/v1/findings/" + id
	fresh := w.as("ops").get(path).ok(200).Body
	assert.Equal(t, []any{nil, "open"}, []any{fresh["owner"], fresh["state"]})
	assert.InDelta(t, 30, fresh["age"], 30)

	assert.Equal(t, "ops", w.as("ops").post(path+"/assign", map[string]any{}).ok(200).Body["owner"], "whoever calls")
	assert.Equal(t, "zhang", w.as("ops").post(path+"/assign", map[string]any{"owner": "zhang"}).ok(200).Body["owner"], "whoever had it")
	for _, body := range []string{`{"owner": ""}`, `{"owner": null}`, `{"owner": "张"}`, `{"owner": 7}`, `{"owner": "zhang", "since": 1}`} {
		w.as("ops").post(path+"/assign", body).refused(422, "invalid_request")
	}
	w.as("ops").post("/v1/findings/fnd_none/assign", map[string]any{}).refused(404, "not_found")
	w.as("platform").post(path+"/assign", map[string]any{}).refused(403, "forbidden")
	assert.Equal(t, []string{id}, w.as("ops").listed("/v1/findings?owner=zhang"))
	assert.Empty(t, w.as("ops").listed("/v1/findings?owner=chen"))
	assert.ElementsMatch(t, []string{id, other}, w.as("ops").listed("/v1/findings?open=true"))

	_, err := w.store.Pool().Exec(t.Context(), `update findings set since = since - interval '2 hours'`)
	require.NoError(t, err)
	done := w.as("ops").post(path+"/resolve", map[string]any{"reason": "It has come."}).ok(200).Body
	assert.Equal(t, []any{"zhang", "resolved"}, []any{done["owner"], done["state"]})
	assert.InDelta(t, 7200, done["age"], 60, "until it was resolved")
	assert.Equal(t, "resolved", w.as("ops").post(path+"/assign", map[string]any{}).refused(409, "wrong_state").state())
}

// What ops says of a payment's finding is on the timeline of its registration, with the person; why, among ourselves.
func TestResolvingAPaymentsFindingIsOnItsTimeline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.paid("acct-1", 1)
	payment := w.one(`select id from payments`)
	for _, kind := range []registration.FindingKind{registration.FindingPayoutFailed, registration.FindingStatementDouble} {
		id := w.found(kind, payment, "acct-1")
		w.as("ops").post("/v1/findings/"+id+"/resolve", map[string]any{"reason": "asked the bank about " + string(kind)}).ok(200)
		assert.Equal(t, "asked the bank about "+string(kind), w.as("ops").get("/v1/findings/" + id).ok(200).Body["reason"])
		for as, reason := range map[string]any{"ops": "asked the bank about " + string(kind), "reviewer": "asked the bank about " + string(kind), "platform": nil} {
			items, _ := w.as(as).get(path + "/timeline").ok(200).Body["items"].([]any)
			last, _ := items[len(items)-1].(map[string]any)
			assert.Equal(t, []any{"finding_resolved:" + string(kind), "ops:ops", "ops", reason}, []any{last["event"], last["actor"], last["by"], last["reason"]}, as)
			first, _ := items[0].(map[string]any)
			assert.Nil(t, first["reason"])
		}
	}
	assert.Equal(t, w.one(`select id from registrations`), w.one(`select distinct sealed_for from findings`), "with the registration's key")
}
