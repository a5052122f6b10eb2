package api

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/devstack/storetest"
	"shiming/internal/notice"
	"shiming/internal/postgres"
	"shiming/registration"
)

// said is each call by which a person writes words of somebody: what to send, and where the words are in it.
type said struct {
	as, path, location string
	body               func(words string) map[string]any
}

func (w *world) allSaid() map[string]said {
	w.t.Helper()
	review := w.underReview("acct-review", 5)
	firm := w.paid("acct-firm", 6)
	w.spend(strings.TrimPrefix(firm, "/v1/registrations/"))
	reason := func(words string) map[string]any { return map[string]any{"reason": words} }
	return map[string]said{
		"message": {"reviewer", "/v1/reviews/" + review + "/decision", "body.reasons[1].message", func(words string) map[string]any {
			return map[string]any{"decision": "reject", "reasons": []map[string]any{
				{"field": "contact.email", "code": "mismatch", "message": "It bounces."}, {"field": "documents.id_card_back", "code": "unreadable", "message": words},
			}}
		}},
		"note": {"reviewer", "/v1/reviews/" + review + "/decision", "body.note", func(words string) map[string]any {
			return map[string]any{"decision": "approve", "note": words}
		}},
		"resolve": {"ops", firm + "/payout/resolve", "body.reason", func(words string) map[string]any {
			return map[string]any{"outcome": "settled", "reason": words}
		}},
		"grant":   {"ops", firm + "/payout/grant", "body.reason", reason},
		"finding": {"ops", "/v1/findings/" + w.found(registration.FindingUndelivered, "ntc_x", "") + "/resolve", "body.reason", reason},
		"resend":  {"ops", "/v1/notices/" + w.noticeFor("resend-notice", 7) + "/resend", "body.reason", reason},
		"accept":  {"ops", "/v1/notices/" + w.noticeFor("accept-notice", 8) + "/accept", "body.reason", reason},
	}
}

// spend has a registration's bank account use up its payments, so that it needs a grant.
func (w *world) spend(id string) {
	w.t.Helper()
	_, err := w.store.Pool().Exec(context.Background(), `insert into payments (id, registration_id, key, bank_fingerprint, bank_last4, company_ref, amount, state,
			bank_state, requested_at, notified_at, ordered_at, accepted_at, voided_at)
		select 'pay_' || i, registration_id, 'key_' || i, bank_fingerprint, bank_last4, company_ref, amount, 'void', 'settled', ago, ago, ago, ago, ago
		from payments, generate_series(1, 9) i, (select now() - interval '1 hour' as ago) at where registration_id = $1`, id)
	require.NoError(w.t, err)
}

// Whoever decides and helps may not write by which numbers somebody is known. Nothing is done then, and nothing kept.
func TestWordsThatHoldNumbersAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	calls := w.allSaid()
	rows := w.rows()
	for name, c := range calls {
		for _, words := range []string{
			"不是 11010519491231002x 本人", "call １３８-００１３-８０００ first", "card 6222 0212 3456 7890 128", "账号：4034 0001 0400 12345", "一三八零零一三八零零零",
		} {
			a := w.as(c.as).post(c.path, c.body(words)).refused(422, "invalid_request").errorAt(c.location, "personal_data")
			require.Len(t, a.Body["errors"], 1, "%s: %s", name, a.Raw)
			require.Contains(t, string(a.Raw), "name the field instead")
			require.NotContains(t, string(a.Raw), words)
		}
	}
	assert.Equal(t, rows, w.rows())
	for _, name := range []string{"message", "grant", "resolve", "finding", "resend", "accept"} {
		c := calls[name]
		a := w.as(c.as).post(c.path, c.body("请在2026-11-27前更正，金额 0.37，代码 91350211M000100Y43。"))
		require.Less(t, a.Status, 300, "%s: %s", name, a.Raw)
	}
}

