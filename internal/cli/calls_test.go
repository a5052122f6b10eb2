package cli_test

import (
	"bytes"
	"image"
	"image/png"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/cli"
)

const registered = `{"id": "reg_1", "account_id": "a", "kind": "individual", "state": "identity_required", "waiting_on": "applicant"}`

// Every command that changes something makes one call, with an Idempotency-Key and the fields it was given.
func TestChanges(t *testing.T) {
	t.Parallel()
	const reg, endpoint = "/v1/registrations/reg_1", "/v1/webhook-endpoints/whe_1"
	for _, one := range []struct {
		args []string
		in   string
		call string
		body map[string]any
	}{
		{
			args: []string{"apply", "--account", "acct-1", "--kind", "individual", "--name", "晨星工作室", "--locale", "en"},
			in:   `{"registered_email": "c@example.com", "phone": "13800138000"}`, call: "POST /v1/registrations",
			body: map[string]any{"account_id": "acct-1", "kind": "individual", "name": "晨星工作室", "locale": "en", "registered_email": "c@example.com", "phone": "13800138000"},
		},
		{
			args: []string{"card", "reg_1"}, call: "POST " + reg + "/card",
			in:   `{"card_number": "6", "holder_name": "陈", "id_number": "1", "phone": "2", "payment_password": "3"}`,
			body: map[string]any{"card_number": "6", "holder_name": "陈", "id_number": "1", "phone": "2", "payment_password": "3"},
		},
		{args: []string{"code", "reg_1"}, in: "123456\n", call: "POST " + reg + "/card/code", body: map[string]any{"code": "123456"}},
		{args: []string{"code", "reg_1"}, in: `{"code": "1234"}`, call: "POST " + reg + "/card/code", body: map[string]any{"code": "1234"}},
		{args: []string{"code", "reg_1", "--resend"}, call: "POST " + reg + "/card/code/resend"},
		{args: []string{"admin-session", "reg_1", "--role", "authorized_agent"}, call: "POST " + reg + "/admin-session", body: map[string]any{"role": "authorized_agent"}},
		{
			args: []string{"company", "reg_1"}, in: `{"bank": {"account_number": "4100"}}`, call: "PUT " + reg + "/company",
			body: map[string]any{"bank": map[string]any{"account_number": "4100"}},
		},
		{args: []string{"deposit", "reg_1"}, in: "0.37\n", call: "POST " + reg + "/deposit", body: map[string]any{"amount": "0.37"}},
		{args: []string{"payout", "reg_1"}, call: "POST " + reg + "/payout"},
		{args: []string{"payout", "request", "reg_1"}, call: "POST " + reg + "/payout"},
		{
			args: []string{"payout", "resolve", "reg_1", "--outcome", "settled", "--reason", "by phone"}, call: "POST " + reg + "/payout/resolve",
			body: map[string]any{"outcome": "settled", "reason": "by phone"},
		},
		{args: []string{"payout", "grant", "reg_1", "--reason", "a stranger"}, call: "POST " + reg + "/payout/grant", body: map[string]any{"reason": "a stranger"}},
		{args: []string{"payouts", "pause", "--reason", "the bank called"}, call: "POST /v1/payouts/pause", body: map[string]any{"reason": "the bank called"}},
		{args: []string{"payouts", "resume", "--reason", "it called again"}, call: "POST /v1/payouts/resume", body: map[string]any{"reason": "it called again"}},
		{args: []string{"name", "reg_1", "静水"}, call: "PUT " + reg + "/name", body: map[string]any{"name": "静水"}},
		{args: []string{"contact", "reg_1"}, in: `{"email": "d@example.com"}`, call: "PUT " + reg + "/contact", body: map[string]any{"email": "d@example.com"}},
		{args: []string{"submit", "reg_1"}, call: "POST " + reg + "/submit"},
		{args: []string{"withdraw", "reg_1"}, call: "POST " + reg + "/withdraw"},

		{args: []string{"review", "claim", "reg_1"}, call: "POST /v1/reviews/reg_1/claim"},
		{args: []string{"review", "release", "reg_1"}, call: "POST /v1/reviews/reg_1/release"},
		{args: []string{"review", "assign", "reg_1", "zhang"}, call: "POST /v1/reviews/reg_1/assign", body: map[string]any{"assignee": "zhang"}},
		{args: []string{"review", "approve", "reg_1"}, call: "POST /v1/reviews/reg_1/decision", body: map[string]any{"decision": "approve"}},
		{
			args: []string{"review", "reject", "reg_1", "--reason", "contact.email:mismatch", "--reason", "documents.id_card_front:other:a: b, c", "--note", "n"},
			call: "POST /v1/reviews/reg_1/decision",
			body: map[string]any{"decision": "reject", "final": false, "note": "n", "reasons": []any{
				map[string]any{"field": "contact.email", "code": "mismatch"},
				map[string]any{"field": "documents.id_card_front", "code": "other", "message": "a: b, c"},
			}},
		},
		{
			args: []string{"review", "reject", "reg_1", "--final", "--from", "-"}, in: `{"reasons": [{"field": "name", "code": "other"}]}`,
			call: "POST /v1/reviews/reg_1/decision",
			body: map[string]any{"decision": "reject", "final": true, "reasons": []any{map[string]any{"field": "name", "code": "other"}}},
		},

		{args: []string{"findings", "take", "fnd_1"}, call: "POST /v1/findings/fnd_1/assign", body: map[string]any{}},
		{args: []string{"findings", "take", "fnd_1", "--for", "zhang"}, call: "POST /v1/findings/fnd_1/assign", body: map[string]any{"owner": "zhang"}},
		{args: []string{"findings", "resolve", "fnd_1", "--reason", "rolled back"}, call: "POST /v1/findings/fnd_1/resolve", body: map[string]any{"reason": "rolled back"}},

		{
			args: []string{"clearing", "open", "acct-1", "--reason", "left", "--when-eligible"}, in: `{"holder_name": "陈", "id_number": "1"}`,
			call: "POST /v1/accounts/acct-1/identity-clearing",
			body: map[string]any{"holder_name": "陈", "id_number": "1", "reason": "left", "when_eligible": true},
		},
		{
			args: []string{"clearing", "contest"}, in: `{"holder_name": "陈", "id_number": "1", "reason": "mine"}`, call: "POST /v1/identity-clearings",
			body: map[string]any{"holder_name": "陈", "id_number": "1", "reason": "mine"},
		},
		{args: []string{"clearing", "submit", "acct-1"}, call: "POST /v1/accounts/acct-1/identity-clearing/submit"},
		{args: []string{"clearing", "withdraw", "clr_1"}, call: "POST /v1/identity-clearings/clr_1/withdraw"},
		{args: []string{"clearing", "object"}, in: "tok", call: "POST /v1/identity-clearings/objections", body: map[string]any{"token": "tok"}},

		{
			args: []string{"webhook", "add", "https://example.com", "--event", "review.overdue"}, call: "POST /v1/webhook-endpoints",
			body: map[string]any{"url": "https://example.com", "events": []any{"review.overdue"}},
		},
		{args: []string{"notice", "resend", "ntc_1", "--reason", "nothing came"}, call: "POST /v1/notices/ntc_1/resend", body: map[string]any{"reason": "nothing came"}},
		{args: []string{"notice", "accept", "ntc_1", "--reason", "by phone"}, call: "POST /v1/notices/ntc_1/accept", body: map[string]any{"reason": "by phone"}},
		{args: []string{"webhook", "remove", "whe_1"}, call: "DELETE " + endpoint},
		{args: []string{"webhook", "ping", "whe_1"}, call: "POST " + endpoint + "/ping"},
		{args: []string{"webhook", "retry", "whe_1", "whd_1"}, call: "POST " + endpoint + "/deliveries/whd_1/retry"},
	} {
		t.Run(strings.Join(one.args, " "), func(t *testing.T) {
			t.Parallel()
			api := newAPI(t, map[string]http.HandlerFunc{one.call: answer(200, registered)})
			got := api.command().with(one.in).run(t.Context(), t, one.args...)
			require.Equal(t, cli.Done, got.code, got.errOut)
			call := api.only(t)
			assert.Equal(t, one.call, call.Method+" "+call.Path)
			assert.Equal(t, one.body, call.Body)
			assert.NotEmpty(t, call.Key)
			if one.args[1] == "object" {
				assert.Empty(t, call.Token, "whoever has the link objects")
			} else {
				assert.Equal(t, "Bearer the-token", call.Token)
			}
		})
	}
}

