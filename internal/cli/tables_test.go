package cli_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/cli"
	"shiming/registration"
)

// shown are the commands that lay something out, each with the API's answer that it lays out.
var shown = []struct {
	name, route, fixture string
	args                 []string
}{
	{"individual", "GET /v1/registrations/reg_ind1", "individual.json", []string{"status", "reg_ind1"}},
	{"enterprise", "GET /v1/registrations/reg_ent1", "enterprise.json", []string{"status", "reg_ent1"}},
	{"list", "GET /v1/registrations", "list.json", []string{"list"}},
	{"timeline", "GET /v1/registrations/reg_ind1/timeline", "timeline.json", []string{"timeline", "reg_ind1"}},
	{"timeline", "GET /v1/identity-clearings/clr_1/timeline", "timeline.json", []string{"clearing", "timeline", "clr_1"}},
	{"account", "GET /v1/accounts/acct-1001", "account.json", []string{"account", "acct-1001"}},
	{"session", "POST /v1/registrations/reg_ent1/admin-session", "session.json", []string{"admin-session", "reg_ent1", "--role", "legal_representative"}},
	{"reviews", "GET /v1/reviews", "reviews.json", []string{"review", "list"}},
	{"review", "GET /v1/reviews/reg_ent1", "review.json", []string{"review", "show", "reg_ent1"}},
	{"clearing_review", "GET /v1/reviews/clr_1", "clearing_review.json", []string{"review", "show", "clr_1"}},
	{"contested_review", "GET /v1/reviews/clr_2", "contested_review.json", []string{"review", "show", "clr_2"}},
	{"clearing", "GET /v1/accounts/acct-1001/identity-clearing", "clearing.json", []string{"clearing", "show", "acct-1001"}},
	{"clearing", "GET /v1/identity-clearings/clr_1", "clearing.json", []string{"clearing", "show", "clr_1"}},
	{"preflight", "GET /v1/accounts/acct-1001/identity-clearing/preflight", "preflight.json", []string{"clearing", "preflight", "acct-1001"}},
	{"findings", "GET /v1/findings", "findings.json", []string{"findings"}},
	{"payouts", "GET /v1/payouts/pause", "payouts.json", []string{"payouts"}},
	{"payments", "GET /v1/payments", "payments.json", []string{"payments", "--state", "sent", "--overdue"}},
	{"payment", "GET /v1/payments/pay_1", "payment.json", []string{"payments", "show", "pay_1"}},
	{"totals", "GET /v1/payments/totals", "totals.json", []string{"payments", "totals", "2026-09-29", "2026-09-30"}},
	{"trace", "GET /v1/payments/pay_1/trace", "trace.json", []string{"payments", "trace", "pay_1"}},
	{"trace_unordered", "GET /v1/registrations/reg_ent1/payout/trace", "trace_unordered.json", []string{"payout", "trace", "reg_ent1"}},
	{"finding", "GET /v1/findings/fnd_1", "finding.json", []string{"findings", "show", "fnd_1"}},
	{"reconciliation", "POST /v1/reconciliations/2026-09-29", "reconciliation.json", []string{"reconcile", "2026-09-29"}},
	{"reconciliations", "GET /v1/reconciliations", "reconciliations.json", []string{"reconcile"}},
	{"endpoint", "POST /v1/webhook-endpoints", "endpoint.json", []string{"webhook", "add", "https://example.com/shiming"}},
	{"endpoints", "GET /v1/webhook-endpoints", "endpoints.json", []string{"webhook", "list"}},
	{"delivery", "GET /v1/webhook-endpoints/whe_1/deliveries/whd_1", "delivery.json", []string{"webhook", "delivery", "whe_1", "whd_1"}},
	{"notices", "GET /v1/notices", "notices.json", []string{"notice", "list"}},
	{"notice", "POST /v1/notices/ntc_3/accept", "notice.json", []string{"notice", "accept", "ntc_3", "--reason", "by phone"}},
	{"deliveries", "GET /v1/webhook-endpoints/whe_1/deliveries", "deliveries.json", []string{"webhook", "deliveries", "whe_1"}},
}

