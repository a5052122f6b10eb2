package e2e

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/devstack/stacktest"
)

// Without the engine every act is answered 503 in time, reading goes on, and nobody has to restart anything when it is
// back.
func TestWithoutTheEngineActsAreAnswered503InTime(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{stacktest.Cut, stacktest.Dead} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			l := stacktest.NewLine(t, stacktest.TemporalEndpoint(t).Address)
			w := newWorld(t, withLine(l))
			r := w.open(t, "individual", newAccount("acct-"))
			leaves := w.open(t, "individual", newAccount("acct-")) // perhaps: a dead line may hand on later what it was given
			other := &reg{world: w, t: t, account: newAccount("acct-"), who: somebody(t)}
			proof, asked := r.who.card("622202"), w.platform(t).withKey("key"+newAccount("-"))
			l.Goes(mode)

			var all sync.WaitGroup
			for what, send := range map[string]func() answer{
				"card":     func() answer { return asked.post(r.path("/card"), proof) },
				"withdraw": func() answer { return leaves.post("/withdraw", nil) },
				"open":     func() answer { return asked.post("/v1/registrations", other.application("individual")) },
			} {
				all.Go(func() {
					began := time.Now()
					a := send()
					if a.Status != http.StatusServiceUnavailable || a.Body["code"] != "engine_unavailable" || time.Since(began) > 10*time.Second {
						t.Errorf("%s: %d %v after %s", what, a.Status, a.Body, time.Since(began))
					}
				})
			}
			all.Wait()
			r.get().inState("identity_required")
			require.Equal(t, http.StatusServiceUnavailable, w.platform(t).get("/readyz").Status)

			l.Goes(stacktest.Whole)
			w.eventually(t, func() bool { return w.platform(t).get("/readyz").Status < 300 }, func() string { return "the API never became ready again" })
			w.eventually(t, func() bool { return asked.post(r.path("/card"), proof).Status == 200 }, func() string { return "the same call never worked again" })
			r.until("card_code_required")
			asked.post("/v1/registrations", other.application("individual")).ok(201)
		})
	}
}

// An opening that no worker took in time is answered 503 and does not come to be; the same call opens when one is there, and so
// does another for the same account. The runs that were begun for nothing end.
func TestAnOpeningThatFoundNoWorkerCanBeRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stopWorker()
	keyed := &reg{world: w, t: t, account: newAccount("acct-"), who: somebody(t)}
	other := &reg{world: w, t: t, account: newAccount("acct-"), who: somebody(t)}
	asked := w.platform(t).withKey("key" + newAccount("-"))
	var all sync.WaitGroup
	all.Go(func() {
		asked.post("/v1/registrations", keyed.application("individual")).refused(503, "engine_unavailable")
	})
	all.Go(func() {
		w.platform(t).post("/v1/registrations", other.application("individual")).refused(503, "engine_unavailable")
	})
	all.Wait()
	w.stopWorker = w.startWorker(t)
	w.eventually(t, func() bool { return asked.post("/v1/registrations", keyed.application("individual")).Status == 201 },
		func() string { return "the same call never opened it" })
	w.eventually(t, func() bool {
		return w.platform(t).post("/v1/registrations", other.application("individual")).Status == 201
	},
		func() string { return "another call never opened it" })
	require.Equal(t, 2, count(t, w, `select count(*) from registrations`))
}

func count(t *testing.T, w *world, sql string) (n int) {
	t.Helper()
	require.NoError(t, w.store.Pool().QueryRow(t.Context(), sql).Scan(&n))
	return n
}