func TestIDsAreNoWayIntoOtherPaths(t *testing.T) {
	t.Parallel()
	api := newAPI(t, nil)
	got := api.command().run(t.Context(), t, "status", "../accounts/x?y")
	assert.Equal(t, cli.Refused, got.code)
	call := api.only(t)
	assert.Equal(t, "/v1/registrations/../accounts/x?y", call.Path, "one segment, escaped on the wire")
	assert.Empty(t, call.Query)
}

func TestRefusalsSayWhatToDo(t *testing.T) {
	t.Parallel()
	const mismatch = `{"status": 422, "code": "deposit_amount_mismatch", "detail": "The amount is not the one paid.", "attempts_left": 2}`
	const locked = `{"status": 429, "code": "card_attempts_exceeded", "detail": "Wait.", "attempts_left": 1, "retry_at": "2026-10-11T00:00:00+08:00",
		"state": "identity_required", "errors": [{"location": "card_number", "code": "invalid", "message": "Bad\u001b[31m checksum."}],
		"conditions": [{"code": "not_frozen", "met": false, "evidence": "Frozen.", "eligible_at": "2027-03-20T09:30:00+08:00"}]}`
	for _, one := range []struct {
		status     int
		body, want string
	}{
		{422, mismatch, "refused: deposit_amount_mismatch: The amount is not the one paid. (2 attempts left)\n"},
		{429, locked, "refused: card_attempts_exceeded: Wait. (1 attempt left; again from 2026-10-11 00:00 +08:00; state identity_required)\n" +
			"  card_number: invalid: Bad\uFFFD[31m checksum.\n  not_frozen: not met: Frozen. (from 2027-03-20 09:30 +08:00)\n"},
		{404, "<html>", "refused: no_problem_body: Not Found (HTTP 404, and not from this API: is SHIMING_URL right?)\n"},
	} {
		api := newAPI(t, map[string]http.HandlerFunc{"POST /v1/registrations/reg_1/deposit": answer(one.status, one.body)})
		got := api.command().with("0.37").run(t.Context(), t, "deposit", "reg_1")
		assert.Equal(t, result{code: cli.Refused, errOut: one.want}, got)

		got = api.command().with("0.37").run(t.Context(), t, "deposit", "reg_1", "--json")
		assert.Equal(t, cli.Refused, got.code)
		assert.Equal(t, one.want, got.errOut)
		if one.status != http.StatusNotFound {
			assert.JSONEq(t, one.body, got.out)
		}
	}
}

