package e2e

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/registration"
)

// Withdrawing and opening anew resets nothing: neither payments, nor verification acts, nor openings.
func TestWithdrawingResetsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account, opened, acts := newAccount("corp-"), 0, 0
	var r *reg
	again := func() {
		r = w.open(t, "enterprise", account)
		opened++
		r.verifyAdmin("legal_representative")
		acts++
	}
	for range registration.PaymentsADay {
		again()
		r.until("company_required")
		r.put("/company", someCompany(t, r.who.Name, "6789")).inState("payout_pending")
		acts++
		r.post("/withdraw", nil).inState("withdrawn")
	}
	again()
	r.until("company_required")
	a := r.put("/company", someCompany(t, r.who.Name, "1234")).refused(429, "account_limit_reached")
	require.WithinDuration(t, time.Now().Add(24*time.Hour), freeAt(a), time.Minute)
	require.Equal(t, "company_required", r.get().at("state"))
	require.Equal(t, registration.PaymentsADay, w.count(t, `select count(*) from payments`))

	for acts < registration.VerificationActs {
		r.post("/withdraw", nil).inState("withdrawn")
		again()
		for range min(2, registration.VerificationActs-acts) {
			r.post("/admin-session", map[string]any{"role": "authorized_agent"}).ok(200)
			acts++
		}
	}
	free := freeAt(r.post("/admin-session", map[string]any{"role": "authorized_agent"}).refused(429, "account_limit_reached"))
	require.WithinDuration(t, time.Now().Add(24*time.Hour), free, time.Minute)
	for ; opened < registration.OpeningsADay; opened++ {
		r.post("/withdraw", nil).inState("withdrawn")
		r = w.open(t, "individual", account)
		r.post("/card", r.who.card("622202")).refused(429, "account_limit_reached")
	}
	r.post("/withdraw", nil).inState("withdrawn")
	freeAt(w.platform(t).post("/v1/registrations", r.application("individual")).refused(429, "account_limit_reached"))
	w.individual(t) // another account's
}

func (w *world) count(t testing.TB, sql string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, w.store.Pool().QueryRow(t.Context(), sql, args...).Scan(&n))
	return n
}

// Many accounts name one phone: it gets so many SMS a day, and the answer tells nothing of who asked for them.
func TestOnePhoneOfManyAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	victim, sent := somebody(t), 0
	for sent < registration.ActsPerAddress {
		r := w.open(t, "individual", newAccount("acct-"))
		for range min(7, registration.ActsPerAddress-sent) {
			card := r.who.card("622202")
			card["phone"] = victim.Phone
			r.post("/card", card).inState("card_code_required")
			sent++
		}
	}
	require.Len(t, w.inbox(t, victim.Phone), sent)
	stranger := w.open(t, "individual", newAccount("acct-"))
	card := stranger.who.card("622202")
	card["phone"] = victim.Phone
	a := stranger.post("/card", card).refused(429, "account_limit_reached")
	freeAt(a)
	require.Contains(t, a.at("detail"), "phone")
	require.Len(t, w.inbox(t, victim.Phone), sent)
	stranger.proveCard() // by their own phone
}

// Eight companies ask at once where three may be paid: three are, whatever is repeated, and ops hears of it.
func TestPaymentsStopAtTheDaysCeiling(t *testing.T) {
	t.Parallel()
	const ceiling, companies = 3, 8
	w := newWorld(t, withCeilings(registration.Ceilings{Payments: ceiling}))
	regs := make([]*reg, companies)
	var all sync.WaitGroup
	for i := range regs {
		regs[i] = w.enterprise(t, "legal_representative")
		regs[i].company = someCompany(t, regs[i].who.Name, fmt.Sprintf("61%02d", i))
	}
	statuses := make([]int, companies)
	for i, r := range regs {
		all.Go(func() { statuses[i] = r.put("/company", r.company).Status })
	}
	all.Wait()
	paid := 0
	for i, r := range regs {
		if statuses[i] == 200 {
			paid++
			r.until("deposit_required")
			assert.Len(t, r.statement(), 1)
			continue
		}
		a := r.put("/company", r.company).refused(429, "spending_paused")
		assert.False(t, freeAt(a).After(time.Now().Add(24*time.Hour)), "midnight at the latest")
		assert.Equal(t, "company_required", r.get().at("state"))
		assert.Empty(t, r.statement())
	}
	require.Equal(t, ceiling, paid)
	w.eventually(t, func() bool { return len(w.inbox(t, opsMailbox)) == 1 }, func() string { return "ops is told that the ceiling is met" })
	require.Contains(t, w.inbox(t, opsMailbox)[0].Text, "spending_ceiling")
	metrics := w.metrics(t)
	require.Contains(t, metrics, `shiming_spending_used{kind="payments"} 3`)
	require.Contains(t, metrics, `shiming_spending_ceiling{kind="payments"} 3`)
	require.Len(t, w.ops(t).get("/v1/findings?open=true&kind=spending_ceiling").ok(200).at("items"), 1)
}

