package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/bank"
	"shiming/internal/dossier"
	"shiming/internal/vault"
)

// stubBank answers what a test wants.
type stubBank struct {
	mu     sync.Mutex
	knows  map[string]bank.TransferStatus // by key
	away   error
	asked  []string
	answer chan struct{} // not nil: it answers when this is closed
}

func (b *stubBank) FindTransfer(ctx context.Context, key string) (bank.TransferStatus, bool, error) {
	b.mu.Lock()
	b.asked = append(b.asked, key)
	status, found := b.knows[key]
	away, answer := b.away, b.answer
	b.mu.Unlock()
	if answer != nil {
		select {
		case <-answer:
		case <-ctx.Done():
			return bank.TransferStatus{}, false, bank.ErrUnknown
		}
	}
	return status, found, away
}

// says has the bank know a payment from now on.
func (b *stubBank) says(key string, state bank.TransferState, reference string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.knows = map[string]bank.TransferStatus{key: {Key: key, State: state, Reference: reference, Reason: "account_closed"}}
}

func idOf(path string) string { return strings.TrimPrefix(path, "/v1/registrations/") }

// keyOf is by which the bank knows a registration's newest payment.
func (w *world) keyOf(path string) string {
	w.t.Helper()
	return w.one(`select key from payments where registration_id = $1 order by requested_at desc, id desc limit 1`, idOf(path))
}

func (a answer) items() (all []map[string]any) {
	a.t.Helper()
	for _, item := range a.ok(http.StatusOK).Body["items"].([]any) {
		all = append(all, item.(map[string]any))
	}
	return all
}

func TestPaymentsAreListedForOps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	firm, other := w.paid("corp-1", 1), w.paid("corp-2", 2)
	all := w.as("ops").get("/v1/payments").items()
	require.Len(t, all, 2)
	assert.Equal(t, idOf(other), all[0]["registration_id"], "the newest first")
	mine := all[1]
	assert.Equal(t, idOf(firm), mine["registration_id"])
	assert.Equal(t, "corp-1", mine["account_id"])
	assert.Equal(t, w.keyOf(firm), mine["bank_key"])
	assert.Equal(t, "0001", mine["bank_account_last4"])
	assert.Equal(t, "sent", mine["state"])
	assert.Equal(t, "sent", mine["bank_state"])
	assert.Equal(t, false, mine["void"])
	for _, at := range []string{"requested_at", "notified_at", "ordered_at", "accepted_at", "expected_by", "window_closes_at"} {
		assert.NotNil(t, mine[at], at)
	}
	assert.Equal(t, mine, w.as("ops").get("/v1/payments/"+mine["id"].(string)).ok(200).Body)
	w.as("ops").get("/v1/payments/pay_none").refused(404, "not_found")

	day := time.Now().In(sampleNow().Location())
	for query, want := range map[string]int{
		"state=sent": 2, "state=void": 0, "overdue=false": 2, "overdue=true": 0, "registration_id=" + idOf(firm): 1, "account_id=corp-2": 1,
		"account_id=corp-3": 0, "key=" + w.keyOf(firm): 1, "state=sent&account_id=corp-1": 1,
		"from=" + day.AddDate(0, 0, 1).Format(time.DateOnly): 0, "to=" + day.AddDate(0, 0, -1).Format(time.DateOnly): 0,
		"from=" + day.AddDate(0, 0, -1).Format(time.DateOnly) + "&to=" + day.AddDate(0, 0, 1).Format(time.DateOnly): 2,
	} {
		assert.Len(t, w.as("ops").get("/v1/payments?"+query).items(), want, query)
	}
	for query, location := range map[string]string{
		"from=yesterday": "query.from", "to=2026-02-30": "query.to", "from=2026-09-02&to=2026-09-01": "query.to", "account_id=a%20b": "query.account_id",
		"registration_id=%2F": "query.registration_id", "key=%20": "query.key", "state=lost": "query.state",
	} {
		a := w.as("ops").get("/v1/payments?"+query).refused(422, "invalid_request")
		assert.Contains(t, string(a.Raw), location, query)
	}
	page := w.as("ops").get("/v1/payments?limit=1").ok(200)
	rest := w.as("ops").get("/v1/payments?limit=1&cursor=" + page.Body["next_cursor"].(string)).items()
	require.Len(t, rest, 1)
	assert.Equal(t, mine["id"], rest[0]["id"])
}