// What a person got wrong on the command line costs no call.
func TestWrongUseIsToldApartFromRefusals(t *testing.T) {
	t.Parallel()
	api := newAPI(t, nil)
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte("two words"), 0o600))
	for _, one := range []struct {
		args []string
		in   string
		env  map[string]string
		says string
	}{
		{args: []string{"status"}, says: "expected"},
		{args: []string{"no-such-command"}, says: "unexpected"},
		{args: []string{"status", "reg_1", "--unknown"}, says: "unknown flag"},
		{args: []string{"status", "reg_1", "--until", "approved"}, says: "--watch"},
		{args: []string{"status", "reg_1", "--watch", "--until", "done"}, says: "no state"},
		{args: []string{"status", "reg_1", "--timeout", "0s"}, says: "--timeout"},
		{args: []string{"admin-session", "reg_1", "--role", "boss"}, says: "--role"},
		{args: []string{"document", "reg_1", "passport", "x.png"}, says: "<slot>"},
		{args: []string{"document", "reg_1", "id_card_front", "/no/such/file"}, says: "no such file"},
		{args: []string{"card", "reg_1"}, in: `{"card_number": "6"}`, says: "missing: holder_name, id_number, phone, payment_password"},
		{args: []string{"card", "reg_1"}, in: "6222021234567890123", says: "no JSON object"},
		{args: []string{"card", "reg_1"}, in: `{"card_number": "6"} {}`, says: "more than one"},
		{args: []string{"card", "reg_1", "--from", "/no/such/file"}, says: "--from"},
		{args: []string{"code", "reg_1"}, says: "missing: code"},
		{args: []string{"review", "reject", "reg_1"}, says: "at least one --reason"},
		{args: []string{"review", "reject", "reg_1", "--reason", "name"}, says: "FIELD:CODE"},
		{args: []string{"token", "new", "--role", "platform", "--name", "a b"}, says: "--name"},
		{args: []string{"token", "new", "--role", "root", "--name", "a"}, says: "--role"},
		{args: []string{"status", "reg_1"}, env: map[string]string{"SHIMING_TOKEN": "x"}, says: "SHIMING_URL"},
		{args: []string{"status", "reg_1"}, env: map[string]string{"SHIMING_TOKEN": "x", "SHIMING_URL": "example.com"}, says: "no address"},
		{args: []string{"status", "reg_1"}, env: map[string]string{"SHIMING_URL": "http://127.0.0.1:1"}, says: "SHIMING_TOKEN"},
		{args: []string{"status", "reg_1", "--token-file", file}, says: "characters"},
		{args: []string{"health", "nowhere"}, says: "address"},
	} {
		c := api.command().with(one.in)
		if one.env != nil {
			c.env = one.env
		}
		got := c.run(t.Context(), t, one.args...)
		assert.Equal(t, cli.Usage, got.code, "%v: %s", one.args, got.errOut)
		assert.Contains(t, got.errOut, one.says, "%v", one.args)
		assert.Empty(t, got.out)
		if one.in != "" {
			assert.NotContains(t, got.errOut, "6222021234567890123", "an input is not repeated")
		}
	}
	assert.Empty(t, api.all())
}

