package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/registration"
)

func TestTwentyEqualCallsHaveOneEffect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := person(t, 1).application("acct-1", "individual")
	answers := make([]answer, 20)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = w.as("platform").withKey("open-1").post("/v1/registrations", body) })
	}
	all.Wait()
	for _, a := range answers {
		a.ok(http.StatusCreated)
		require.Equal(t, answers[0].Raw, a.Raw)
		require.Equal(t, answers[0].Header.Get("Location"), a.Header.Get("Location"))
		require.Equal(t, "application/json", a.Header.Get("Content-Type"))
	}
	require.Equal(t, 1, w.count(`select count(*) from registrations`))
	require.Equal(t, 1, w.engine.opens)
}

func TestTwentyEqualActsAreTriedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	body := person(t, 1).card(1)
	body["payment_password"] = "000000"
	var all sync.WaitGroup
	answers := make([]answer, 20)
	for i := range answers {
		all.Go(func() { answers[i] = w.as("platform").withKey("card-1").post(path+"/card", body) })
	}
	all.Wait()
	for _, a := range answers {
		require.InDelta(t, 4, a.refused(http.StatusForbidden, "payment_password_incorrect").Body["attempts_left"], 0)
	}
	require.Equal(t, 1, w.wallet.asked)
}

func TestAKeyHoldsAcrossRestarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := person(t, 1).application("acct-1", "individual")
	first := w.as("platform").withKey("open-1").post("/v1/registrations", body).ok(201)
	w.as("platform").post("/v1/registrations/"+first.id()+"/withdraw", nil).ok(200)
	w.start()
	second := w.as("platform").withKey("open-1").post("/v1/registrations", body).ok(201)
	require.Equal(t, first.Raw, second.Raw)
}

// A process that is killed after the act was done, and before its answer was kept, leaves its key locked for a while.
func TestA503ForAKeyAtWorkSaysNothingOfTheCallBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	send := func() answer { return w.as("platform").withKey("card-1").post(path+"/card", person(t, 1).card(1)) }
	require.Equal(t, "card_code_required", send().ok(200).state())
	key := func(lockedUntil string) {
		_, err := w.store.Pool().Exec(t.Context(), `update idempotency set status = null, headers = null, body = null, answered_at = null,
			locked_until = now() + $1::interval where path like '%/card'`, lockedUntil)
		require.NoError(t, err)
	}

	key("1 minute")
	said := send().refused(http.StatusServiceUnavailable, "engine_unavailable").Body["detail"]
	require.Contains(t, said, "Another call with this key is at work")

	key("0 seconds")
	require.Equal(t, "card_code_required", send().ok(200).state())
	require.Equal(t, 1, w.count(`select count(*) from acts where act = 'card'`), "it is the same act, done once")
}

func TestAKeyIsScopedByCallerMethodAndPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := person(t, 1)
	w.as("platform").withKey("k").post("/v1/registrations", p.application("acct-1", "individual")).ok(201)
	w.as("platform").withKey("k").post("/v1/registrations", p.application("acct-2", "individual")).refused(422, "idempotency_key_reused")
	other := w.as("platform-2").withKey("k").post("/v1/registrations", p.application("acct-2", "individual")).ok(201)
	w.as("platform").withKey("k").post("/v1/registrations/"+other.id()+"/withdraw", nil).ok(200)
}

func TestOnlyMACsOfKeyAndBodyAreStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.as("platform").withKey("a-very-telling-key").post("/v1/registrations", person(t, 1).application("acct-1", "individual")).ok(201)
	require.Equal(t, 1, w.count(`select count(*) from idempotency`))
	require.Zero(t, w.count(`select count(*) from idempotency i where i::text like '%telling%' or encode(key, 'escape') like '%telling%'
		or encode(body, 'escape') like '%Harbour%'`))
	sent, err := json.Marshal(person(t, 1).application("acct-1", "individual"))
	require.NoError(t, err)
	plain := sha256.Sum256(sent)
	inner := sha256.Sum256([]byte(hex.EncodeToString(plain[:])))
	require.Zero(t, w.count(`select count(*) from idempotency where body_mac in ($1, $2)`, plain[:], inner[:]), "an unkeyed hash can be guessed")
}

