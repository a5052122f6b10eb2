package api

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/engine"
	"shiming/registration"
)

// step is the step that ends an act.
func step(args registration.ActArgs) registration.Step {
	return registration.Step{Subject: args.RegistrationID, Actor: args.Actor, ActID: args.ActID, InputRef: args.InputRef, Role: args.Role}
}

func TestASlowActIsAnswered202AndItsRefusalShowsLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	w.engine.answers(func(registration.Act, registration.ActArgs) error { return engine.ErrStillWorking })
	a := w.as("platform").withKey("card-1").post(path+"/card", person(t, 1).card(1)).ok(http.StatusAccepted)
	require.Equal(t, true, a.Body["processing"])
	require.Equal(t, "identity_required", a.state())
	w.as("platform").withKey("card-1").post(path+"/card", person(t, 1).card(1)).ok(http.StatusAccepted)

	args := w.engine.told()[0]
	_, err := w.store.Steps().RefuseAct(t.Context(), registration.Refusing{Step: step(args), Refusal: *registration.Refuse(registration.CodeCardUnusable)})
	require.NoError(t, err)
	now := w.as("platform").get(path).ok(200)
	require.Equal(t, false, now.Body["processing"])
	require.Equal(t, "card_unusable", now.Body["last_error"].(map[string]any)["code"])
	w.as("platform").withKey("card-1").post(path+"/card", person(t, 1).card(1)).refused(422, "card_unusable")
}

// A slow decision goes on like every act. Its refusal is the reviewer's to hear, and none of the applicant's.
func TestASlowDecisionIsAnsweredByWhatBecomesOfIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.underReview("acct-1", 1)
	decide := func() answer {
		return w.as("reviewer").withKey("d").post("/v1/reviews/"+id+"/decision", map[string]any{"decision": "approve"})
	}
	w.engine.answers(func(registration.Act, registration.ActArgs) error { return engine.ErrStillWorking })
	decide().ok(http.StatusAccepted)
	require.Equal(t, false, w.as("platform").get("/v1/registrations/" + id).ok(200).Body["processing"], "it is no act of the applicant's")

	all := w.engine.told()
	args := all[len(all)-1]
	require.Equal(t, registration.Actor("reviewer:reviewer"), args.Actor)
	_, err := w.store.Steps().RefuseAct(t.Context(), registration.Refusing{Step: step(args), Refusal: *registration.Refuse(registration.CodeClaimedByOther)})
	require.NoError(t, err)
	decide().refused(http.StatusConflict, "claimed_by_other")
	now := w.as("platform").get("/v1/registrations/" + id).ok(200)
	require.Equal(t, false, now.Body["processing"])
	require.Nil(t, now.Body["last_error"])
	require.Contains(t, string(w.as("reviewer").get("/v1/registrations/"+id+"/timeline").ok(200).Raw), "decision_refused:claimed_by_other")
}

// What was answered 202 goes on although this process dies: it lies in the outbox, with all that its run must be offered.
func TestAnActAnsweredLaterIsLeftToTheRelay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "enterprise")
	w.engine.answers(func(registration.Act, registration.ActArgs) error { return engine.ErrStillWorking })
	w.as("platform").post(path+"/admin-session", map[string]any{"role": "authorized_agent"}).ok(http.StatusAccepted)
	sent := w.engine.told()[0]
	require.Equal(t, sent.ActID, w.one(`select ref from outbox where kind = 'act'`))
	offer, err := w.store.OfferOf(t.Context(), sent.ActID)
	require.NoError(t, err)
	require.Equal(t, sent, offer.Args)
	require.Equal(t, registration.ActAdminSession, offer.Act)
	require.Equal(t, registration.WorkflowID("acct-1"), offer.WorkflowID)
}