func TestTokenFromAFile(t *testing.T) {
	t.Parallel()
	api := newAPI(t, map[string]http.HandlerFunc{"GET /v1/registrations/reg_1": answer(200, registered)})
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte("from-a-file\n"), 0o600))
	got := command{}.run(t.Context(), t, "status", "reg_1", "--url", api.URL+"/", "--token-file", file)
	require.Equal(t, cli.Done, got.code, got.errOut)
	assert.Equal(t, "Bearer from-a-file", api.only(t).Token)
}

// What is not decided yet is asked for again with the same key, and a person is told why it takes so long.
func TestACallIsRepeatedWithItsKey(t *testing.T) {
	t.Parallel()
	var turn atomic.Int32
	api := newAPI(t, map[string]http.HandlerFunc{"POST /v1/registrations/reg_1/card/code": func(w http.ResponseWriter, r *http.Request) {
		switch turn.Add(1) {
		case 1:
			answer(http.StatusServiceUnavailable, `{"code": "provider_unavailable"}`)(w, r)
		case 2, 3:
			answer(http.StatusAccepted, `{"id": "reg_1", "processing": true}`)(w, r)
		default:
			answer(http.StatusOK, registered)(w, r)
		}
	}})
	got := api.command().with("123456").run(t.Context(), t, "code", "reg_1")
	require.Equal(t, cli.Done, got.code, got.errOut)
	assert.Equal(t, "waiting: 503 provider_unavailable…\nwaiting: still processing…\n", got.errOut)
	calls := api.all()
	require.Len(t, calls, 4)
	for _, call := range calls {
		assert.Equal(t, calls[0], call)
	}
}