// What ops has granted and resolved is told with its person and reason, opened from its seal.
func TestAPaymentTellsWhatOpsHasSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.outOfPayments("corp-1", 1)
	w.as("ops").post(path+"/payout/grant", because("A stranger had used up the account's payments.")).ok(200)
	w.as("ops").post(path+"/payout/resolve", map[string]any{"outcome": "failed", "reason": "The bank called."}).ok(200)
	all := w.as("ops").get("/v1/payments?account_id=corp-1").items()
	require.Len(t, all, 1)
	grants, resolutions := all[0]["grants"].([]any), all[0]["resolutions"].([]any)
	require.Len(t, grants, 1)
	require.Len(t, resolutions, 1)
	grant, resolution := grants[0].(map[string]any), resolutions[0].(map[string]any)
	assert.Equal(t, "A stranger had used up the account's payments.", grant["reason"])
	assert.Equal(t, "ops:ops", grant["by"])
	assert.Equal(t, idOf(path), grant["registration_id"])
	assert.Nil(t, grant["used_by"])
	assert.NotEmpty(t, grant["at"])
	assert.Equal(t, "failed", resolution["outcome"])
	assert.Equal(t, "The bank called.", resolution["reason"])
	assert.Equal(t, "ops:ops", resolution["by"])
	stranger := w.as("ops").get("/v1/payments?account_id=corp-1-other").items()
	require.Len(t, stranger, 1)
	assert.Len(t, stranger[0]["grants"], 1, "it is the same bank account's")
	assert.Empty(t, stranger[0]["resolutions"])
}

// No answer tells an amount that somebody may still have to enter: not one payment's, not by a sum of one, not by the difference of two.
func TestNoAnswerTellsAnAmountThatIsStillToBeEntered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	today := time.Now().In(sampleNow().Location()).Format(time.DateOnly)
	totals := func() map[string]any {
		return w.as("ops").get("/v1/payments/totals?from=" + today + "&to=" + today).ok(200).Body["total"].(map[string]any)
	}
	sum := func(way string) []any {
		of := totals()[way].(map[string]any)
		return []any{of["payments"], of["untold"], of["amount"]}
	}
	path := w.paid("corp-1", 1)
	w.paid("corp-2", 2)
	assert.Equal(t, []any{2.0, 2.0, "0.00"}, sum("out"), "both are open")
	assert.InDelta(t, 2, totals()["ordered"], 0)
	for _, answer := range []string{string(w.as("ops").get("/v1/payments").ok(200).Raw), string(w.as("ops").get("/v1/payments/" + w.one(`select id from payments limit 1`)).ok(200).Raw)} {
		assert.NotContains(t, answer, "amount")
	}
	payment := w.one(`select id from payments where registration_id = $1`, idOf(path))
	require.NoError(t, w.store.OrderAnswered(t.Context(), payment, "transfer.returned", "account_closed"))
	order := w.amountOf(payment)
	assert.Equal(t, []any{2.0, 1.0, order}, sum("out"), "nobody can enter it any more")
	assert.Equal(t, []any{1.0, 0.0, order}, sum("back"))
}

