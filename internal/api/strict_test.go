package api

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamesAreTakenAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := person(t, 1).application("acct-1", "individual")
	body["Account_ID"] = "acct-2"
	w.as("platform").post("/v1/registrations", body).refused(422, "invalid_request").errorAt("body.Account_ID", "unknown")
	delete(body, "account_id")
	w.as("platform").post("/v1/registrations", body).refused(422, "invalid_request").errorAt("body.account_id", "missing")
	require.Zero(t, w.count(`select count(*) from registrations`))
}

// A query that cannot be read is refused; a parameter that a call does not know means nothing to it.
func TestQueriesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	for _, list := range []string{"/v1/registrations", "/v1/reviews"} {
		for _, unreadable := range []string{"?limit=%zz", "?a;b"} {
			w.as("reviewer").get(list+unreadable).refused(422, "invalid_request").errorAt("query", "invalid")
		}
		w.as("reviewer").get(list + "?verbose=1").ok(200)
	}
	w.as("platform").get(path + "/timeline?limit=200").ok(200)
}

func TestAMediaTypeIsReadInAnyCase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	for _, kind := range []string{"Application/JSON", "application/json; charset=UTF-8", "APPLICATION/JSON;CHARSET=utf-8"} {
		c := call{w: w, as: "platform", header: http.Header{"Content-Type": {kind}}}
		c.put(path+"/name", map[string]any{"name": "Harbour Light"}).ok(200)
	}
}

func TestNullIsNoValue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := person(t, 1).application("acct-1", "individual")
	body["locale"] = nil
	w.as("platform").post("/v1/registrations", body).refused(422, "invalid_request").errorAt("body.locale", "invalid")
	path := w.open("acct-1", "enterprise")
	w.as("platform").put(path+"/company", `{"bank": {"account_name": null}}`).refused(422, "invalid_request").errorAt("body.bank.account_name", "invalid")
}

func TestABodyMustBeUTF8(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	w.as("platform").put(path+"/name", "{\"name\": \"a\xff\xfeb\"}").refused(400, "malformed_request")
}

func TestAnAddressIsTakenAsItIsWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	for _, other := range []string{"//v1/registrations", "/v1//registrations", "/v1/./registrations", "/v1/accounts/../registrations", path + "/", "/v1/registrations/"} {
		w.as("platform").get(other).refused(404, "not_found")
	}
}

func TestALookAtAStreamEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.as("platform").send(http.MethodHead, w.open("acct-1", "individual")+"/events", nil).ok(200)
	require.Equal(t, "text/event-stream", a.Header.Get("Content-Type"))
}

// An answer does not grow with what somebody sends.
func TestAnAnswerIsNotAsLongAsItsCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fields := map[string]any{}
	for i := range 5000 {
		fields["field_"+strconv.Itoa(i)] = 1
	}
	nothing := map[string]any{"a": make([]any, 5000)}
	for _, c := range []struct {
		path string
		body any
	}{{"/v1/registrations", fields}, {"/v1/registrations", nothing}, {w.open("acct-1", "individual") + "/withdraw", fields}} {
		a := w.as("platform").post(c.path, c.body).refused(422, "invalid_request")
		require.LessOrEqual(t, len(a.Body["errors"].([]any)), 100)
		require.Less(t, len(a.Raw), 20_000)
	}
}
