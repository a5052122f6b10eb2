package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A bank slower than ten seconds: the caller is told that the work goes on, and it does.
func TestSlowBankIsAnswered202(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.open(t, "individual", newAccount("acct-"))
	w.fault(t, "bank", "slow")
	a := r.post("/card", r.who.card("622202")).ok(202)
	require.Equal(t, true, a.Body["processing"])
	require.Equal(t, true, r.get().Body["processing"])
	done := r.until("card_code_required")
	require.Equal(t, false, done.Body["processing"])
}

// A refusal after the answer shows as last_error.
func TestLateRefusalIsLastError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.open(t, "individual", newAccount("acct-"))
	w.fault(t, "bank", "slow")
	r.post("/card", r.who.card("622204")).ok(202)
	a := r.untilThat("last_error", func(a answer) bool { return a.at("last_error") != nil }).inState("identity_required")
	require.Equal(t, "card_not_debit", a.at("last_error", "code"))
}

// The wallet is away when a registration is started: nothing is left behind, and the same request works later.
func TestWalletDownAtTheStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fault(t, "wallet", "down")
	r := &reg{world: w, t: t, account: newAccount("acct-"), who: somebody(t)}
	c := w.platform(t).withKey("key" + newAccount("-"))
	c.post("/v1/registrations", r.application("individual")).refused(503, "provider_unavailable")
	w.heal(t)
	c.post("/v1/registrations", r.application("individual")).ok(201)
}