// amountOf opens a payment's amount, as the order of it did.
func (w *world) amountOf(payment string) string {
	w.t.Helper()
	var sealed, wrapped []byte
	var subject string
	require.NoError(w.t, w.store.Pool().QueryRow(context.Background(), `select p.registration_id, p.amount, k.wrapped from payments p
		join vault_keys k on k.subject = p.registration_id where p.id = $1`, payment).Scan(&subject, &sealed, &wrapped))
	plain, err := w.deps.Keys.Open(wrapped, vault.Place{Subject: subject, Purpose: dossier.PurposeAmount, Row: payment, Name: payment}, sealed)
	require.NoError(w.t, err)
	var amount dossier.Amount
	require.NoError(w.t, json.Unmarshal(plain, &amount))
	return fmt.Sprintf("0.%02d", amount.Fen)
}

func TestTotalsAreOfDaysOfShanghai(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.paid("corp-1", 1)
	_, err := w.store.Pool().Exec(t.Context(), `update payments set requested_at = '2026-09-29T15:59:59Z', ordered_at = '2026-09-29T16:00:00Z', accepted_at = '2026-09-30T15:59:59Z'`)
	require.NoError(t, err)
	days := w.as("ops").get("/v1/payments/totals?from=2026-09-29&to=2026-10-01").ok(200).Body["days"].([]any)
	require.Len(t, days, 3)
	count := func(day int, of string) any {
		d := days[day].(map[string]any)
		if sum, ok := d[of].(map[string]any); ok {
			return sum["payments"]
		}
		return d[of]
	}
	assert.Equal(t, "2026-09-29", days[0].(map[string]any)["day"])
	for day, want := range [][]any{{1.0, 0.0, 0.0}, {0.0, 1.0, 1.0}, {0.0, 0.0, 0.0}} {
		assert.Equal(t, want, []any{count(day, "requested"), count(day, "ordered"), count(day, "out")}, "day %d", day)
	}
	for _, query := range []string{"", "from=2026-09-01", "from=2026-09-02&to=2026-09-01", "from=2026-09-01&to=2026-10-02", "from=x&to=2026-09-01"} {
		w.as("ops").get("/v1/payments/totals?"+query).refused(422, "invalid_request")
	}
	w.as("ops").get("/v1/payments/totals?from=2026-09-01&to=2026-10-01").ok(200)
}

// The bank's word, asked for, counts like its report; and the same report, when it comes, changes nothing more.
func TestATraceIsFollowedLikeAReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.paid("corp-1", 1)
	w.bank.says(w.keyOf(path), bank.TransferSettled, "2026093000000017")
	a := w.as("platform").get(path + "/payout/trace").ok(200)
	assert.Equal(t, "settled", a.Body["state"])
	assert.Equal(t, "2026093000000017", a.Body["bank_reference"])
	assert.NotEmpty(t, a.Body["checked_at"])
	assert.Len(t, a.Body, 3, "nothing else is told: %s", a.Raw)
	assert.Equal(t, []string{w.keyOf(path)}, w.bank.asked)
	payment := func() map[string]any {
		return w.as("ops").get("/v1/payments?registration_id=" + idOf(path)).items()[0]
	}
	traced := payment()
	assert.Equal(t, "settled", traced["state"])
	assert.NotNil(t, traced["settled_at"])
	assert.Positive(t, w.count(`select count(*) from outbox where kind = 'signal' and ref = $1`, idOf(path)), "the run hears of it")
	w.report("bank", bankSecret, "m1", time.Now(), fmt.Sprintf(`{"type": "transfer.settled", "key": %q}`, w.keyOf(path))).ok(200)
	assert.Equal(t, traced, payment(), "a later report says nothing new")
}

