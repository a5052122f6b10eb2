package e2e

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWrongAmounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.paid(t, "6789")
	for _, malformed := range []any{"0.370", "-0.37", "1.00", "1e-1", "", "0.00", "abc", 37, 0.37, nil} {
		r.deposit(malformed).refused(422, "invalid_request")
	}
	require.EqualValues(t, 3, r.get().at("payout", "attempts_left"))
	wrong := r.wrongAmount()
	require.EqualValues(t, 2, r.deposit(" "+wrong+" ").refused(422, "deposit_amount_mismatch").at("attempts_left"))
	full := []rune{}
	for _, c := range wrong {
		if c != '.' {
			c += '０' - '0'
		}
		full = append(full, c)
	}
	require.EqualValues(t, 1, r.deposit(string(full)).refused(422, "deposit_amount_mismatch").at("attempts_left"))
	r.deposit(wrong).refused(422, "deposit_attempts_exceeded")
	failed := r.get().inState("deposit_failed")
	require.Equal(t, "void", failed.at("payout", "state"))
	r.deposit(r.amount()).refused(409, "wrong_state")
}

// A resend never refills the guesses: the third payment to one bank account within 30 days is refused, whoever asks.
func TestPayoutLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.paid(t, "6789")
	exhaust := func() {
		for range 3 {
			r.deposit(r.wrongAmount())
		}
		r.get().inState("deposit_failed")
	}
	exhaust()
	r.post("/payout", nil).inState("payout_pending")
	r.until("deposit_required")
	require.Len(t, r.statement(), 2)
	exhaust()
	free := freeAt(r.post("/payout", nil).refused(429, "payout_limit_reached"))
	require.WithinDuration(t, r.statement()[0].At.Add(30*24*time.Hour), free, time.Minute, "thirty days after the first was accepted")

	other := w.enterprise(t, "authorized_agent")
	other.company = someCompany(t, "欧阳法人", "6789").with("bank.account_number", r.company.account())
	require.Equal(t, free, freeAt(other.put("/company", other.company).refused(429, "payout_limit_reached")), "whoever asks")

	w.ops(t).post(r.path("/payout/grant"), map[string]any{"reason": "the owner called"}).ok(200)
	r.post("/payout", nil).inState("payout_pending")
	r.until("deposit_required")
	r.deposit(r.amount()).inState("details_required")
}

// freeAt is when a refused payment would be allowed; Retry-After says the same in seconds.
func freeAt(a answer) time.Time {
	a.t.Helper()
	at, err := time.Parse(time.RFC3339, a.at("retry_at").(string))
	require.NoError(a.t, err)
	seconds, err := strconv.Atoi(a.Header.Get("Retry-After"))
	require.NoError(a.t, err)
	require.WithinDuration(a.t, at, time.Now().Add(time.Duration(seconds)*time.Second), time.Minute)
	return at
}

// Locked out by a stranger before they ever came: ops' grant reaches the account's holder, who has nothing on file.
func TestGrantReachesTheAccountsHolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stranger := w.paid(t, "6789")
	for range 3 {
		stranger.deposit(stranger.wrongAmount())
	}
	stranger.post("/payout", nil).inState("payout_pending")
	stranger.until("deposit_required")
	for range 3 {
		stranger.deposit(stranger.wrongAmount())
	}
	stranger.post("/withdraw", nil).inState("withdrawn")

	holder := w.enterprise(t, "legal_representative")
	grant := map[string]any{"reason": "the holder called"}
	w.ops(t).post(holder.path("/payout/grant"), grant).refused(409, "wrong_state")
	holder.company = someCompany(t, holder.who.Name, "6789").with("bank.account_number", stranger.company.account())
	holder.put("/company", holder.company).refused(429, "payout_limit_reached")
	w.ops(t).post(holder.path("/payout/grant"), grant).inState("company_required")
	require.Equal(t, 1, holder.count("payout_granted"))
	holder.put("/company", holder.company).inState("payout_pending")
	holder.until("deposit_required")
	holder.deposit(holder.amount()).inState("details_required")
}

func TestBankRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.enterprise(t, "legal_representative")
	r.company = someCompany(t, r.who.Name, "0000")
	r.put("/company", r.company).inState("payout_pending")
	a := r.until("company_required")
	require.Contains(t, string(a.Raw), `"company.bank.account_number"`)
	require.Equal(t, "payment_failed", a.at("last_error", "code"))
	r.company = r.company.with("bank.account_number", "622500001234")
	r.put("/company", r.company).inState("payout_pending")
	r.until("deposit_required")
}

// Accepted, settled, and returned later: the money comes back and so does the registration.
func TestMoneyReturned(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withSettling(500*time.Millisecond))
	r := w.enterprise(t, "legal_representative")
	r.company = someCompany(t, r.who.Name, "0001")
	r.put("/company", r.company).inState("payout_pending")
	a := r.until("company_required")
	require.Contains(t, string(a.Raw), `"company.bank.account_name"`)
}

func TestBusyBankPaysInTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.paid(t, "0002")
	require.Len(t, r.statement(), 1)
}

// The bank executed the transfer and never answered: it is asked by the key, and there is one entry.
func TestAnswerThatNeverComes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withBankTimeout(2*time.Second))
	r := w.paid(t, "0003")
	require.Len(t, r.statement(), 1)
	r.deposit(r.amount()).inState("details_required")
}

func TestRepeatedAndLateReports(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.paid(t, "0005")
	r.deposit(r.amount()).inState("details_required")
	w.eventually(t, func() bool { return w.answered(t, "report-bank", "200") == 3 }, func() string { return "three reports" })
	r.get().inState("details_required")
	require.Len(t, r.statement(), 1)
}

// The applicant may see the money before the bank's report reaches us.
func TestAmountBeforeTheSettledReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.enterprise(t, "legal_representative")
	r.company = someCompany(t, r.who.Name, "0004") // never settles
	r.put("/company", r.company).inState("payout_pending")
	r.untilThat("sent", func(a answer) bool { return a.at("payout", "state") == "sent" })
	r.deposit(r.amount()).inState("details_required")
}

// Two right answers at the same moment are one confirmation.
func TestTwoRightAnswersAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.paid(t, "6789")
	right := r.amount()
	var answers [2]answer
	var both sync.WaitGroup
	for i := range answers {
		both.Go(func() { answers[i] = r.deposit(right) })
	}
	both.Wait()
	require.ElementsMatch(t, []int{200, 409}, []int{answers[0].Status, answers[1].Status})
	r.get().inState("details_required")
	require.Equal(t, 1, r.count("deposit_confirmed"))
}

// Never settles: flagged overdue, the window stays open, the company can be corrected, ops can resolve.
func TestOverduePayment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withDay(2*time.Second))
	r := w.enterprise(t, "legal_representative")
	r.company = someCompany(t, r.who.Name, "0004")
	r.put("/company", r.company).inState("payout_pending")
	r.put("/company", r.company).refused(409, "wrong_state")
	late := r.untilThat("overdue", func(a answer) bool { return a.Body["overdue"] == true })
	late.inState("payout_pending")
	require.Equal(t, true, late.at("payout", "overdue"))
	r.mailed("", 1, opsMailbox)
	w.ops(t).post(r.path("/payout/resolve"), map[string]any{"outcome": "settled", "reason": "the bank confirmed by phone"}).ok(200)
	r.until("deposit_required")
	r.deposit(r.amount()).inState("details_required")
	require.Equal(t, false, r.get().Body["overdue"])
}

// Ops know better than the bank has said: it came back, or failed after it was sent, which is the same.
func TestOpsResolvesAsReturned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, outcome := range []string{"returned", "failed"} {
		r := w.enterprise(t, "legal_representative")
		r.company = someCompany(t, r.who.Name, "0004") // never settles
		r.put("/company", r.company).inState("payout_pending")
		r.untilThat("sent", func(a answer) bool { return a.at("payout", "state") == "sent" })
		a := w.ops(t).post(r.path("/payout/resolve"), map[string]any{"outcome": outcome, "reason": "the bank said so by phone"}).inState("company_required")
		require.Equal(t, "returned", a.at("payout", "state"))
		require.Equal(t, "company.bank.account_number", a.at("requirements").([]any)[0].(map[string]any)["field"])
		require.Equal(t, 1, r.count("payout_resolved:"+outcome))
		require.Equal(t, 1, r.count("payment_returned"))
		r.company = r.company.with("bank.account_number", "62250000"+r.company.account()[4:12])
		r.put("/company", r.company).inState("payout_pending")
	}
}

