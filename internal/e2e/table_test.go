package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/registration"
)

// reached brings a registration of a kind to a state over HTTP; expired ones need a calendar that runs.
func reached(w, hurried *world) map[registration.Kind]map[registration.State]func(t *testing.T) *reg {
	return map[registration.Kind]map[registration.State]func(t *testing.T) *reg{
		registration.Individual: {
			registration.IdentityRequired: func(t *testing.T) *reg { t.Helper(); return w.open(t, "individual", newAccount("acct-")) },
			registration.CardCodeRequired: func(t *testing.T) *reg {
				t.Helper()
				r := w.open(t, "individual", newAccount("acct-"))
				r.post("/card", r.who.card("622202")).ok(200)
				return r
			},
			registration.DetailsRequired: func(t *testing.T) *reg { t.Helper(); return w.individual(t) },
			registration.UnderReview:     func(t *testing.T) *reg { t.Helper(); return w.submitted(t) },
			registration.CorrectionRequired: func(t *testing.T) *reg {
				t.Helper()
				return w.submitted(t).rejected("documents.id_card_front")
			},
			registration.Approved: func(t *testing.T) *reg { t.Helper(); r := w.submitted(t); r.approve(); return r },
			registration.Rejected: func(t *testing.T) *reg { t.Helper(); return w.submitted(t).rejectedForGood() },
			registration.Withdrawn: func(t *testing.T) *reg {
				t.Helper()
				return w.open(t, "individual", newAccount("acct-")).withdrawn()
			},
			registration.Expired: func(t *testing.T) *reg {
				t.Helper()
				r := hurried.open(t, "individual", newAccount("acct-"))
				r.until("expired")
				return r
			},
		},
		registration.Enterprise: {
			registration.AdminIdentityRequired: func(t *testing.T) *reg { t.Helper(); return w.open(t, "enterprise", newAccount("corp-")) },
			registration.CompanyRequired:       func(t *testing.T) *reg { t.Helper(); return w.enterprise(t, "legal_representative") },
			registration.PayoutPending: func(t *testing.T) *reg {
				t.Helper()
				r := w.enterprise(t, "legal_representative")
				r.company = someCompany(t, r.who.Name, "0004") // never settles
				r.put("/company", r.company).ok(200)
				r.untilThat("sent", func(a answer) bool { return a.at("payout", "state") == "sent" })
				return r
			},
			registration.DepositRequired: func(t *testing.T) *reg { t.Helper(); return w.paid(t, "6789") },
			registration.DepositFailed: func(t *testing.T) *reg {
				t.Helper()
				r := w.paid(t, "6789")
				for range 3 {
					r.deposit(r.wrongAmount())
				}
				return r
			},
			registration.DetailsRequired: func(t *testing.T) *reg { t.Helper(); return w.confirmed(t) },
			registration.UnderReview:     func(t *testing.T) *reg { t.Helper(); return w.companySubmitted(t) },
			registration.CorrectionRequired: func(t *testing.T) *reg {
				t.Helper()
				return w.companySubmitted(t).rejected("documents.business_licence")
			},
			registration.Approved: func(t *testing.T) *reg { t.Helper(); r := w.companySubmitted(t); r.approve(); return r },
			registration.Rejected: func(t *testing.T) *reg { t.Helper(); return w.companySubmitted(t).rejectedForGood() },
			registration.Withdrawn: func(t *testing.T) *reg {
				t.Helper()
				return w.open(t, "enterprise", newAccount("corp-")).withdrawn()
			},
			registration.Expired: func(t *testing.T) *reg {
				t.Helper()
				r := hurried.open(t, "enterprise", newAccount("corp-"))
				r.until("expired")
				return r
			},
		},
	}
}

// companySubmitted is an enterprise's registration under review.
func (w *world) companySubmitted(t testing.TB) *reg {
	t.Helper()
	r := w.confirmed(t)
	r.details("business_licence")
	r.post("/submit", nil).inState("under_review")
	return r
}

func (r *reg) rejected(fields ...string) *reg {
	r.t.Helper()
	r.reject(fields...).ok(200)
	return r
}

func (r *reg) rejectedForGood() *reg {
	r.t.Helper()
	r.decide(map[string]any{"decision": "reject", "final": true, "reasons": []map[string]any{{"field": "name", "code": "not_accepted"}}}).ok(200)
	return r
}

func (r *reg) withdrawn() *reg {
	r.t.Helper()
	r.post("/withdraw", nil).ok(200)
	return r
}

type cell struct {
	act   registration.Act
	state registration.State
}

// judged is what the table says of an act; what it leaves to the step itself is refused in these states as they are reached.
func judged(kind registration.Kind, state registration.State, act registration.Act) registration.Verdict {
	if kind == registration.Enterprise {
		switch (cell{act, state}) {
		case cell{registration.ActAdminSession, registration.DepositFailed}, cell{registration.ActAdminSession, registration.DetailsRequired}, cell{registration.ActCompany, registration.PayoutPending}:
			return registration.WrongState
		case cell{registration.ActAdminSession, registration.CorrectionRequired}:
			return registration.Locked
		case cell{registration.ActResolvePayout, registration.Withdrawn}, cell{registration.ActResolvePayout, registration.Expired}:
			return registration.WrongState // there was never a payment
		}
	}
	return registration.Judge(kind, state, act)
}

// Every act is tried in every state of its kind. What is not allowed answers 409 with the state, and changes nothing.
func TestEveryActInEveryState(t *testing.T) {
	t.Parallel()
	w, hurried := newWorld(t), newWorld(t, withDay(50*time.Millisecond))
	for kind, states := range reached(w, hurried) {
		for _, state := range registration.States() {
			reach, is := states[state]
			known := slices.ContainsFunc(registration.Table(kind), func(row registration.Transition) bool { return row.To == state })
			require.Equal(t, known, is, "%s: %s", kind, state)
			if !is {
				continue
			}
			t.Run(string(kind)+"/"+string(state), func(t *testing.T) {
				t.Parallel()
				reach(t).refusesWhatIsNotAllowed(t, kind, state)
			})
		}
	}
}

func (r *reg) refusesWhatIsNotAllowed(t *testing.T, kind registration.Kind, state registration.State) {
	t.Helper()
	r.get().inState(string(state))
	before := r.platform(t).get(r.path("/timeline")).ok(200)
	tries := r.tries()
	for _, act := range registration.Acts() {
		require.Contains(t, tries, act)
		verdict := judged(kind, state, act)
		if verdict == registration.Allowed {
			continue
		}
		code := map[registration.Verdict]string{registration.WrongState: "wrong_state", registration.Locked: "submitted_locked"}[verdict]
		a := tries[act]()
		require.Equal(t, 409, a.Status, "%s: %s", act, a.Raw)
		require.Equal(t, code, a.at("code"), "%s: %s", act, a.Raw)
		require.Equal(t, string(state), a.at("state"), "%s: %s", act, a.Raw)
	}
	require.Equal(t, string(before.Raw), string(r.platform(t).get(r.path("/timeline")).Raw), "a refused act leaves no trace")
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
		registration.ActDecide:       func() answer { return r.decide(map[string]any{"decision": "approve"}) },
		registration.ActResolvePayout: func() answer {
			return r.ops(r.t).post(r.path("/payout/resolve"), map[string]any{"outcome": "settled", "reason": "by phone"})
		},
	}
}