// What people write is found in no dump of the database, and by whoever may read it through the API.
func TestWordsStandNowhereInClear(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	calls := w.allSaid()
	var secrets []string
	say := func(name string) string {
		words := "words of " + name + " 审核意见 " + strings.Repeat(name, 3)
		secrets = append(secrets, words, "审核意见 "+name)
		c := calls[name]
		a := w.as(c.as).withKey("key-"+name).post(c.path, c.body(words))
		require.Less(t, a.Status, 300, "%s: %s", name, a.Raw)
		return words
	}
	message, finding := say("message"), say("finding")
	for _, name := range []string{"grant", "resolve", "resend", "accept"} {
		say(name)
	}
	other := calls["note"]
	other.path = "/v1/reviews/" + w.underReview("acct-note", 9) + "/decision"
	calls["note"] = other
	say("note")
	storetest.RequireNowhere(t, storetest.Dump(t, w.store), secrets...)

	review := strings.TrimSuffix(calls["message"].path, "/decision")
	id := strings.TrimPrefix(review, "/v1/reviews/")
	for as, path := range map[string]string{"reviewer": review, "platform": "/v1/registrations/" + id, "ops": "/v1/registrations?state=correction_required"} {
		require.Contains(t, string(w.as(as).get(path).ok(200).Raw), message, path)
	}
	missing := w.as("platform").post("/v1/registrations/"+id+"/submit", nil).refused(422, "requirements_missing")
	require.Contains(t, string(missing.Raw), message)
	require.Contains(t, string(w.as("ops").get(strings.TrimSuffix(calls["finding"].path, "/resolve")).ok(200).Raw), finding)
	require.Contains(t, string(w.as("ops").get("/v1/findings").ok(200).Raw), finding)
}

// What the run is told of a submission that came too early, and what stays of it in a row, holds none of the reviewer's words.
func TestARefusedStepHoldsNoWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	calls := w.allSaid()
	c := calls["message"]
	w.as("reviewer").post(c.path, c.body("second page upside down")).ok(200)
	id := strings.TrimSuffix(strings.TrimPrefix(c.path, "/v1/reviews/"), "/decision")
	step := registration.Step{Subject: id, ActID: "act_early", Actor: registration.ByApplicant}
	_, _, err := w.store.BeginAct(context.Background(), postgres.Act{ID: step.ActID, RegistrationID: id, Act: registration.ActSubmit, Actor: step.Actor}, "", nil)
	require.NoError(t, err)
	result, err := w.store.Steps().Submit(context.Background(), step)
	require.NoError(t, err)
	require.NotNil(t, result.Refusal)
	require.Equal(t, registration.CodeRequirementsMissing, result.Refusal.Code)
	require.Len(t, result.Refusal.Errors, 2)
	for _, e := range result.Refusal.Errors {
		assert.Contains(t, []string{"Correct this as the reviewer asks.", "请按审核意见更正。"}, e.Message, e.Location)
	}
	storetest.RequireNowhere(t, storetest.Dump(t, w.store), "second page upside down")
}

// An account's id says nothing of whose it is: an ID number or a mobile one is refused, and leaves no trace.
func TestAccountIDsThatSayWhoAreRefused(t *testing.T) {
	t.Parallel()
	var logs bytes.Buffer
	w := newWorld(t, func(d *Deps) { d.Log = slog.New(slog.NewTextHandler(&logs, nil)) })
	ids := []string{"110101199003077758", "11010519491231002X", "11010519491231002x", "110105_19491231_002x", "user-110101199003077758", "13912345678", "139-1234-5678", "8613912345678"}
	for i, id := range ids {
		body := map[string]any{"account_id": id, "kind": "individual", "name": "Harbour Light", "registered_email": "a@example.com", "phone": "13800138000"}
		a := w.as("platform").withKey(fmt.Sprint("open-", i)).post("/v1/registrations", body).refused(422, "invalid_request").errorAt("body.account_id", "personal_data")
		require.NotContains(t, string(a.Raw), id)
		claim := map[string]any{"holder_name": "张三", "id_number": "110101199003077758", "reason": "I have left."}
		for j, c := range []struct {
			method, path string
			body         any
		}{
			{http.MethodGet, "/v1/accounts/" + id, nil},
			{http.MethodGet, "/v1/accounts/" + id + "/identity-clearing", nil},
			{http.MethodGet, "/v1/accounts/" + id + "/identity-clearing/preflight", nil},
			{http.MethodPost, "/v1/accounts/" + id + "/identity-clearing", claim},
			{http.MethodPost, "/v1/accounts/" + id + "/identity-clearing/submit", nil},
			{http.MethodPut, "/v1/accounts/" + id + "/identity-clearing/documents/handheld", png("x")},
			{http.MethodPost, "/v1/registrations/" + id + "/withdraw", nil},
		} {
			w.as("platform").withKey(fmt.Sprint("call-", i, "-", j)).send(c.method, c.path, c.body).refused(404, "not_found")
		}
	}
	storetest.RequireNowhere(t, storetest.Dump(t, w.store)+logs.String()+fmt.Sprint(w.engine.told()), ids...)
	require.NotEmpty(t, logs.String())
	for _, id := range []string{"acct-1001", "110101199003077759", "12345678901", "1700000000123"} { // no such number, nobody's phone
		body := map[string]any{"account_id": id, "kind": "individual", "name": "Harbour Light", "registered_email": "a@example.com", "phone": "13800138000"}
		w.as("platform").post("/v1/registrations", body).ok(201)
		w.as("platform").get("/v1/accounts/" + id).ok(200)
	}
}

