package api

import (
	"context"
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

	"shiming/internal/chinaid"
	"shiming/registration"
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

// target is a call brought to where its good body would be taken.
type target struct {
	id   string
	good any
	send func(w *world, body string) answer
	open func(w *world) // brings it there, again after a body was taken
}

// targets lists every call that takes JSON.
func targets(t testing.TB) []*target {
	t.Helper()
	all := []*target{}
	n := 100
	for _, c := range bodies(t) {
		op, tg := c.op, &target{id: c.op.OperationID, good: c.body}
		rt, _ := op.Metadata[routeKey].(route)
		var path string
		tg.open = func(w *world) {
			n++
			path = strings.NewReplacer("/v1/registrations/{id}", w.readyFor(op.OperationID, n), "/v1/reviews/{id}", "/v1/reviews/"+w.reviewFor(op.OperationID, n),
				"/v1/findings/{id}", "/v1/findings/"+w.findingFor(op.OperationID, n), byIDPath, "/v1/identity-clearings/"+w.clearingFor(op.OperationID, n),
				"/v1/notices/{id}", "/v1/notices/"+w.noticeFor(op.OperationID, n),
				"{account_id}", fmt.Sprintf("acct-%d", n), "{id}", "x").Replace(op.Path)
		}
		as := ""
		if may := roles(op.OperationID); len(may) > 0 {
			as = string(may[0])
		}
		messages := 0
		tg.send = func(w *world, body string) answer {
			if rt.signed == "" {
				a := w.as(as).send(op.Method, path, body)
				if op.OperationID == "pause-payouts" && a.Status == http.StatusOK { // the others go on paying
					require.NoError(w.t, w.store.ResumePayouts(context.Background(), "ops:ops", "for the others"))
				}
				return a
			}
			messages++
			secret := map[party]string{bankParty: bankSecret, walletParty: walletSecret}[rt.signed]
			return w.report(string(rt.signed), secret, op.OperationID+strconv.Itoa(messages), time.Now(), body)
		}
		all = append(all, tg)
	}
	return all
}

// readyFor is the path of a registration in which the act of an operation is taken.
func (w *world) readyFor(operation string, n int) string {
	account := fmt.Sprintf("acct-%d", n)
	switch operation {
	case "hand-in-card", "set-name", "repair-registration":
		return w.open(account, "individual")
	case "confirm-card-code":
		path := w.open(account, "individual")
		w.as("platform").post(path+"/card", person(w.t, n).card(uint64(n))).ok(http.StatusOK)
		return path
	case "open-admin-session", "set-contact": // the example of a contact names a person; an individual's is the verified one
		return w.open(account, "enterprise")
	case "hand-in-company":
		return atCompany(w.t, w, account, n)
	case "enter-deposit":
		return w.paid(account, n)
	case "grant-payout":
		return w.outOfPayments(account, n)
	case "resolve-payout": // after the end nobody waits for a run to follow
		path := w.paid(account, n)
		w.as("platform").post(path+"/withdraw", nil).ok(http.StatusOK)
		return path
	}
	return "/v1/registrations/reg_x"
}

func (w *world) reviewFor(operation string, n int) string {
	if strings.HasSuffix(operation, "-review") {
		return w.underReview(fmt.Sprintf("acct-%d", n), n)
	}
	return "x"
}

func (w *world) findingFor(operation string, n int) string {
	if strings.HasSuffix(operation, "-finding") {
		return w.found(registration.FindingUndelivered, fmt.Sprintf("ntc_%d", n), "")
	}
	return "x"
}

// clearingFor is an open one, the same each time: a caller may not claim often in a day.
func (w *world) clearingFor(operation string, n int) string {
	w.t.Helper()
	if operation != "repair-clearing" {
		return "x"
	}
	if w.count(`select count(*) from clearings`) == 0 {
		w.as("platform").post("/v1/identity-clearings", map[string]any{"holder_name": "张三", "id_number": person(w.t, n).id, "reason": "not mine"}).ok(http.StatusCreated)
	}
	return w.one(`select id from clearings limit 1`)
}

// noticeFor is a notice that failed.
func (w *world) noticeFor(operation string, n int) string {
	if !strings.HasSuffix(operation, "-notice") {
		return "x"
	}
	account := fmt.Sprintf("acct-%d", n)
	w.paid(account, n)
	id := w.one(`select n.id from notices n join registrations r on r.id = n.registration_id where r.account_id = $1 and n.channel = 'sms'`, account)
	require.NoError(w.t, w.store.NoticeRefused(context.Background(), id))
	return id
}

// paid brings an enterprise to where its money is on the way. The company is the nth: a guess at the amount may be right, and
// binds it.
func (w *world) paid(account string, n int) string { w.t.Helper(); return w.paidTo(account, n, n) }

// outOfPayments is an enterprise whose bank account has had its payments, one of them another company's.
func (w *world) outOfPayments(account string, n int) string {
	w.t.Helper()
	w.paidTo(account+"-other", n+5_000, n)
	return w.paidTo(account, n, n)
}

// paidTo is paid, the money on its way to the given bank account.
func (w *world) paidTo(account string, n, bankAccount int) string {
	w.t.Helper()
	path := atCompany(w.t, w, account, n)
	org, err := chinaid.NewOrganizationCode(fmt.Sprintf("MA%06d", n))
	require.NoError(w.t, err)
	code, err := chinaid.NewUSCC("91350200", org.Value())
	require.NoError(w.t, err)
	company := unified()
	company["uscc"], company["registration_number"], company["organization_code"] = code.Value(), code.Value(), code.Value()
	company["bank"].(map[string]any)["account_number"] = fmt.Sprintf("35100%011d", bankAccount)
	w.as("platform").put(path+"/company", company).ok(http.StatusOK)
	payment := w.one(`select p.id from payments p join registrations r on r.id = p.registration_id where r.account_id = $1`, account)
	err = w.store.PaymentNotified(context.Background(), payment)
	require.NoError(w.t, err)
	_, err = w.store.TakeOrder(context.Background(), payment)
	require.NoError(w.t, err)
	err = w.store.OrderAnswered(context.Background(), payment, "transfer.sent", "")
	require.NoError(w.t, err)
	return path
}

// judge sends a body: no fault of ours, and what is refused leaves nothing. It reports whether the body was taken.
func (tg *target) judge(w *world, body string) (taken bool) {
	t := w.t
	t.Helper()
	before := w.rows()
	a := tg.send(w, body)
	require.Less(t, a.Status, http.StatusInternalServerError, "%s %.300s: %s", tg.id, body, a.Raw)
	if a.Status < http.StatusBadRequest {
		return true
	}
	require.Equal(t, "application/problem+json", a.Header.Get("Content-Type"))
	badInput := a.Status != http.StatusConflict && a.Status != http.StatusTooManyRequests // an act is counted, by its state or its limit
	if badInput && a.Body["code"] != "deposit_amount_mismatch" {                          // and so is a guess
		require.Equal(t, before, w.rows(), "%s %.300s: %s", tg.id, body, a.Raw)
	}
	return false
}

// TestHostileBodies of every call, where it would take a good one.
func TestHostileBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tg := range targets(t) {
		tg.open(w)
		n := 0
		variants(tg.good, func(body string) {
			if n++; tg.judge(w, body) {
				tg.open(w)
			}
		})
		require.Greater(t, n, 30)
		good, err := json.Marshal(tg.good)
		require.NoError(t, err)
		tg.open(w)
		a := tg.send(w, string(good))
		require.NotContains(t, []int{400, 401, 403, 413, 415, 500}, a.Status, "%s", a.Raw)
		if a.Status == http.StatusUnprocessableEntity && a.Body["code"] != "deposit_amount_mismatch" {
			t.Errorf("the example of %s is refused: %s %s", tg.id, good, a.Raw)
		}
	}
}