// Ops call it failed while the bank is away: it is not sent when the bank is back, and does not count.
func TestOpsResolvesAsFailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.enterprise(t, "legal_representative")
	r.company = someCompany(t, r.who.Name, "6789")
	w.fault(t, "bank", "down")
	r.put("/company", r.company).inState("payout_pending")
	w.eventually(t, func() bool { return w.triesOf(t, "Order") >= 2 }, func() string { return "the order was tried again" })
	a := w.ops(t).post(r.path("/payout/resolve"), map[string]any{"outcome": "failed", "reason": "the bank is closed"}).inState("company_required")
	require.Equal(t, "failed", a.at("payout", "state"))
	require.Equal(t, 1, r.count("payout_resolved:failed"))
	w.heal(t)
	r.put("/company", r.company).inState("payout_pending")
	r.until("deposit_required")
	require.Len(t, r.statement(), 1)
	r.deposit(r.amount()).inState("details_required")
}

// The window closes: a new payment can be asked for.
func TestWindowCloses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withDay(2*time.Second))
	r := w.paid(t, "6789")
	r.until("deposit_failed")
	require.Equal(t, "void", r.get().at("payout", "state"))
	r.post("/payout", nil).inState("payout_pending")
	r.until("deposit_required")
	r.deposit(r.amount()).inState("details_required")
}

// A return after confirmation reopens the company information and frees the organisation for another account.
func TestReturnAfterConfirmation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.confirmed(t)
	w.sandbox(t).post("/bank/ledger/"+r.statement()[0].Key+"/return", map[string]any{"reason": "account closed"}).ok(200)
	r.until("company_required")
	other := w.enterprise(t, "authorized_agent")
	other.company = r.company.with("bank.account_number", "622500007777")
	other.put("/company", other.company).inState("payout_pending")
}

// After approval a return changes nothing; it is recorded, and ops is told.
func TestReturnAfterApproval(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.confirmed(t)
	r.details("business_licence")
	r.post("/submit", nil).inState("under_review")
	r.approve()
	w.sandbox(t).post("/bank/ledger/"+r.statement()[0].Key+"/return", map[string]any{"reason": "account closed"}).ok(200)
	r.untilThat("returned", func(a answer) bool { return a.at("payout", "state") == "returned" }).inState("approved")
	r.mailed("", 1, opsMailbox)
}

// After a final rejection likewise.
func TestReturnAfterFinalRejection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.confirmed(t)
	r.details("business_licence")
	r.post("/submit", nil).inState("under_review")
	reasons := []map[string]any{{"field": "documents.business_licence", "code": "not_accepted", "message": "不符合要求"}}
	r.decide(map[string]any{"decision": "reject", "final": true, "reasons": reasons}).ok(200)
	r.get().inState("rejected")
	w.sandbox(t).post("/bank/ledger/"+r.statement()[0].Key+"/return", map[string]any{"reason": "account closed"}).ok(200)
	r.untilThat("returned", func(a answer) bool { return a.at("payout", "state") == "returned" }).inState("rejected")
	r.mailed("", 1, opsMailbox)
	require.Equal(t, 1, r.count("payout_returned"))
}

// A payment of a registration that was withdrawn comes back while the account's newer one waits for its own.
func TestReturnWhileANewerRegistrationRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.paid(t, "6789")
	old.post("/withdraw", nil).inState("withdrawn")
	newer := w.open(t, "enterprise", old.account)
	newer.who, newer.company = old.who, old.company
	newer.verifyAdmin("legal_representative")
	newer.until("company_required")
	newer.put("/company", newer.company).inState("payout_pending")
	newer.until("deposit_required")
	w.sandbox(t).post("/bank/ledger/"+old.statement()[0].Key+"/return", map[string]any{"reason": "account closed"}).ok(200)
	old.untilThat("returned", func(a answer) bool { return a.at("payout", "state") == "returned" }).inState("withdrawn")
	old.mailed("", 1, opsMailbox)
	require.Equal(t, "settled", newer.get().inState("deposit_required").at("payout", "state"))
	newer.deposit(newer.amount()).inState("details_required")
}