// What an older release stored in clear is sealed before the API serves, by however many processes at once, and nothing of it is lost.
func TestWhatStoodInClearIsSealedAtStart(t *testing.T) {
	t.Parallel()
	var logs bytes.Buffer
	w := newWorld(t, func(d *Deps) { d.Log = slog.New(slog.NewTextHandler(&logs, nil)) })
	calls := w.allSaid()
	for _, name := range []string{"message", "finding", "grant", "resend", "accept"} {
		w.as(calls[name].as).post(calls[name].path, calls[name].body("words of before")).ok(200)
	}
	id := strings.TrimSuffix(strings.TrimPrefix(calls["message"].path, "/v1/reviews/"), "/decision")
	mail := w.one(`select id from notices where kind = 'correction_required' and registration_id = $1 and channel = 'email' and recipient = 'registered'`, id)
	for _, sql := range []string{ // as that release wrote them
		`update reviews set reasons = '[{"field": "contact.email", "code": "mismatch", "message": "It bounced in May."},
			{"field": "documents.id_card_back", "code": "unreadable", "message": "Blurred in May."}]' where decision = 'reject'`,
		`update registrations set corrections = '[{"field": "contact.email", "code": "mismatch", "message": "It bounced in May.", "done": false},
			{"field": "documents.id_card_back", "code": "unreadable", "message": "Blurred in May.", "done": true}]' where state = 'correction_required'`,
		`update notices set data = jsonb_build_object('RegistrationID', about, 'AccountID', account_id, 'Reasons', jsonb_build_array(
			jsonb_build_object('Field', 'contact.email', 'Code', 'mismatch', 'Message', 'It bounced in May.'))), accepted_at = null,
			about = null, account_id = null, sealed = null, sealed_for = null`,
		`update payment_grants set reason = 'Granted in May.', sealed_reason = null`,
		`update notice_words set reason = 'Nothing came in May.', sealed_reason = null, sealed_for = null`,
		`update findings set reason = 'Mended in May.', sealed_reason = null, sealed_for = null where resolved_by <> 'reconciler'`,
	} {
		_, err := w.store.Pool().Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
	require.Contains(t, storetest.Dump(t, w.store), "bounced in May")
	var many []chan error
	for range 3 {
		done := make(chan error, 1)
		go func() { done <- w.store.SealPlain(context.WithoutCancel(t.Context()), slog.New(slog.DiscardHandler)) }()
		many = append(many, done)
	}
	w.start()
	for _, done := range many {
		require.NoError(t, <-done)
	}
	storetest.RequireNowhere(t, storetest.Dump(t, w.store), "in May")
	require.Zero(t, w.count(`select (select count(*) from notices where data is not null) + (select count(*) from payment_grants where reason is not null)
		+ (select count(*) from notice_words where reason is not null)`))

	view := w.as("platform").get("/v1/registrations/" + id).ok(200)
	require.Contains(t, string(view.Raw), "It bounced in May.")
	require.NotContains(t, fmt.Sprint(view.Body["requirements"]), "Blurred", "what was corrected is not asked for")
	require.Contains(t, fmt.Sprint(view.Body["review"]), "Blurred in May.")
	require.Contains(t, string(w.as("reviewer").get("/v1/reviews/"+id).ok(200).Raw), "Blurred in May.")
	require.Contains(t, string(w.as("ops").get("/v1/findings").ok(200).Raw), "Mended in May.")
	n, err := w.store.TakeNotice(t.Context(), mail, aMinute)
	require.NoError(t, err)
	require.Equal(t, "It bounced in May.", n.Data.Reasons[0].Message)
	require.Equal(t, id, n.Data.RegistrationID)
	require.Len(t, w.as("ops").listed("/v1/notices?limit=200"), w.count(`select count(*) from notices`))
}

func aMinute(notice.Channel) time.Duration { return time.Minute }
