package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnreadableBodiesLeaveNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	id := w.underReview("acct-2", 5)
	before, told := w.rows(), len(w.engine.told())
	calls := []struct{ as, method, path string }{
		{"platform", "POST", "/v1/registrations"},
		{"platform", "POST", path + "/card"},
		{"platform", "POST", path + "/card/code"},
		{"platform", "POST", path + "/admin-session"},
		{"platform", "PUT", path + "/company"},
		{"platform", "POST", path + "/deposit"},
		{"platform", "PUT", path + "/name"},
		{"platform", "PUT", path + "/contact"},
		{"ops", "POST", path + "/payout/resolve"},
		{"ops", "POST", path + "/payout/grant"},
		{"ops", "POST", "/v1/reviews/" + id + "/assign"},
		{"reviewer", "POST", "/v1/reviews/" + id + "/decision"},
	}
	for _, c := range calls {
		send := func(body string) answer { return w.as(c.as).send(c.method, c.path, body) }
		for _, body := range []string{"", "{", "nonsense", `{"name": }`, "{} {}", "\x00", `{"a":1`} {
			send(body).refused(http.StatusBadRequest, "malformed_request")
		}
		for _, body := range []string{"null", "[]", "1", `"text"`, "true"} {
			send(body).refused(http.StatusUnprocessableEntity, "invalid_request")
		}
		send(`{"surprise": 1}`).refused(422, "invalid_request").errorAt("body.surprise", "unknown")
		send(strings.Repeat("[", 5000)).refused(400, "malformed_request")
		send(`{"name": "`+strings.Repeat("x", 1<<20)+`"}`).refused(422, "invalid_request")
		send(`{"name": "`+strings.Repeat("x", 3<<20)+`"}`).refused(413, "document_too_large")
		typed := call{w: w, as: c.as, header: http.Header{"Content-Type": {"text/plain"}}}
		typed.send(c.method, c.path, "{}").refused(400, "malformed_request")
	}
	require.Equal(t, before, w.rows())
	require.Len(t, w.engine.told(), told)
}

// A call that takes no body takes nothing else either: whoever sends something means something by it.
func TestCallsWithoutABodyTakeNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	id := w.underReview("acct-2", 5)
	endpoint := w.as("platform").post("/v1/webhook-endpoints", map[string]any{"url": "https://hooks.example.com/a", "events": []string{"payout.overdue"}}).ok(201).id()
	calls := []struct{ as, method, path string }{
		{"platform", "POST", path + "/card/code/resend"},
		{"platform", "POST", path + "/payout"},
		{"platform", "POST", path + "/submit"},
		{"platform", "POST", path + "/withdraw"},
		{"reviewer", "POST", "/v1/reviews/" + id + "/claim"},
		{"reviewer", "POST", "/v1/reviews/" + id + "/release"},
		{"platform", "POST", "/v1/accounts/acct-9/identity-clearing/submit"},
		{"platform", "POST", "/v1/accounts/acct-9/identity-clearing/withdraw"},
		{"platform", "POST", "/v1/webhook-endpoints/" + endpoint + "/ping"},
		{"platform", "POST", "/v1/webhook-endpoints/" + endpoint + "/deliveries/dlv_x/retry"},
		{"platform", "DELETE", "/v1/webhook-endpoints/" + endpoint},
	}
	before, told := w.rows(), len(w.engine.told())
	for _, c := range calls {
		for _, body := range []string{"nonsense", "{", "[1", "{} {}", "\xff"} {
			w.as(c.as).send(c.method, c.path, body).refused(400, "malformed_request")
		}
		for _, body := range []string{"null", "[]", "1", `"text"`, "true"} {
			w.as(c.as).send(c.method, c.path, body).refused(422, "invalid_request").errorAt("body", "invalid")
		}
		w.as(c.as).send(c.method, c.path, `{"oops": 1}`).refused(422, "invalid_request").errorAt("body.oops", "unknown")
	}
	require.Equal(t, before, w.rows())
	require.Len(t, w.engine.told(), told)
	for _, body := range []string{"", " ", "{}"} {
		path := w.open("acct-3", "individual")
		w.as("platform").send("POST", path+"/withdraw", body).ok(200)
	}
}

func TestOpeningIsCheckedWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := func() map[string]any { return person(t, 1).application("acct-1", "individual") }
	for name, c := range map[string]struct {
		field string
		value any
		code  string
		at    string
	}{
		"account with a space":     {"account_id", "acct 1", "invalid_request", "invalid"},
		"account too long":         {"account_id", strings.Repeat("a", 65), "invalid_request", "invalid"},
		"empty account":            {"account_id", "", "invalid_request", "invalid"},
		"unknown kind":             {"kind", "team", "invalid_request", "invalid"},
		"number as name":           {"name", 12, "invalid_request", "invalid"},
		"name of one character":    {"name", "x", "invalid_request", "invalid"},
		"name of 51 characters":    {"name", strings.Repeat("名", 51), "invalid_request", "invalid"},
		"name with a line break":   {"name", "two\nlines", "invalid_request", "invalid"},
		"name with a NUL":          {"name", "nu\x00l", "invalid_request", "invalid"},
		"no mailbox":               {"registered_email", "nobody", "invalid_request", "invalid"},
		"phone with a wrong digit": {"phone", "12800138000", "phone_invalid", "phone_invalid"},
		"empty phone":              {"phone", "", "phone_invalid", "phone_invalid"},
		"null phone":               {"phone", nil, "invalid_request", "invalid"},
		"unknown locale":           {"locale", "fr", "invalid_request", "invalid"},
	} {
		body := good()
		body[c.field] = c.value
		a := w.as("platform").post("/v1/registrations", body)
		require.Equal(t, http.StatusUnprocessableEntity, a.Status, "%s: %s", name, a.Raw)
		a.refused(422, c.code).errorAt("body."+c.field, c.at)
	}
	for field := range good() {
		body := good()
		delete(body, field)
		w.as("platform").post("/v1/registrations", body).refused(422, "invalid_request").errorAt("body."+field, "missing")
	}
	two := good()
	two["phone"], two["registered_email"] = "1", "1"
	w.as("platform").post("/v1/registrations", two).refused(422, "invalid_request").errorAt("body.phone", "phone_invalid").errorAt("body.registered_email", "invalid")
	require.Zero(t, w.count(`select count(*) from registrations`))
	require.Zero(t, w.count(`select count(*) from vault_keys where subject like 'reg_%'`))
	require.Zero(t, w.engine.opens)
	require.Equal(t, "zh-CN", w.as("platform").post("/v1/registrations", good()).ok(201).Body["locale"])
}

