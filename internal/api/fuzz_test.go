package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever comes as a body: no fault of ours, and what is refused leaves nothing. One for each call that takes JSON.

func FuzzOpenRegistration(f *testing.F)   { fuzzBody(f, "open-registration") }
func FuzzHandInCard(f *testing.F)         { fuzzBody(f, "hand-in-card") }
func FuzzConfirmCardCode(f *testing.F)    { fuzzBody(f, "confirm-card-code") }
func FuzzOpenAdminSession(f *testing.F)   { fuzzBody(f, "open-admin-session") }
func FuzzHandInCompany(f *testing.F)      { fuzzBody(f, "hand-in-company") }
func FuzzEnterDeposit(f *testing.F)       { fuzzBody(f, "enter-deposit") }
func FuzzSetName(f *testing.F)            { fuzzBody(f, "set-name") }
func FuzzSetContact(f *testing.F)         { fuzzBody(f, "set-contact") }
func FuzzResolvePayout(f *testing.F)      { fuzzBody(f, "resolve-payout") }
func FuzzGrantPayout(f *testing.F)        { fuzzBody(f, "grant-payout") }
func FuzzPausePayouts(f *testing.F)       { fuzzBody(f, "pause-payouts") }
func FuzzResumePayouts(f *testing.F)      { fuzzBody(f, "resume-payouts") }
func FuzzResolveFinding(f *testing.F)     { fuzzBody(f, "resolve-finding") }
func FuzzAssignFinding(f *testing.F)      { fuzzBody(f, "assign-finding") }
func FuzzRepairRegistration(f *testing.F) { fuzzBody(f, "repair-registration") }
func FuzzRepairClearing(f *testing.F)     { fuzzBody(f, "repair-clearing") }
func FuzzResendNotice(f *testing.F)       { fuzzBody(f, "resend-notice") }
func FuzzAcceptNotice(f *testing.F)       { fuzzBody(f, "accept-notice") }
func FuzzAssignReview(f *testing.F)       { fuzzBody(f, "assign-review") }
func FuzzDecideReview(f *testing.F)       { fuzzBody(f, "decide-review") }
func FuzzOpenClearing(f *testing.F)       { fuzzBody(f, "open-clearing") }
func FuzzContestIdentity(f *testing.F)    { fuzzBody(f, "contest-identity") }
func FuzzObjectToClearing(f *testing.F)   { fuzzBody(f, "object-to-clearing") }
func FuzzAddWebhookEndpoint(f *testing.F) { fuzzBody(f, "add-webhook-endpoint") }
func FuzzReportBank(f *testing.F)         { fuzzBody(f, "report-bank") }
func FuzzReportWallet(f *testing.F)       { fuzzBody(f, "report-wallet") }

// TestEveryBodyIsFuzzed: a call that is added is fuzzed too.
func TestEveryBodyIsFuzzed(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("fuzz_test.go")
	require.NoError(t, err)
	for _, c := range bodies(t) {
		require.True(t, bytes.Contains(source, []byte(`fuzzBody(f, "`+c.op.OperationID+`")`)), c.op.OperationID)
	}
}

func fuzzBody(f *testing.F, operation string) {
	f.Helper()
	w := newWorld(f)
	var tg *target
	for _, one := range targets(f) {
		if one.id == operation {
			tg = one
		}
	}
	require.NotNil(f, tg, operation)
	tg.open(w)
	good, err := json.Marshal(tg.good)
	require.NoError(f, err)
	// TestHostileBodies sends whatever differs from the good one in one value.
	for _, body := range []string{string(good), "", "{", "{}", "[]", "null", `{"": null}`, `{"name": null, "bank": [], "reasons": {}}`, strings.ReplaceAll(string(good), `":"`, `":" \u0000`)} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		if w := w.under(t); tg.judge(w, body) {
			tg.open(w)
		}
	})
}

// FuzzDocument: a file is judged by its content alone.
func FuzzDocument(f *testing.F) {
	w := newWorld(f)
	path := w.open("acct-1", "individual") + "/documents/id_card_front"
	for _, content := range [][]byte{nil, png("x"), []byte("%PDF-1.7"), []byte("GIF89a"), []byte("<svg>"), {0xff, 0xd8, 0xff}} {
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		a := w.under(t).as("platform").put(path, content)
		require.Contains(t, []int{http.StatusOK, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity}, a.Status, "%s", a.Raw)
	})
}