func TestWithoutAnOutcomeTheKeyIsTold(t *testing.T) {
	t.Parallel()
	api := newAPI(t, map[string]http.HandlerFunc{"POST /v1/registrations/reg_1/submit": answer(http.StatusAccepted, `{}`)})
	got := api.command().run(t.Context(), t, "submit", "reg_1", "--timeout", "300ms", "--idempotency-key", "mine-1")
	assert.Equal(t, cli.Refused, got.code)
	assert.Contains(t, got.errOut, "no outcome: still processing; it may have had its effect: repeat the command with --idempotency-key=mine-1")
	assert.Equal(t, "mine-1", api.all()[0].Key)
}

func TestAServerThatIsNotThere(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	got := command{env: map[string]string{"SHIMING_URL": "http://" + l.Addr().String(), "SHIMING_TOKEN": "t"}}.run(t.Context(), t, "list", "--timeout", "1s")
	assert.Equal(t, cli.Refused, got.code)
	assert.Contains(t, got.errOut, "nobody listens at 127.0.0.1:")
}

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))))
	return b.Bytes()
}

func TestDocumentsAreSentAsTheyAre(t *testing.T) {
	t.Parallel()
	const said = `{"slot": "business_licence", "sha256": "9f86", "size": 70, "content_type": "image/png"}`
	content := picture(t)
	file := filepath.Join(t.TempDir(), "scan.pdf") // its name does not count
	require.NoError(t, os.WriteFile(file, content, 0o600))
	for _, one := range []struct{ args, call, in string }{
		{"document reg_1 business_licence " + file, "PUT /v1/registrations/reg_1/documents/business_licence", ""},
		{"document reg_1 business_licence -", "PUT /v1/registrations/reg_1/documents/business_licence", string(content)},
		{"clearing document acct-1 handheld " + file, "PUT /v1/accounts/acct-1/identity-clearing/documents/handheld", ""},
	} {
		api := newAPI(t, map[string]http.HandlerFunc{one.call: answer(200, said)})
		got := api.command().with(one.in).run(t.Context(), t, strings.Fields(one.args)...)
		require.Equal(t, cli.Done, got.code, got.errOut)
		assert.Equal(t, "document  business_licence\ntype      image/png\nsize      70 B\nSHA-256   9f86\n", got.out)
		call := api.only(t)
		assert.Equal(t, content, call.Raw)
		assert.Equal(t, "image/png", call.Type)
		assert.NotEmpty(t, call.Key)
	}
}

func TestReviewedDocumentsAreKeptPrivately(t *testing.T) {
	t.Parallel()
	content := string(picture(t))
	api := newAPI(t, map[string]http.HandlerFunc{"GET /v1/reviews/reg_1/documents/id_card_front": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		answer(200, content)(w, r)
	}})
	file := filepath.Join(t.TempDir(), "front.png")
	get := []string{"review", "document", "reg_1", "id_card_front", "--out", file}
	got := api.command().run(t.Context(), t, get...)
	require.Equal(t, cli.Done, got.code, got.errOut)
	kept, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, content, string(kept))
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	got = api.command().run(t.Context(), t, get...)
	assert.Equal(t, cli.Usage, got.code, "a file that exists stays as it is")
	got = api.command().run(t.Context(), t, "review", "document", "reg_1", "id_card_front", "--out", "-")
	assert.Equal(t, result{out: content}, got)
}

// A document that breaks off is not kept as if it were whole.
func TestHalfADocumentIsNone(t *testing.T) {
	t.Parallel()
	api := newAPI(t, map[string]http.HandlerFunc{"GET /v1/reviews/reg_1/documents/id_card_front": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte("half")) // then it breaks
	}})
	file := filepath.Join(t.TempDir(), "front.png")
	got := api.command().run(t.Context(), t, "review", "document", "reg_1", "id_card_front", "--out", file)
	assert.Equal(t, cli.Refused, got.code)
	assert.Contains(t, got.errOut, "cut off")
	assert.NoFileExists(t, file)
}