func TestWhatIsRefusedAtTheOpeningIsForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.open("acct-1", "individual")
	before := w.rows()
	w.as("platform").post("/v1/registrations", person(t, 2).application("acct-1", "enterprise")).refused(409, "registration_exists")
	require.Equal(t, before, w.rows())
}

func TestCardsAreCheckedBeforeAnybodyIsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	for field, c := range map[string]struct {
		value any
		code  string
	}{
		"card_number":      {"6222021234567890120", "card_invalid"},
		"holder_name":      {"1", "invalid_request"},
		"id_number":        {"110101199003077759", "id_number_invalid"},
		"phone":            {"1380013800", "phone_invalid"},
		"payment_password": {"12345", "invalid_request"},
	} {
		body := person(t, 1).card(1)
		body[field] = c.value
		w.as("platform").post(path+"/card", body).refused(422, c.code)
	}
	unborn := person(t, 1).card(1)
	unborn["id_number"] = person(t, 365*130).id
	w.as("platform").post(path+"/card", unborn).refused(422, "id_number_invalid")
	require.Zero(t, w.wallet.asked)
	require.Empty(t, w.engine.told())

	wide := person(t, 1).card(1)
	wide["phone"] = "+86 １３８ 0000 0001"
	w.as("platform").post(path+"/card", wide).ok(200)
}

func TestCodesAndAmountsOfTheWrongShapeBurnNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	w.as("platform").post(path+"/card", person(t, 1).card(1)).ok(200)
	told := len(w.engine.told())
	for _, code := range []any{"", "123", "123456789", "12a4", 1234, nil} {
		w.as("platform").post(path+"/card/code", map[string]any{"code": code}).refused(422, "invalid_request")
	}
	for _, amount := range []any{0.37, 37, "1.00", "0.370", "-0.37", "1e-1", "", nil, true} {
		w.as("platform").post(path+"/deposit", map[string]any{"amount": amount}).refused(422, "invalid_request")
	}
	require.Len(t, w.engine.told(), told)
}

func TestAddressesThatAreNoneAreNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{"reg_unknown", "%00", "a%20b", strings.Repeat("x", 300), strings.Repeat("y", 5000), "'", "..%2f"} {
		w.as("platform").get("/v1/registrations/"+id).refused(404, "not_found")
		w.as("platform").post("/v1/registrations/"+id+"/submit", nil).refused(404, "not_found")
		w.as("platform").withKey("k").post("/v1/registrations/"+id+"/submit", nil).refused(404, "not_found")
		w.as("platform").put("/v1/registrations/"+id+"/name", map[string]any{"name": "New name"}).refused(404, "not_found")
		w.as("platform").put("/v1/registrations/"+id+"/documents/id_card_front", png("")).refused(404, "not_found")
		w.as("reviewer").get("/v1/reviews/"+id).refused(404, "not_found")
		w.as("reviewer").post("/v1/reviews/"+id+"/claim", nil).refused(404, "not_found")
	}
	w.as("platform").get("/nowhere").refused(404, "not_found")
	w.as("platform").send(http.MethodDelete, "/v1/registrations", nil).refused(404, "not_found")
}

func TestListsAreFilteredAndPaged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, account := range []string{"acct-1", "acct-2", "acct-3"} {
		w.open(account, "individual")
	}
	w.open("acct-4", "enterprise")
	list := func(query string) answer { return w.as("ops").get("/v1/registrations?" + query) }
	require.Len(t, list("kind=individual").ok(200).Body["items"], 3)
	require.Len(t, list("state=admin_identity_required&kind=&cursor=&limit=").ok(200).Body["items"], 1)
	require.Empty(t, list("overdue=true").ok(200).Body["items"])
	require.Len(t, list("overdue=false").ok(200).Body["items"], 4)

	var seen []any
	for cursor := ""; ; {
		page := list("limit=3&cursor=" + cursor).ok(200)
		for _, item := range page.Body["items"].([]any) {
			seen = append(seen, item.(map[string]any)["account_id"])
		}
		if page.Body["next_cursor"] == nil {
			break
		}
		cursor = page.Body["next_cursor"].(string)
	}
	require.Equal(t, []any{"acct-4", "acct-3", "acct-2", "acct-1"}, seen)
	for _, query := range []string{"limit=0", "limit=201", "limit=x", "state=nowhere", "kind=team", "overdue=perhaps", "cursor=%00", "cursor=!!", "cursor=YWJj"} {
		list(query).refused(422, "invalid_request")
	}
	w.as("reviewer").get("/v1/reviews?cursor=zzz").refused(422, "invalid_request")
}