func TestAnswersAreKeptFromWhenTheyWereGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	late := w.as("platform").withKey("k")
	body := person(t, 1).application("acct-1", "individual")
	w.engine.goes(engine.ErrUnavailable)
	late.post("/v1/registrations", body).refused(503, "engine_unavailable")
	w.engine.goes(nil)
	_, err := w.store.Pool().Exec(t.Context(), `update idempotency set created_at = created_at - interval '47 hours'`)
	require.NoError(t, err)
	first := late.post("/v1/registrations", body).ok(201)
	in := func(d time.Duration) *postgres.Store {
		return w.store.WithClock(func() time.Time { return time.Now().Add(d) })
	}
	require.NoError(t, in(24*time.Hour).ClearKeys(t.Context(), keepAnswers))
	require.Equal(t, first.Raw, late.post("/v1/registrations", body).ok(201).Raw)
	require.NoError(t, in(49*time.Hour).ClearKeys(t.Context(), keepAnswers))
	require.Zero(t, w.count(`select count(*) from idempotency`))
}

func TestBadKeysAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, key := range []string{" ", "a b", "käse", string(make([]byte, 0, 256)) + longKey(256)} {
		c := call{w: w, as: "platform", header: http.Header{"Idempotency-Key": {key}}}
		c.post("/v1/registrations", person(t, 1).application("acct-1", "individual")).refused(422, "invalid_request").errorAt("header.Idempotency-Key", "invalid")
	}
	c := call{w: w, as: "platform", header: http.Header{"Idempotency-Key": {"a", "b"}}}
	c.post("/v1/registrations", person(t, 1).application("acct-1", "individual")).refused(422, "invalid_request")
	w.as("platform").withKey(longKey(255)).post("/v1/registrations", person(t, 1).application("acct-1", "individual")).ok(201)
}

func longKey(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'k'
	}
	return string(b)
}

func TestAnAnswerThatIsNotKeptIsAskedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	body := person(t, 1).card(1)
	send := func() answer { return w.as("platform").withKey("card-1").post(path+"/card", body) }

	w.engine.goes(engine.ErrUnavailable)
	send().refused(http.StatusServiceUnavailable, "engine_unavailable")
	require.Zero(t, w.count(`select count(*) from acts where closed_at is null or verification`), "a 503 burns nothing")

	w.engine.goes(nil)
	require.Equal(t, "card_code_required", send().ok(200).state())
	require.Equal(t, "card_code_required", send().ok(200).state())
	told := w.engine.told()
	require.Len(t, told, 2)
	require.NotEqual(t, told[0].ActID, told[1].ActID, "the first is closed: if the engine had it, it changes nothing")

	body["holder_name"] = "李四"
	send().refused(422, "idempotency_key_reused")
}

func TestARefusalThatIsNotKeptIsAnotherActWhenRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	send := func() answer {
		return w.as("platform").withKey("card-1").post(path+"/card", person(t, 1).card(1))
	}
	w.engine.answers(func(_ registration.Act, args registration.ActArgs) error {
		refusal := registration.Refuse(registration.CodeProviderUnavailable)
		_, err := w.store.Steps().RefuseAct(t.Context(), registration.Refusing{Step: step(args), Refusal: *refusal})
		require.NoError(t, err)
		return refusal
	})
	send().refused(503, "provider_unavailable")
	require.Zero(t, w.count(`select count(*) from acts where verification`), "it does not count towards the limit")
	w.engine.answers(nil)
	send().ok(200)
	told := w.engine.told()
	require.NotEqual(t, told[0].ActID, told[1].ActID)
}

// A step that came too late for its act has spent the update's id: the engine would answer a repeat with the same for ever.
func TestAnActThatItsStepCameTooLateForIsAnotherWhenRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	send := func() answer {
		return w.as("platform").withKey("card-1").post(path+"/card", person(t, 1).card(1))
	}
	w.engine.answers(func(_ registration.Act, args registration.ActArgs) error {
		_, err := w.store.Pool().Exec(t.Context(), `update acts set expires_at = now() where id = $1`, args.ActID)
		require.NoError(t, err)
		result, err := w.store.CardAccepted(t.Context(), step(args), "bind_1")
		require.NoError(t, err)
		require.NotNil(t, result.Refusal)
		return result.Refusal
	})
	send().refused(503, "provider_unavailable")
	w.engine.answers(nil)
	require.Equal(t, "card_code_required", send().ok(200).state())
	told := w.engine.told()
	require.NotEqual(t, told[0].ActID, told[1].ActID)
}

func TestKeysNeverReachTheEngine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	w.as("platform").withKey("acct-1-telling").post(path+"/card", person(t, 1).card(1)).ok(200)
	told, err := json.Marshal(w.engine.told())
	require.NoError(t, err)
	require.NotContains(t, string(told), "telling")
	require.NotContains(t, string(told), person(t, 1).id)
}