// A caller who was told that an act was not done has it not done later either, whatever the engine does with what it had.
func TestAnActAnsweredWithAnErrorIsNeverDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	w.engine.goes(engine.ErrUnavailable)
	w.as("platform").post(path+"/withdraw", nil).refused(503, "engine_unavailable")
	late, err := w.store.Steps().Withdraw(t.Context(), step(w.engine.told()[0]))
	require.NoError(t, err)
	require.NotNil(t, late.Refusal)
	require.Equal(t, registration.IdentityRequired, late.State)
	require.Equal(t, "identity_required", w.as("platform").get(path).ok(200).state())
}

func TestAnActDoneInTheLastMomentIsAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	w.engine.answers(func(_ registration.Act, args registration.ActArgs) error {
		_, err := w.engine.perform(t.Context(), registration.ActCard, args)
		return errors.Join(err, engine.ErrStillWorking)
	})
	require.Equal(t, "card_code_required", w.as("platform").post(path+"/card", person(t, 1).card(1)).ok(200).state())
}

func TestAnActThatIsRefusedBeforeItIsTriedLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	before := w.rows()
	w.engine.answers(func(registration.Act, registration.ActArgs) error {
		return &registration.Refusal{Code: registration.CodeWrongState, State: registration.IdentityRequired}
	})
	a := w.as("platform").post(path+"/card", person(t, 1).card(1)).refused(409, "wrong_state")
	require.Equal(t, "identity_required", a.Body["state"])
	require.Equal(t, before, w.rows())
}

// A run whose task was lost after its step had committed still stands in the state before: it is asked again.
func TestARunThatLagsBehindIsAskedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	asked := 0
	w.engine.answers(func(_ registration.Act, args registration.ActArgs) error {
		if asked++; asked == 1 {
			return &registration.Refusal{Code: registration.CodeWrongState, State: registration.DetailsRequired}
		}
		_, err := w.engine.perform(t.Context(), registration.ActCard, args)
		return err
	})
	require.Equal(t, "card_code_required", w.as("platform").post(path+"/card", person(t, 1).card(1)).ok(200).state())
	require.Equal(t, 2, asked)
}

func TestAnActTheStateForbidsNeverReachesTheEngine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	individual, enterprise := w.open("acct-1", "individual"), w.open("acct-2", "enterprise")
	before := w.rows()
	for _, c := range []struct {
		path string
		body any
	}{
		{individual + "/card/code", map[string]any{"code": "1234"}},
		{individual + "/card/code/resend", nil},
		{individual + "/admin-session", map[string]any{"role": "authorized_agent"}},
		{individual + "/deposit", map[string]any{"amount": "0.37"}},
		{individual + "/payout", nil},
		{individual + "/submit", nil},
		{enterprise + "/card", person(t, 1).card(1)},
		{enterprise + "/deposit", map[string]any{"amount": "0.37"}},
		{enterprise + "/submit", nil},
	} {
		a := w.as("platform").post(c.path, c.body).refused(409, "wrong_state")
		require.NotEmpty(t, a.Body["state"])
	}
	require.Empty(t, w.engine.told())
	require.Equal(t, before, w.rows())
}

func TestSubmittedThingsAreLocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/v1/registrations/" + w.underReview("acct-1", 3)
	p := person(t, 3)
	w.as("platform").put(path+"/name", map[string]any{"name": "Another Name"}).refused(409, "submitted_locked")
	w.as("platform").put(path+"/contact", p.contact()).refused(409, "submitted_locked")
	blobs := w.count(`select count(*) from documents`)
	w.as("platform").put(path+"/documents/id_card_front", png("new")).refused(409, "submitted_locked")
	require.Equal(t, blobs, w.count(`select count(*) from documents`))
	w.as("platform").post(path+"/card", p.card(3)).refused(409, "submitted_locked")
	w.as("platform").post(path+"/submit", nil).refused(409, "wrong_state")
}

