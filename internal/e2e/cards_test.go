package e2e

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Every card prefix of the sandbox answers with its code, and the registration stays where it was.
func TestCardRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for prefix, code := range map[string]string{
		"622203": "card_elements_mismatch", "622204": "card_not_debit", "622205": "card_is_corporate", "622207": "card_unusable",
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			r := w.open(t, "individual", newAccount("acct-"))
			r.post("/card", r.who.card(prefix)).refused(422, code)
			r.get().inState("identity_required")
		})
	}
}

// A busy bank burns no attempt.
func TestBusyBankBurnsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.open(t, "individual", newAccount("acct-"))
	r.post("/card", r.who.card("622206")).inState("card_code_required")

	down := w.open(t, "individual", newAccount("acct-"))
	w.fault(t, "bank", "down")
	for range 6 { // more than the mismatches allowed
		a := down.post("/card", down.who.card("622202")).refused(503, "provider_unavailable")
		require.NotEmpty(t, a.Header.Get("Retry-After"))
	}
	w.heal(t)
	down.proveCard()
	down.get().inState("details_required")
}

func TestWrongPaymentPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.open(t, "individual", newAccount("acct-"))
	wrong, right := r.who.card("622202"), r.who.card("622202")
	wrong["payment_password"] = "000000"
	for range 5 {
		r.post("/card", wrong).refused(403, "payment_password_incorrect")
	}
	a := r.post("/card", right).refused(429, "card_attempts_exceeded")
	require.NotEmpty(t, a.Header.Get("Retry-After"))
	require.NotEmpty(t, a.at("retry_at"))
	r.get().inState("identity_required")
}

// Mismatches count per card and account.
func TestMismatchesLockTheCardNotTheAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.open(t, "individual", newAccount("acct-"))
	mismatching := r.who.card("622203")
	for range 5 {
		r.post("/card", mismatching).refused(422, "card_elements_mismatch")
	}
	r.post("/card", mismatching).refused(429, "card_attempts_exceeded")
	r.post("/card", r.who.card("622202")).inState("card_code_required")
}

// Twenty mismatching tries lock a card for everybody, whatever account they came from.
func TestMismatchesLockTheCardForAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	number := card("622203")
	try := func(r *reg) answer {
		mismatching := r.who.card("622203")
		mismatching["card_number"] = number
		return r.post("/card", mismatching)
	}
	for range 4 {
		r := w.open(t, "individual", newAccount("acct-"))
		for range 5 {
			try(r).refused(422, "card_elements_mismatch")
		}
	}
	try(w.open(t, "individual", newAccount("acct-"))).refused(429, "card_attempts_exceeded")
}

// The lock is a day long: with compressed days it opens by itself.
func TestCardLockOpensAfterADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withDay(4*time.Second))
	r := w.open(t, "individual", newAccount("acct-"))
	wrong := r.who.card("622202")
	wrong["payment_password"] = "000000"
	for range 5 {
		r.post("/card", wrong).refused(403, "payment_password_incorrect")
	}
	r.post("/card", r.who.card("622202")).refused(429, "card_attempts_exceeded")
	r.eventually(t, func() bool { return r.post("/card", r.who.card("622202")).Status == 200 }, func() string { return "the lock opens" })
}

func TestFiveWrongCodesStartTheStepOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.open(t, "individual", newAccount("acct-"))
	r.post("/card", r.who.card("622202")).inState("card_code_required")
	wrong := map[string]any{"code": "000000"}
	if r.smsCode() == "000000" {
		wrong["code"] = "000001"
	}
	for left := 4; left > 0; left-- {
		require.EqualValues(t, left, r.post("/card/code", wrong).refused(422, "code_incorrect").at("attempts_left"))
	}
	r.post("/card/code", wrong).refused(429, "code_attempts_exceeded")
	r.get().inState("identity_required")
	r.proveCard()
	r.get().inState("details_required")
}

func TestResendIsAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.open(t, "individual", newAccount("acct-"))
	r.post("/card", r.who.card("622202")).inState("card_code_required")
	a := r.post("/card/code/resend", nil).refused(429, "code_resend_too_soon")
	require.NotEmpty(t, a.Header.Get("Retry-After"))
	require.Len(t, r.inbox(t, r.who.Phone), 1)
}

// A code that another was sent after is worth nothing.
func TestOldCodeIsRefusedAfterAResend(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.open(t, "individual", newAccount("acct-"))
	r.post("/card", r.who.card("622202")).inState("card_code_required")
	old := r.smsCode()
	for fresh := old; fresh == old; fresh = r.smsCode() {
		r.codeAges()
		r.post("/card/code/resend", nil).inState("card_code_required")
	}
	require.EqualValues(t, 4, r.post("/card/code", map[string]any{"code": old}).refused(422, "code_incorrect").at("attempts_left"))
	r.post("/card/code", map[string]any{"code": r.smsCode()}).inState("details_required")
}