// One SMS and one mail a day: what is over waits for the days after, and so does the payment that nobody could be told of. Nothing
// fails and nothing is lost.
func TestMessagesOverTheCeilingWaitForTheNextDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withDay(4*time.Second), withCeilings(registration.Ceilings{SMS: 1, Mails: 1}))
	var regs []*reg
	for range 2 {
		r := w.enterprise(t, "legal_representative")
		r.company = someCompany(t, r.who.Name, "6789")
		r.put("/company", r.company).inState("payout_pending")
		regs = append(regs, r)
	}
	for _, r := range regs {
		r.until("deposit_required")
		r.deposit(r.amount()).inState("details_required")
	}
	all := 0
	for _, r := range regs {
		r.becomes("waiting", 0)
		require.Empty(t, r.noticesOf("failed"))
		sent := slices.DeleteFunc(r.noticesOf("sent"), func(n map[string]any) bool { return n["recipient"] == "ops" }) // that it is late
		// That the money has come, by both channels, and the payment's notice by one of them at least.
		require.GreaterOrEqual(t, len(sent), 3)
		for _, n := range sent {
			require.EqualValues(t, 0, n["unknown_tries"])
		}
		require.Len(t, append(r.inbox(t, r.who.Phone), r.inbox(t, r.who.Email)...), len(sent))
		require.Len(t, r.statement(), 1)
		all += len(sent)
	}
	require.Equal(t, 1, w.count(t, `select max(used) from spending where kind <> 'payments'`))
	require.Equal(t, all, w.count(t, `select sum(used) from spending where kind <> 'payments'`))
	require.Zero(t, w.count(t, `select count(*) from findings where kind in ('message_unsure', 'undelivered')`))
	w.eventually(t, func() bool { return len(w.inbox(t, opsMailbox)) >= 2 }, func() string { return "ops is told, by mail, of SMS and of mails" })
}

// pause and resume are ops' words.
func (w *world) pause(t testing.TB) answer {
	t.Helper()
	return w.ops(t).post("/v1/payouts/pause", map[string]any{"reason": "the bank has called"}).ok(200)
}

func (w *world) resume(t testing.TB) answer {
	t.Helper()
	return w.ops(t).post("/v1/payouts/resume", map[string]any{"reason": "the bank has called again"}).ok(200)
}