func TestTablesForPeople(t *testing.T) {
	t.Parallel()
	for _, one := range shown {
		api := newAPI(t, map[string]http.HandlerFunc{one.route: fixture(t, one.fixture)})
		got := api.command().run(t.Context(), t, one.args...)
		require.Equal(t, result{code: cli.Done, out: got.out}, got, "%v", one.args)
		golden(t, one.name+".golden", got.out)
		assert.NotContains(t, got.out, "\x1b", "nothing that the API says steers the terminal")
		assert.Equal(t, "Bearer the-token", api.only(t).Token)
	}
}

func TestJSONForPrograms(t *testing.T) {
	t.Parallel()
	for _, one := range shown {
		api := newAPI(t, map[string]http.HandlerFunc{one.route: fixture(t, one.fixture)})
		got := api.command().run(t.Context(), t, append(one.args, "--json")...)
		require.Equal(t, cli.Done, got.code, got.errOut)
		want, err := os.ReadFile(filepath.Join("testdata", one.fixture))
		require.NoError(t, err)
		assert.JSONEq(t, string(want), got.out)
		assert.Empty(t, got.errOut)
	}
}

func TestEmptyListsSaySo(t *testing.T) {
	t.Parallel()
	api := newAPI(t, map[string]http.HandlerFunc{"GET /v1/registrations": answer(200, `{"items": [], "next_cursor": null}`)})
	assert.Equal(t, "no registrations\n", api.command().run(t.Context(), t, "list").out)
}

func TestFiltersGoIntoTheQuery(t *testing.T) {
	t.Parallel()
	api := newAPI(t, map[string]http.HandlerFunc{"GET /v1/registrations": answer(200, `{"items": [], "next_cursor": null}`)})
	got := api.command().run(t.Context(), t, "list", "--state", "under_review", "--kind", "enterprise", "--no-overdue", "--limit", "7", "--cursor", "a b")
	require.Equal(t, cli.Done, got.code, got.errOut)
	assert.Equal(t, "cursor=a+b&kind=enterprise&limit=7&overdue=false&state=under_review", api.only(t).Query)
}

func TestPaymentsAreAskedForByWhatOpsKnows(t *testing.T) {
	t.Parallel()
	api := newAPI(t, map[string]http.HandlerFunc{"GET /v1/payments": answer(200, `{"items": [], "next_cursor": null}`)})
	got := api.command().run(t.Context(), t, "payments", "list", "--state", "void", "--no-overdue", "--registration", "reg_1", "--account", "acct-1", "--key", "shm_1",
		"--from", "2026-09-01", "--to", "2026-09-30")
	require.Equal(t, cli.Done, got.code, got.errOut)
	assert.Equal(t, "no payments\n", got.out)
	assert.Equal(t, "account_id=acct-1&from=2026-09-01&key=shm_1&overdue=false&registration_id=reg_1&state=void&to=2026-09-30", api.only(t).Query)
}

func TestTotalsOfOneDayNeedItOnce(t *testing.T) {
	t.Parallel()
	api := newAPI(t, map[string]http.HandlerFunc{"GET /v1/payments/totals": fixture(t, "totals.json")})
	require.Equal(t, cli.Done, api.command().run(t.Context(), t, "payments", "totals", "2026-09-29").code)
	assert.Equal(t, "from=2026-09-29&to=2026-09-29", api.only(t).Query)
}

func TestFindingsOfEveryKindCanBeAskedFor(t *testing.T) {
	t.Parallel()
	for _, kind := range registration.FindingKinds() {
		api := newAPI(t, map[string]http.HandlerFunc{"GET /v1/findings": answer(200, `{"items": [], "next_cursor": null}`)})
		got := api.command().run(t.Context(), t, "findings", "--kind", string(kind), "--open")
		require.Equal(t, cli.Done, got.code, got.errOut)
		assert.Equal(t, "kind="+string(kind)+"&open=true", api.only(t).Query)
	}
}
