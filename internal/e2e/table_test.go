package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"shiming/registration"
)

// Every act is tried in every state a registration can be brought to over HTTP. What the table does not allow answers
// 409 with the state, and changes nothing.
func TestEveryActInEveryState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		kind  registration.Kind
		state registration.State
		reach func(t *testing.T) *reg
	}{
		{registration.Individual, registration.IdentityRequired, func(t *testing.T) *reg { t.Helper(); return w.open(t, "individual", newAccount("acct-")) }},
		{registration.Individual, registration.CardCodeRequired, func(t *testing.T) *reg {
			t.Helper()
			r := w.open(t, "individual", newAccount("acct-"))
			r.post("/card", r.who.card("622202")).ok(200)
			return r
		}},
		{registration.Individual, registration.DetailsRequired, func(t *testing.T) *reg { t.Helper(); return w.individual(t) }},
		{registration.Individual, registration.UnderReview, func(t *testing.T) *reg { t.Helper(); return w.submitted(t) }},
		{registration.Individual, registration.CorrectionRequired, func(t *testing.T) *reg {
			t.Helper()
			r := w.submitted(t)
			r.reject("documents.id_card_front").ok(200)
			return r
		}},
		{registration.Individual, registration.Approved, func(t *testing.T) *reg { t.Helper(); r := w.submitted(t); r.approve(); return r }},
		{registration.Individual, registration.Withdrawn, func(t *testing.T) *reg {
			t.Helper()
			r := w.open(t, "individual", newAccount("acct-"))
			r.post("/withdraw", nil).ok(200)
			return r
		}},
		{registration.Enterprise, registration.AdminIdentityRequired, func(t *testing.T) *reg { t.Helper(); return w.open(t, "enterprise", newAccount("corp-")) }},
		{registration.Enterprise, registration.CompanyRequired, func(t *testing.T) *reg { t.Helper(); return w.enterprise(t, "legal_representative") }},
		{registration.Enterprise, registration.DepositRequired, func(t *testing.T) *reg { t.Helper(); return w.paid(t, "6789") }},
		{registration.Enterprise, registration.DepositFailed, func(t *testing.T) *reg {
			t.Helper()
			r := w.paid(t, "6789")
			for range 3 {
				r.deposit(r.wrongAmount())
			}
			return r
		}},
		{registration.Enterprise, registration.DetailsRequired, func(t *testing.T) *reg { t.Helper(); return w.confirmed(t) }},
	} {
		t.Run(string(c.kind)+"/"+string(c.state), func(t *testing.T) {
			t.Parallel()
			r := c.reach(t)
			r.get().inState(string(c.state))
			before := r.platform(t).get(r.path("/timeline")).ok(200)
			for act, try := range r.tries() {
				verdict := registration.Judge(c.kind, c.state, act)
				if verdict == registration.Allowed {
					continue
				}
				code := map[registration.Verdict]string{registration.WrongState: "wrong_state", registration.Locked: "submitted_locked"}[verdict]
				a := try()
				require.Equal(t, 409, a.Status, "%s: %s", act, a.Raw)
				require.Equal(t, code, a.at("code"), "%s: %s", act, a.Raw)
				require.Equal(t, string(c.state), a.at("state"), "%s: %s", act, a.Raw)
			}
			require.Equal(t, string(before.Raw), string(r.platform(t).get(r.path("/timeline")).Raw), "a refused act leaves no trace")
		})
	}
}

// tries are well-formed requests for every act.
func (r *reg) tries() map[registration.Act]func() answer {
	comp := r.company
	if comp == nil {
		comp = someCompany(r.t, r.who.Name, "6789")
	}
	return map[registration.Act]func() answer{
		registration.ActCard:         func() answer { return r.post("/card", r.who.card("622202")) },
		registration.ActCardCode:     func() answer { return r.post("/card/code", map[string]any{"code": "123456"}) },
		registration.ActCardResend:   func() answer { return r.post("/card/code/resend", nil) },
		registration.ActAdminSession: func() answer { return r.post("/admin-session", map[string]any{"role": "authorized_agent"}) },
		registration.ActCompany:      func() answer { return r.put("/company", comp) },
		registration.ActDeposit:      func() answer { return r.deposit("0.37") },
		registration.ActPayout:       func() answer { return r.post("/payout", nil) },
		registration.ActName:         func() answer { return r.put("/name", map[string]any{"name": "别的名字"}) },
		registration.ActContact:      func() answer { return r.put("/contact", r.who.contact()) },
		registration.ActDocument:     func() answer { return r.upload("qualification_1", scan("q")) },
		registration.ActSubmit:       func() answer { return r.post("/submit", nil) },
		registration.ActWithdraw:     func() answer { return r.post("/withdraw", nil) },
	}
}
