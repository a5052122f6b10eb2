package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"
)

// hostileValues stand in for every value of every body.
func hostileValues() []any {
	return []any{
		nil, "", " ", "\x00", "a\x00b", "\u202e\u200b", "\ufffd", "😀", "\u0301\u0301", "../../etc/passwd", "' or 1=1 --", "%s%n", "{{.}}", "<script>",
		"１２３", "٣", "1e400", strings.Repeat("9", 400), strings.Repeat("名", 100_000), -1, 0, 1e308, 9223372036854775807, true,
		[]any{},
		[]any{nil},
		map[string]any{},
		map[string]any{"": map[string]any{}},
		strings.Split(strings.Repeat("x,", 2000), ","),
	}
}

// variants calls f with every body that differs from a good one in one value, each in turn replaced, left out or doubled.
func variants(good any, f func(string)) {
	var walk func(v any, put func(any) any)
	whole := func(v any) {
		raw, err := json.Marshal(v)
		if err == nil {
			f(string(raw))
		}
	}
	walk = func(v any, put func(any) any) {
		for _, bad := range hostileValues() {
			whole(put(bad))
		}
		switch v := v.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				walk(v[name], func(with any) any {
					clone := maps.Clone(v)
					clone[name] = with
					return put(clone)
				})
				without := maps.Clone(v)
				delete(without, name)
				whole(put(without))
			}
		case []any:
			if len(v) > 0 {
				walk(v[0], func(with any) any { return put([]any{with}) })
			}
		}
	}
	walk(good, func(v any) any { return v })
}

// exampleCall is a call that takes JSON, with the document's own example of its body.
type exampleCall struct {
	op   *huma.Operation
	body any
}

// bodies lists every call of the document that takes JSON, always in the same order: one call can change what the next is answered.
func bodies(t testing.TB) []exampleCall {
	t.Helper()
	s := &server{}
	require.NoError(t, s.build())
	doc, all := s.api.OpenAPI(), []exampleCall{}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for _, op := range operationsOf(doc.Paths[path]) {
			if op.RequestBody == nil || op.RequestBody.Content["application/json"] == nil {
				continue
			}
			schema := doc.Components.Schemas.SchemaFromRef(op.RequestBody.Content["application/json"].Schema.Ref)
			raw, err := json.Marshal(schema.Examples[0])
			require.NoError(t, err)
			var example any
			require.NoError(t, json.Unmarshal(raw, &example))
			all = append(all, exampleCall{op, example})
		}
	}
	require.Greater(t, len(all), 15)
	return all
}

// TestHostileBodies of every call: no fault of ours, and what is refused leaves nothing.
func TestHostileBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	individual, enterprise, review := w.open("acct-1", "individual"), w.open("acct-2", "enterprise"), w.underReview("acct-3", 3)
	token := map[role]string{platform: "platform", reviewer: "reviewer", ops: "ops", "": ""}
	for _, c := range bodies(t) {
		op, example := c.op, c.body
		registration := individual
		switch op.OperationID {
		case "open-admin-session", "hand-in-company", "enter-deposit", "resolve-payout", "grant-payout",
			"set-contact": // its example names a person; an individual's contact is the verified one
			registration = enterprise
		}
		path := strings.NewReplacer("/v1/registrations/{id}", registration, "/v1/reviews/{id}", "/v1/reviews/"+review, "{account_id}", "acct-3", "{id}", "x").Replace(op.Path)
		as := role("")
		if may := roles(op.OperationID); len(may) > 0 {
			as = may[0]
		}
		rt, _ := op.Metadata[routeKey].(route)
		n := 0
		send := func(body string) answer {
			n++
			if rt.signed == "" {
				return w.as(token[as]).send(op.Method, path, body)
			}
			secret := map[party]string{bankParty: bankSecret, walletParty: walletSecret}[rt.signed]
			return w.report(string(rt.signed), secret, op.OperationID+strconv.Itoa(n), time.Now(), body)
		}
		good, err := json.Marshal(example)
		require.NoError(t, err)
		a := send(string(good))
		require.NotContains(t, []int{400, 401, 403, 413, 415, 500}, a.Status, "%s", a.Raw)
		if a.Status == http.StatusUnprocessableEntity {
			t.Errorf("the example of %s is refused: %s %s", op.OperationID, good, a.Raw)
		}
		variants(example, func(body string) {
			before := w.rows()
			a := send(body)
			require.Less(t, a.Status, http.StatusInternalServerError, "%s %.300s: %s", op.OperationID, body, a.Raw)
			if a.Status >= http.StatusBadRequest {
				require.Equal(t, before, w.rows(), "%s %.300s: %s", op.OperationID, body, a.Raw)
			}
		})
		require.Greater(t, n, 30)
	}
}

// FuzzAddresses: whatever stands in an address or a header of a call.
func FuzzAddresses(f *testing.F) {
	w := newWorld(f)
	id := w.open("acct-1", "individual")
	templates := []string{
		"/v1/registrations?%s", "/v1/reviews?%s", "/v1/webhook-endpoints?%s", "/v1/registrations/%s", "/v1/registrations/%s/timeline", "/v1/registrations/%s/documents/id_card_front",
		"/v1/registrations/reg_aaaaaaaaaaaaaaaaaaaaaaaaaa/documents/%s", "/v1/reviews/%s", "/v1/reviews/%s/documents/x", "/v1/accounts/%s", "/v1/accounts/%s/identity-clearing",
		"/v1/identity-clearings/%s", "/v1/webhook-endpoints/%s/deliveries/x", "/%s",
	}
	for i := range templates {
		for _, v := range []string{
			"", "limit=-1", "limit=99999999999999999999", "cursor=%00", "cursor=" + strings.Repeat("a", 300), "overdue=maybe&kind=x&state=%ff", "a;b", "%zz", "..%2f", "\x7f", "reg_" + strings.Repeat("a", 26),
			"cursor=MjAyNi0wOS0zMFQwMjowMDowMFp8cmVnX2szdjU", "\u202e",
		} {
			f.Add(uint8(i), v, "key", "1")
		}
	}
	f.Add(uint8(0), "", "a b", "-1")
	f.Add(uint8(0), "", strings.Repeat("k", 256), "99999999999999999999")
	f.Fuzz(func(t *testing.T, n uint8, part, key, last string) {
		w := w.under(t)
		template := templates[int(n)%len(templates)]
		if !strings.Contains(template, "?") {
			part = url.PathEscape(part)
		} else if values, err := url.ParseQuery(part); err == nil {
			part = values.Encode()
		}
		if _, err := url.Parse(fmt.Sprintf(template, part)); err != nil {
			t.Skip("no address")
		}
		headers := http.Header{"Last-Event-Id": {clean(last)}}
		for _, as := range []string{"platform", "ops"} {
			a := call{w: w, as: as, header: headers}.get(fmt.Sprintf(template, strings.ReplaceAll(part, " ", "%20")))
			require.NotEqual(t, http.StatusInternalServerError, a.Status, "%s", a.Raw)
		}
		a := call{w: w, as: "platform", header: http.Header{"Idempotency-Key": {clean(key)}}}.put(id+"/name", map[string]any{"name": "Harbour Light"})
		require.Contains(t, []int{200, 422}, a.Status, "%s", a.Raw)
	})
}

// clean leaves out of a header what Go's client would not send.
func clean(v string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, v)
}