// Ops pauses payments while one has been ordered from a bank that is away, and another has still to be announced: neither goes
// out until ops resumes them, and then each once.
func TestPausedPaymentsWaitAndAreMadeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	company := func() *reg {
		r := w.enterprise(t, "legal_representative")
		r.company = someCompany(t, r.who.Name, "6789")
		return r
	}
	ordered, unannounced, late, done := company(), company(), company(), w.confirmed(t)
	w.fault(t, "bank", "down")
	ordered.put("/company", ordered.company).inState("payout_pending")
	w.eventually(t, func() bool { return w.triesOf(t, "Order") >= 2 }, func() string { return "the order was tried again" })
	w.fault(t, "sms", "down")
	w.fault(t, "email", "down")
	unannounced.put("/company", unannounced.company).inState("payout_pending")
	w.eventually(t, func() bool { return w.triesOf(t, "Announce") >= 2 }, func() string { return "the notice was tried again" })

	a := w.pause(t)
	require.Equal(t, true, a.at("paused"))
	require.Equal(t, "ops:ops", a.at("by"))
	w.heal(t)
	before := w.count(t, `select count(*) from acts`)
	late.put("/company", late.company).refused(429, "spending_paused")
	late.get().inState("company_required")
	done.put("/company", done.company.with("bank.account_number", "622500001234")).refused(429, "spending_paused")
	require.Equal(t, before, w.count(t, `select count(*) from acts`), "nothing is noted, nothing counts")
	done.put("/company", done.company.with("address", "厦门市思明区例示路2号")).inState("details_required") // its payment proves it still

	orders, announcements := w.triesOf(t, "Order"), w.triesOf(t, "Announce")
	w.eventually(t, func() bool { return w.triesOf(t, "Order") >= orders+2 && w.triesOf(t, "Announce") >= announcements+2 }, func() string { return "both were tried while paused" })
	require.Empty(t, ordered.statement())
	require.Empty(t, unannounced.statement())
	require.Empty(t, w.inbox(t, unannounced.who.Phone))
	require.Nil(t, unannounced.get().at("payout", "notified_at"), "its window has not begun")
	require.Contains(t, w.metrics(t), "shiming_payouts_paused 1\n")
	mails := func(n int) {
		t.Helper()
		w.eventually(t, func() bool { return len(w.inbox(t, opsMailbox)) == n }, func() string { return "ops is told" })
	}
	mails(1)
	require.Len(t, w.ops(t).get("/v1/findings?open=true&kind=payouts_paused").ok(200).at("items"), 1)

	w.resume(t)
	for _, r := range []*reg{ordered, unannounced} {
		r.until("deposit_required")
		require.Len(t, r.statement(), 1)
		require.Equal(t, 1, r.statement()[0].Presented)
		r.deposit(r.amount()).inState("details_required")
	}
	late.put("/company", late.company).inState("payout_pending")
	late.until("deposit_required")
	mails(2)
	require.Empty(t, w.ops(t).get("/v1/findings?open=true&kind=payouts_paused").ok(200).at("items"))
	require.Contains(t, w.metrics(t), "shiming_payouts_paused 0\n")
}

// A call to the bank that is under way when payments are paused is finished, and what came of it counts.
func TestACallUnderWayIsFinishedWhilePaused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.enterprise(t, "legal_representative")
	r.company = someCompany(t, r.who.Name, "6789")
	w.fault(t, "bank", "slow")
	r.put("/company", r.company).inState("payout_pending")
	w.eventually(t, func() bool {
		return w.count(t, `select count(*) from payments where ordered_at is not null`) == 1
	}, func() string { return "the bank is about to be called" })
	w.pause(t)
	w.pause(t) // the second changes nothing
	r.until("deposit_required")
	require.Len(t, r.statement(), 1)
	r.deposit(r.amount()).inState("details_required")
	require.Equal(t, 1, w.count(t, `select count(*) from payout_switches`))
}

// A grant is for who needs one: not before the limit, not twice, and so often a bank account.
func TestGrantsAreForWhoNeedsThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.paid(t, "6789")
	grant := func(of *reg) answer {
		return w.ops(t).post(of.path("/payout/grant"), map[string]any{"reason": "the holder called"})
	}
	exhaust := func(of *reg) {
		for range 3 {
			of.deposit(of.wrongAmount())
		}
		of.get().inState("deposit_failed")
	}
	require.Contains(t, grant(r).refused(409, "wrong_state").at("detail"), "No grant is needed")
	exhaust(r)
	require.Contains(t, grant(r).refused(409, "wrong_state").at("detail"), "No grant is needed")
	r.post("/payout", nil).inState("payout_pending")
	r.until("deposit_required")
	exhaust(r)
	r.post("/payout", nil).refused(429, "payout_limit_reached")
	grant(r).inState("deposit_failed")
	require.Contains(t, grant(r).refused(409, "wrong_state").at("detail"), "has not been used")
	r.post("/payout", nil).inState("payout_pending")
	r.until("deposit_required")
	exhaust(r)
	grant(r).inState("deposit_failed")
	r.post("/payout", nil).inState("payout_pending")
	r.until("deposit_required")
	exhaust(r)
	require.Equal(t, 2, r.count("payout_granted"))

	other := w.enterprise(t, "authorized_agent") // the account's four payments of today are made
	other.company = someCompany(t, "欧阳法人", "6789").with("bank.account_number", r.company.account())
	other.put("/company", other.company).refused(429, "payout_limit_reached")
	grant(other).inState("company_required")
	other.put("/company", other.company).inState("payout_pending")
	other.until("deposit_required")
	freeAt(grant(r).refused(429, "payout_limit_reached"))
	require.NotContains(t, string(grant(r).Raw), other.account)
}