func TestARunThatIsGoneIsExplainedByTheRow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	w.engine.answers(func(_ registration.Act, args registration.ActArgs) error {
		_, err := w.store.Steps().Withdraw(t.Context(), registration.Step{Subject: args.RegistrationID, Actor: registration.ByApplicant})
		return errors.Join(err, engine.ErrNoRun)
	})
	a := w.as("platform").post(path+"/card", person(t, 1).card(1)).refused(409, "wrong_state")
	require.Equal(t, "withdrawn", a.Body["state"])

	lost := w.open("acct-2", "individual")
	w.engine.answers(func(registration.Act, registration.ActArgs) error { return engine.ErrNoRun })
	w.as("platform").post(lost+"/card", person(t, 1).card(1)).ok(http.StatusAccepted)
	require.Equal(t, 1, w.count(`select count(*) from registrations where account_id = 'acct-2' and run_missing_since is not null`), "the reconciler is told to look for it")
}

func TestFiveWrongPasswordsLockTheStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	right, wrong := person(t, 1).card(1), person(t, 1).card(1)
	wrong["payment_password"] = "000000"
	for left := 4; left >= 0; left-- {
		a := w.as("platform").post(path+"/card", wrong).refused(403, "payment_password_incorrect")
		require.InDelta(t, left, a.Body["attempts_left"], 0)
	}
	a := w.as("platform").post(path+"/card", right).refused(429, "card_attempts_exceeded")
	require.NotEmpty(t, a.Body["retry_at"])
	require.Equal(t, 5, w.wallet.asked, "once locked, the wallet is not asked")
	require.Empty(t, w.engine.told())
}

func TestGuessesMadeAtOnceCountEach(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	wrong := person(t, 1).card(1)
	wrong["payment_password"] = "000000"
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() { w.as("platform").post(path+"/card", wrong) })
	}
	all.Wait()
	require.LessOrEqual(t, w.wallet.asked, registration.PasswordErrors)
}

func TestAWalletThatIsAwayBurnsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	before := w.rows()
	w.wallet.goes(errors.New("down"))
	for range 7 {
		w.as("platform").post(path+"/card", person(t, 1).card(1)).refused(503, "provider_unavailable")
	}
	require.Equal(t, before, w.rows())
	require.Zero(t, w.count(`select count(*) from attempts`))
	w.wallet.goes(nil)
	w.as("platform").post(path+"/card", person(t, 1).card(1)).ok(200)
}

func TestTwentyActsADayAreEnough(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	for n := range registration.VerificationActs {
		w.as("platform").post(path+"/card", person(t, 1).card(uint64(n))).ok(200)
	}
	a := w.as("platform").post(path+"/card", person(t, 1).card(99)).refused(429, "acts_exceeded")
	require.NotEmpty(t, a.Body["retry_at"])
}

// Each act has a budget of its own: whoever wears out one can still do the others, withdraw before all.
func TestAnActHasABudgetAnHour(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(d *Deps) { d.ActsPerHour = 3 })
	path := w.open("acct-1", "individual")
	for n := range 3 {
		w.as("platform").post(path+"/card", person(t, 1).card(uint64(n))).ok(200)
	}
	a := w.as("platform").post(path+"/card", person(t, 1).card(99)).refused(429, "acts_exceeded")
	require.NotEmpty(t, a.Header.Get("Retry-After"))
	at, err := time.Parse(time.RFC3339, a.Body["retry_at"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(time.Hour), at, time.Minute)
	w.as("platform").post(path+"/withdraw", nil).ok(200)
}

func TestAnAdminSessionIsAnsweredWithItsThreeFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "enterprise")
	a := w.as("platform").withKey("s").post(path+"/admin-session", map[string]any{"role": "authorized_agent"}).ok(200)
	require.Len(t, a.Body, 3)
	for _, field := range []string{"session_id", "qr_payload", "expires_at"} {
		require.NotEmpty(t, a.Body[field])
	}
	w.as("platform").post(path+"/admin-session", map[string]any{"role": "owner"}).refused(422, "invalid_request")
	w.as("platform").post(path+"/admin-session", nil).refused(400, "malformed_request")
}