// codeAges makes the code that was sent last a minute older.
func (r *reg) codeAges() {
	r.t.Helper()
	_, err := r.store.Pool().Exec(r.t.Context(), `update registrations set binding = jsonb_set(binding, '{sent_at}',
		to_jsonb((binding ->> 'sent_at')::timestamptz - interval '1 minute')) where id = $1`, r.id)
	require.NoError(r.t, err)
}

// A mistyped phone is corrected where the code is awaited: the card is handed in again, and the code that went to a
// stranger is worth nothing.
func TestWrongPhoneIsCorrected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.open(t, "individual", newAccount("acct-"))
	mistyped := r.who.card("622202")
	right := r.who.Phone
	r.who.Phone = somebody(t).Phone
	mistyped["phone"] = r.who.Phone
	r.post("/card", mistyped).inState("card_code_required")
	strangers := r.smsCode()
	r.who.Phone = right
	corrected := r.who.card("622202")
	corrected["card_number"] = mistyped["card_number"]
	for fresh := strangers; fresh == strangers; fresh = r.smsCode() {
		r.post("/card", corrected).inState("card_code_required")
	}
	r.post("/card/code", map[string]any{"code": strangers}).refused(422, "code_incorrect")
	r.post("/card/code", map[string]any{"code": r.smsCode()}).inState("details_required")
	require.Zero(t, r.count("codes_exhausted"))
}

// One resident ID, two accounts, the same moment: exactly one passes, fifty times.
func TestRacingForOneIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 50 {
		one, two := w.open(t, "individual", newAccount("acct-")), w.open(t, "individual", newAccount("acct-"))
		two.who.IDNumber, two.who.Name = one.who.IDNumber, one.who.Name
		for _, r := range []*reg{one, two} {
			r.post("/card", r.who.card("622202")).inState("card_code_required")
		}
		var answers [2]answer
		var both sync.WaitGroup
		for i, r := range []*reg{one, two} {
			code := r.smsCode()
			both.Go(func() { answers[i] = r.post("/card/code", map[string]any{"code": code}) })
		}
		both.Wait()
		winner, loser := answers[0], answers[1]
		if winner.Status != 200 {
			winner, loser = loser, winner
		}
		winner.inState("details_required")
		loser.refused(409, "identity_in_use")
	}
}

// The loser is sent back to the step that proves an identity, and may use another.
func TestIdentityInUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.individual(t)
	second := w.open(t, "individual", newAccount("acct-"))
	other := second.who
	second.who.Name, second.who.IDNumber = first.who.Name, first.who.IDNumber
	second.post("/card", second.who.card("622202")).inState("card_code_required")
	second.post("/card/code", map[string]any{"code": second.smsCode()}).refused(409, "identity_in_use")
	back := second.get().inState("identity_required")
	require.Equal(t, "identity_in_use", back.at("last_error", "code"))
	second.who = other
	second.proveCard()
	second.get().inState("details_required")

	first.post("/withdraw", nil).inState("withdrawn") // a released identity is free
	third := w.open(t, "individual", newAccount("acct-"))
	third.who = first.who
	third.proveCard()
	third.get().inState("details_required")
}

// An account whose wallet names a person bound elsewhere gets no registration at all.
func TestVerifiedWalletOfABoundPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := newAccount("verified-")
	asking := w.sandbox(t)
	asking.token = "sandbox"
	known := asking.get("/wallet/accounts/" + account).ok(200)
	taken := w.open(t, "individual", newAccount("acct-"))
	taken.who.Name, taken.who.IDNumber = known.Body["holder_name"].(string), known.Body["id_number"].(string)
	taken.proveCard()
	barred := &reg{world: w, t: t, account: account, who: somebody(t)}
	w.platform(t).post("/v1/registrations", barred.application("individual")).refused(409, "identity_in_use")
	require.Equal(t, "unregistered", w.platform(t).get("/v1/accounts/"+account).ok(200).at("standing"))
	taken.post("/withdraw", nil).inState("withdrawn")
	w.open(t, "individual", account).get().inState("details_required")
}

func TestVerifiedWalletRegistersAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := newAccount("verified-")
	r := w.open(t, "individual", account)
	r.get().inState("details_required")
	w.platform(t).post("/v1/registrations", r.application("individual")).refused(409, "registration_exists")
	r.post("/withdraw", nil).inState("withdrawn")
	again := w.open(t, "individual", account)
	again.get().inState("details_required")
}
