package api

import (
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/devstack/stacktest"
	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/registration"
)

// newLine lays a line to the database; the URL leads through it.
func newLine(t *testing.T, databaseURL string) (*stacktest.Line, string) {
	t.Helper()
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	l := stacktest.NewLine(t, u.Host)
	u.Host = l.Address
	return l, u.String()
}

// newWorldOnALine is a world whose database can be cut off, with a registration that is open.
func newWorldOnALine(t *testing.T) (l *stacktest.Line, w *world, path string) {
	t.Helper()
	l, through := newLine(t, stacktest.Database(t, postgres.Migrate))
	w = newWorldOn(t, through)
	return l, w, w.open("acct-1", "individual")
}

// Every call must answer 503 within ten seconds while the database is away, and work again when it is back.
func TestWithoutADatabaseEveryCallIsAnswered503InTime(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{stacktest.Cut, stacktest.Dead} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			l, through := newLine(t, stacktest.Database(t, postgres.Migrate))
			w := newWorldOn(t, through, func(d *Deps) { d.AnswerWithin = 0 }) // as it is by default
			path := w.open("acct-1", "individual")
			l.Goes(mode)
			calls := []func() answer{
				func() answer { return w.as("platform").get(path) },
				func() answer { return w.as("platform").get("/v1/registrations") },
				func() answer {
					return w.as("platform").post("/v1/registrations", person(t, 2).application("acct-2", "individual"))
				},
				func() answer { return w.as("platform").withKey("k").post(path+"/card", person(t, 1).card(1)) },
				func() answer { return w.as("platform").post(path+"/card", person(t, 1).card(1)) },
				func() answer { return w.as("platform").put(path+"/contact", person(t, 1).contact()) },
				func() answer { return w.as("platform").put(path+"/documents/id_card_front", png("x")) },
				func() answer { return w.as("reviewer").get("/v1/reviews") },
				func() answer { return w.report("bank", bankSecret, "m", time.Now(), unknownTransfer) },
			}
			var all sync.WaitGroup
			for i, send := range calls {
				all.Go(func() {
					began := time.Now()
					a := send()
					if a.Status != http.StatusServiceUnavailable || a.Body["code"] != "engine_unavailable" || time.Since(began) > 10*time.Second {
						t.Errorf("call %d: %d %s after %s", i, a.Status, a.Raw, time.Since(began))
					}
				})
			}
			all.Wait()
			require.Equal(t, http.StatusServiceUnavailable, w.as("").get("/readyz").Status)
			l.Goes(stacktest.Whole)
			require.Eventually(t, func() bool { return w.as("platform").get(path).Status == 200 }, 20*time.Second, 100*time.Millisecond)
			w.as("platform").withKey("k").post(path+"/card", person(t, 1).card(1)).ok(200)
		})
	}
}

func TestWithoutTheEngineNothingIsLeftBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.open("acct-1", "individual")
	w.engine.goes(engine.ErrUnavailable)
	w.as("platform").post(path+"/withdraw", nil).refused(503, "engine_unavailable")
	w.as("platform").withKey("o").post("/v1/registrations", person(t, 2).application("acct-2", "individual")).refused(503, "engine_unavailable")
	require.Equal(t, 1, w.count(`select count(*) from registrations`))
	require.Zero(t, w.count(`select count(*) from acts where closed_at is null`))
	require.Zero(t, w.count(`select count(*) from vault_keys where subject like 'reg%' and subject not in (select id from registrations)`), "what was handed in is gone")
	w.as("platform").get(path).ok(200)
	w.engine.goes(nil)
	w.as("platform").withKey("o").post("/v1/registrations", person(t, 2).application("acct-2", "individual")).ok(201)
	w.as("platform").post(path+"/withdraw", nil).ok(200)
}

// An act whose caller was answered 503 is not done when the database comes back: it was closed in the time that the call had
// left, or its own time is over.
func TestAnActIsNotDoneAfterADatabaseThatWasAway(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]time.Duration{"for a moment": 500 * time.Millisecond, "for long": time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, w, path := newWorldOnALine(t)
			w.engine.answers(func(registration.Act, registration.ActArgs) error {
				l.Goes(stacktest.Cut)
				time.AfterFunc(away, func() { l.Goes(stacktest.Whole) })
				return engine.ErrStillWorking
			})
			w.as("platform").post(path+"/withdraw", nil).refused(503, "engine_unavailable")
			l.Goes(stacktest.Whole)
			require.Eventually(t, func() bool { return w.as("platform").get(path).Status == 200 }, 20*time.Second, 100*time.Millisecond)
			late, err := w.store.Steps().Withdraw(t.Context(), step(w.engine.told()[0]))
			require.NoError(t, err)
			require.NotNil(t, late.Refusal)
			require.Equal(t, "identity_required", w.as("platform").get(path).ok(200).state())
		})
	}
}

// A run's refusal counts only if the row says so too: while the row cannot be read nobody is refused by what may be old.
func TestARefusalThatCannotBeCheckedIsNone(t *testing.T) {
	t.Parallel()
	l, w, path := newWorldOnALine(t)
	w.engine.answers(func(registration.Act, registration.ActArgs) error {
		l.Goes(stacktest.Cut)
		return &registration.Refusal{Code: registration.CodeWrongState, State: registration.DetailsRequired}
	})
	w.as("platform").post(path+"/card", person(t, 1).card(1)).refused(503, "engine_unavailable")
}