// Trace and report lead to the same, whichever word it is.
func TestATraceLeadsWhereTheReportWouldHave(t *testing.T) {
	t.Parallel()
	for _, state := range []bank.TransferState{bank.TransferSent, bank.TransferSettled, bank.TransferFailed, bank.TransferReturned} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			traced, reported := w.paid("corp-1", 1), w.paid("corp-2", 2)
			w.bank.says(w.keyOf(traced), state, "")
			a := w.as("ops").get(traced + "/payout/trace").ok(200)
			assert.Equal(t, string(state), a.Body["state"])
			assert.Nil(t, a.Body["bank_reference"])
			w.report("bank", bankSecret, "m1", time.Now(), fmt.Sprintf(`{"type": "transfer.%s", "key": %q, "reason": "account_closed"}`, state, w.keyOf(reported))).ok(200)
			same := func(path string) []any {
				p := w.as("ops").get("/v1/payments?registration_id=" + idOf(path)).items()[0]
				r := w.as("ops").get(path).ok(200)
				return []any{p["state"], p["bank_state"], p["failure"], p["overdue"], p["settled_at"] != nil, p["returned_at"] != nil, r.state(), w.count(`select version from registrations where id = $1`, idOf(path))}
			}
			assert.Equal(t, same(reported), same(traced))
		})
	}
}

func TestATraceSaysWhatTheBankNeverHeardOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.paid("corp-1", 1)
	assert.Equal(t, "unknown", w.as("ops").get(path + "/payout/trace").ok(200).Body["state"])
	fresh := atCompany(t, w, "corp-2", 2)
	w.as("ops").get(fresh+"/payout/trace").refused(409, "wrong_state")
	w.as("platform").put(fresh+"/company", unified()).ok(200)
	a := w.as("ops").get(fresh + "/payout/trace").ok(200)
	assert.Equal(t, "not_ordered", a.Body["state"])
	assert.Len(t, w.bank.asked, 2, "a database brought back from before knows less than the bank")
	assert.Equal(t, "requested", w.as("ops").get("/v1/payments?registration_id=" + idOf(fresh)).items()[0]["bank_state"])
	w.as("ops").get("/v1/registrations/reg_none/payout/trace").refused(404, "not_found")
}

// Also one that another payment has taken the place of can be traced, by its own id.
func TestAnOlderPaymentIsTracedByItsID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.paid("corp-1", 1)
	w.spend(idOf(path))
	w.bank.says("key_3", bank.TransferReturned, "")
	assert.Equal(t, "returned", w.as("ops").get("/v1/payments/pay_3/trace").ok(200).Body["state"])
	assert.Equal(t, "returned", w.one(`select state from payments where id = 'pay_3'`))
	w.as("ops").get("/v1/payments/pay_none/trace").refused(404, "not_found")
}

func TestABankThatIsAwayIsSaidToBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.paid("corp-1", 1)
	before := w.as("ops").get("/v1/payments").ok(200).Raw
	for _, away := range []error{bank.ErrUnavailable, bank.ErrUnknown} {
		w.bank.away = away
		w.start() // nobody has asked
		w.as("ops").get(path+"/payout/trace").refused(503, "provider_unavailable")
	}
	w.bank.away, w.bank.answer = nil, make(chan struct{})
	w.start()
	w.as("ops").get(path+"/payout/trace").refused(503, "provider_unavailable")
	assert.Equal(t, string(before), string(w.as("ops").get("/v1/payments").ok(200).Raw))
	w.deps.Bank = nil
	w.start()
	assert.Contains(t, w.as("ops").get(path+"/payout/trace").refused(503, "provider_unavailable").Body["detail"], "BANK_URL")
}

// The bank is asked about a registration once in some seconds, whoever asks; others are not held up by that.
func TestTracesAreRare(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Now()
	w.deps.Now = func() time.Time { return now }
	w.start()
	path, other := w.paid("corp-1", 1), w.paid("corp-2", 2)
	w.as("ops").get(path + "/payout/trace").ok(200)
	w.as("platform").get(path+"/payout/trace").refused(429, "rate_limited")
	w.as("ops").get("/v1/payments/"+w.one(`select id from payments where registration_id = $1`, idOf(path))+"/trace").refused(429, "rate_limited")
	w.as("ops").get(other + "/payout/trace").ok(200)
	assert.Len(t, w.bank.asked, 2)
	now = now.Add(tracesEvery)
	w.as("platform").get(path + "/payout/trace").ok(200)
}