// FuzzAddresses: whatever stands in an address or a header of a call.
func FuzzAddresses(f *testing.F) {
	w := newWorld(f)
	id := w.open("acct-1", "individual")
	templates := []string{
		"/v1/registrations?%s", "/v1/reviews?%s", "/v1/webhook-endpoints?%s", "/v1/findings?%s", "/v1/findings/%s", "/v1/registrations/%s", "/v1/registrations/%s/timeline", "/v1/registrations/%s/documents/id_card_front",
		"/v1/registrations/reg_aaaaaaaaaaaaaaaaaaaaaaaaaa/documents/%s", "/v1/reviews/%s", "/v1/reviews/%s/documents/x", "/v1/accounts/%s", "/v1/accounts/%s/identity-clearing",
		"/v1/identity-clearings/%s", "/v1/identity-clearings/%s/timeline", "/v1/webhook-endpoints/%s/deliveries/x", "/%s",
	}
	for i := range templates {
		for _, v := range []string{
			"", "limit=-1", "limit=99999999999999999999", "cursor=%00", "cursor=" + strings.Repeat("a", 300), "overdue=maybe&kind=x&state=%ff", "a;b", "%zz", "..%2f", "\x7f", "reg_" + strings.Repeat("a", 26),
			"cursor=MjAyNi0wOS0zMFQwMjowMDowMFp8cmVnX2szdjU", "\u202e",
			"cursor=MjAyNi0wMS0wMVQwMDowMDowMFp8AA", "cursor=MjAyNi0wMS0wMVQwMDowMDowMFp8__4", // a time that fits, and an id that no text can hold
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
