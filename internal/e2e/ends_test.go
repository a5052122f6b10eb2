package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWithdrawFromEveryState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for state, reach := range map[string]func(t *testing.T) *reg{
		"identity_required": func(t *testing.T) *reg { t.Helper(); return w.open(t, "individual", newAccount("acct-")) },
		"card_code_required": func(t *testing.T) *reg {
			t.Helper()
			r := w.open(t, "individual", newAccount("acct-"))
			r.post("/card", r.who.card("622202")).ok(200)
			return r
		},
		"deposit_failed": func(t *testing.T) *reg {
			t.Helper()
			r := w.paid(t, "6789")
			for range 3 {
				r.deposit(r.wrongAmount())
			}
			return r
		},
		"details_required":        func(t *testing.T) *reg { t.Helper(); return w.individual(t) },
		"under_review":            func(t *testing.T) *reg { t.Helper(); return w.submitted(t) },
		"admin_identity_required": func(t *testing.T) *reg { t.Helper(); return w.open(t, "enterprise", newAccount("corp-")) },
		"company_required":        func(t *testing.T) *reg { t.Helper(); return w.enterprise(t, "authorized_agent") },
		"deposit_required":        func(t *testing.T) *reg { t.Helper(); return w.paid(t, "6789") },
		"correction_required": func(t *testing.T) *reg {
			t.Helper()
			r := w.submitted(t)
			r.reject("contact.email").ok(200)
			return r
		},
	} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			r := reach(t)
			r.get().inState(state)
			r.post("/withdraw", nil).inState("withdrawn")
			r.post("/withdraw", nil).refused(409, "wrong_state")
			kind := "individual"
			if r.company != nil || state == "admin_identity_required" || state == "company_required" {
				kind = "enterprise"
			}
			again := w.platform(t).post("/v1/registrations", r.application(kind)).ok(201) // the account is free again
			require.NotEqual(t, r.id, again.Body["id"])
		})
	}
}

// A withdrawal while money is on its way: what the bank says later is still recorded.
func TestWithdrawWhileMoneyIsOnItsWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withSettling(2*time.Second))
	r := w.enterprise(t, "legal_representative")
	r.company = someCompany(t, r.who.Name, "6789")
	r.put("/company", r.company).inState("payout_pending")
	r.untilThat("sent", func(a answer) bool { return a.at("payout", "state") == "sent" })
	r.post("/withdraw", nil).inState("withdrawn")
	w.sandbox(t).post("/bank/ledger/"+r.statement()[0].Key+"/return", map[string]any{"reason": "closed"}).ok(200)
	r.untilThat("returned", func(a answer) bool { return a.at("payout", "state") == "returned" }).inState("withdrawn")
	r.mailed("", 1, opsMailbox)
}

// Thirty days without an act: a reminder seven days before, then the end. An act restarts the clock.
func TestExpiry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withDay(200*time.Millisecond))
	r := w.open(t, "individual", newAccount("acct-"))
	due, err := time.Parse(time.RFC3339, r.get().at("due_at").(string))
	require.NoError(t, err)
	r.eventually(t, func() bool { return time.Until(due) < 20*200*time.Millisecond }, func() string { return "ten days pass" })
	r.put("/name", map[string]any{"name": "仍在这里"}).ok(200)
	require.NotEqual(t, due.Format(time.RFC3339), r.get().at("due_at"))
	r.until("expired")
	mails := r.inbox(t, r.who.Email)
	require.Len(t, mails, 1, "one reminder")
	again := w.open(t, "individual", newAccount("acct-"))
	again.who = r.who
	again.proveCard()
}
