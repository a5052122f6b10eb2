package api

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/registration"
)

// found opens a finding and returns its id.
func (w *world) found(kind registration.FindingKind, subject, account string) string {
	w.t.Helper()
	require.NoError(w.t, w.store.Find(context.Background(), kind, subject, account, "told 5 times to read its row"))
	return w.one(`select id from findings where kind = $1 and subject = $2 and resolved_at is null`, kind, subject)
}

// listed are the ids of a list's items, page after page.
func (c call) listed(path string) (ids []string) {
	c.w.t.Helper()
	for next := ""; ; {
		page := c.get(path + next).ok(200)
		items, _ := page.Body["items"].([]any)
		for _, item := range items {
			ids = append(ids, item.(map[string]any)["id"].(string))
		}
		cursor, more := page.Body["next_cursor"].(string)
		if !more {
			return ids
		}
		next = "&cursor=" + cursor
	}
}

func TestFindingsAreListedForOps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var newestFirst []string
	for i, kind := range registration.FindingKinds() {
		newestFirst = append([]string{w.found(kind, fmt.Sprintf("reg_%d", i), "acct-1")}, newestFirst...)
	}
	c := w.as("ops")
	assert.Equal(t, newestFirst, c.listed("/v1/findings?limit=4"))
	for i, kind := range registration.FindingKinds() {
		id := newestFirst[len(newestFirst)-1-i]
		assert.Equal(t, []string{id}, c.listed("/v1/findings?kind="+string(kind)))
		assert.Equal(t, kind.Text(), c.get("/v1/findings/" + id).ok(200).Body["text"])
	}
	c.post("/v1/findings/"+newestFirst[0]+"/resolve", map[string]any{"reason": "It has come."}).ok(200)
	assert.Equal(t, newestFirst[1:], c.listed("/v1/findings?open=true&limit=2"))
	assert.Equal(t, newestFirst[:1], c.listed("/v1/findings?open=false&limit=1"))
	kinds := registration.FindingKinds()
	assert.Empty(t, c.listed("/v1/findings?open=true&kind="+string(kinds[len(kinds)-1])))

	c.get("/v1/findings?kind=no_such").refused(422, "invalid_request")
	c.get("/v1/findings?open=perhaps").refused(422, "invalid_request")
	c.get("/v1/findings?cursor=x").refused(422, "invalid_request")
	c.get("/v1/findings/fnd_none").refused(404, "not_found")
}

func TestAFindingSaysWhatItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.found(registration.FindingUndelivered, "ntc_1", "")
	body := w.as("ops").get("/v1/findings/" + id).ok(200).Body
	for field, want := range map[string]any{
		"id": id, "kind": "undelivered", "subject": "ntc_1", "account_id": nil, "tried": "told 5 times to read its row", "resolved_at": nil, "resolved_by": nil,
		"reason": nil, "since": body["seen_at"],
	} {
		assert.Equal(t, want, body[field], field)
	}
	assert.NotNil(t, body["since"])
	assert.Equal(t, "acct-1", w.as("ops").get("/v1/findings/" + w.found(registration.FindingRunAhead, "reg_1", "acct-1")).ok(200).Body["account_id"])
}

func TestAFindingIsResolvedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.found(registration.FindingPayoutFailed, "pay_1", "")
	path := "/v1/findings/" + id + "/resolve"
	for _, body := range []string{`{}`, `{"reason": ""}`, `{"reason": "` + strings.Repeat("x", 501) + `"}`, `{"reason": "asked the bank", "by": "me"}`} {
		w.as("ops").post(path, body).refused(422, "invalid_request")
	}
	w.as("ops").post("/v1/findings/fnd_none/resolve", map[string]any{"reason": "asked the bank"}).refused(404, "not_found")
	asked := map[string]any{"reason": "asked the bank"}
	done := w.as("ops").withKey("k").post(path, asked).ok(200)
	assert.Equal(t, "ops:ops", done.Body["resolved_by"])
	assert.Equal(t, "asked the bank", done.Body["reason"])
	assert.NotNil(t, done.Body["resolved_at"])
	assert.Equal(t, done.Raw, w.as("ops").withKey("k").post(path, asked).ok(200).Raw, "the same call")
	again := w.as("ops").post(path, map[string]any{"reason": "asked again"}).refused(409, "wrong_state")
	assert.Equal(t, "resolved", again.state())
	assert.Equal(t, "asked the bank", w.as("ops").get("/v1/findings/" + id).ok(200).Body["reason"])

	another := w.found(registration.FindingPayoutFailed, "pay_1", "")
	assert.NotEqual(t, id, another, "still not mended")
	require.NoError(t, w.store.Gone(context.Background(), registration.FindingPayoutFailed, "pay_1"))
	w.as("ops").post("/v1/findings/"+another+"/resolve", asked).refused(409, "wrong_state")
	assert.Equal(t, "reconciler", w.as("ops").get("/v1/findings/" + another).ok(200).Body["resolved_by"])
}

func TestResolvingIsOnTheTimeline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	resolve := func(subject string) {
		id := w.found(registration.FindingRunBehind, subject, "acct-1")
		w.as("ops").post("/v1/findings/"+id+"/resolve", map[string]any{"reason": "workers are back"}).ok(200)
	}
	resolve(strings.TrimPrefix(path, "/v1/registrations/"))
	w.lastLine(path+"/timeline", "finding_resolved:run_behind", "identity_required")

	claim := w.as("platform").post("/v1/identity-clearings", map[string]any{"holder_name": "张三", "id_number": person(t, 7).id, "reason": "not mine"}).ok(201)
	resolve(claim.id())
	w.lastLine("/v1/identity-clearings/"+claim.id()+"/timeline", "finding_resolved:run_behind", claim.state())

	resolve("reg_nobody") // a run without a row
	resolve("clr_nobody")
}

// lastLine requires what ops did as the last line of a timeline.
func (w *world) lastLine(timeline, event, state string) {
	w.t.Helper()
	items, _ := w.as("ops").get(timeline).ok(200).Body["items"].([]any)
	require.NotEmpty(w.t, items)
	last, _ := items[len(items)-1].(map[string]any)
	assert.Equal(w.t, []any{event, state, state, "ops:ops"}, []any{last["event"], last["from"], last["to"], last["actor"]})
}
