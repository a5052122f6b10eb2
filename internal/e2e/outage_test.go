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
