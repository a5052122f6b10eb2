package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever is sent, a 4xx comes back, no workflow is started and no row is left behind.
func TestBadInputLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := func() map[string]any {
		return map[string]any{
			"account_id": newAccount("acct-"), "kind": "individual", "name": "港湾灯塔", "registered_email": "dev@example.com", "phone": "13800001234", "locale": "en",
		}
	}
	with := func(field string, value any) map[string]any { b := good(); b[field] = value; return b }
	without := func(field string) map[string]any { b := good(); delete(b, field); return b }
	t.Run("all", func(t *testing.T) {
		for name, c := range map[string]struct {
			body   any
			status int
			code   string
		}{
			"not JSON":        {[]byte(`{"account_id": `), 400, "malformed_request"},
			"empty":           {[]byte(``), 400, "malformed_request"},
			"a list":          {[]byte(`[]`), 422, "invalid_request"},
			"unknown field":   {with("colour", "blue"), 422, "invalid_request"},
			"missing field":   {without("account_id"), 422, "invalid_request"},
			"wrong type":      {with("name", 7), 422, "invalid_request"},
			"a 1 MB name":     {with("name", strings.Repeat("名", 350_000)), 422, "invalid_request"},
			"hostile account": {with("account_id", "a'; drop table registrations; --"), 422, "invalid_request"},
			"wrong kind":      {with("kind", "company"), 422, "invalid_request"},
			"bad phone":       {with("phone", "12345"), 422, "phone_invalid"},
			"bad email":       {with("registered_email", "nobody"), 422, "invalid_request"},
			"NUL in a name":   {with("name", "ab\x00cd"), 422, "invalid_request"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w.platform(t).post("/v1/registrations", c.body).refused(c.status, c.code)
			})
		}
	})
	require.Empty(t, w.platform(t).get("/v1/registrations").ok(200).at("items"))
	require.Zero(t, w.startedRuns(t), "a workflow was started")
	var left int
	require.NoError(t, w.store.Pool().QueryRow(t.Context(), `select (select count(*) from vault_items) + (select count(*) from vault_keys where subject like 'reg_%')
		+ (select count(*) from acts) + (select count(*) from outbox)`).Scan(&left))
	require.Zero(t, left, "a row was left behind")
}

func TestCallers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.open(t, "individual", newAccount("acct-"))
	nobody := caller{t: t, base: w.apiURL}
	nobody.get(r.path("")).refused(401, "unauthorized")
	stranger := caller{t: t, base: w.apiURL, token: "guess"}
	stranger.get(r.path("")).refused(401, "unauthorized")
	w.reviewer(t).get(r.path("")).ok(200)
	w.reviewer(t).post(r.path("/withdraw"), nil).refused(403, "forbidden")
	r.post("/payout/grant", map[string]any{"reason": "please"}).refused(403, "forbidden")
	w.platform(t).get("/v1/registrations/reg_unknown").refused(404, "not_found")
	for _, open := range []string{"/healthz", "/readyz", "/openapi.json", "/docs"} {
		nobody.get(open).ok(200)
	}
	nobody.get("/metrics").refused(404, "not_found")
}

// The same key and body give the first answer again; another body is refused.
func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := map[string]any{"account_id": newAccount("acct-"), "kind": "individual", "name": "港湾灯塔", "registered_email": "dev@example.com", "phone": "13800001234"}
	c := w.platform(t).withKey("key-" + newAccount(""))
	first := c.post("/v1/registrations", body).ok(201)
	again := c.post("/v1/registrations", body).ok(201)
	require.JSONEq(t, string(first.Raw), string(again.Raw))
	body["name"] = "另一个"
	c.post("/v1/registrations", body).refused(422, "idempotency_key_reused")
}
