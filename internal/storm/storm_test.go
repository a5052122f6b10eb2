package storm

import (
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/registration"
)

const (
	aKill     = 1050 * time.Millisecond // what one costs, with four processes being killed side by side
	finishIn  = 4 * time.Minute         // for the people to bring everything to its end
	giveUp    = 50 * time.Second        // when nobody gets on any more
	calmIn    = time.Minute             // for what was left to be sent
	shortDay  = 10 * time.Minute
	ballpark  = 3 // a day lasts that many storms at least
	idleConns = 64
)

// TestStorm is the whole of it; `make storm` runs it.
func TestStorm(t *testing.T) {
	t.Parallel()
	if !*wanted {
		t.Skip("kills the product for some minutes: run `make storm`, or set SHIMING_STORM=1")
	}
	if *seed == 0 {
		*seed = rand.Uint64N(1_000_000)
	}
	began := time.Now()
	t.Logf("seed %d: %d kills, %d registrations; the same again: make storm SEED=%d KILLS=%d REGISTRATIONS=%d", *seed, *kills, *registrations, *seed, *kills, *registrations)
	expected := time.Duration(*kills) * aKill
	w := newWorld(t, max(shortDay, ballpark*expected))
	stop := w.run(t)
	t.Cleanup(stop)
	require.NoError(t, w.ready(t.Context()))
	weather := &weather{world: w, plan: newPlan(*seed, *kills, *registrations)}
	b := &backend{apis: w.apis, http: &http.Client{Timeout: callTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: idleConns}}}
	g := newGate()
	drivers, finished := drive(t, weather.plan, b, g, w.outside, expected)

	t.Logf("%4.0f s: up, the storm begins", time.Since(began).Seconds())
	weather.rage(t.Context(), expected)
	require.Empty(t, weather.failed, "the storm itself failed")
	require.NoError(t, w.outside.heals(t.Context()))
	require.NoError(t, w.ready(t.Context()))
	t.Logf("%4.0f s: %d kills done, everything is up again, the last calls end", time.Since(began).Seconds(), len(weather.kills))
	g.close()
	t.Logf("%4.0f s: quiet for %s", time.Since(began).Seconds(), *quietFor)
	pause(t.Context(), *quietFor)

	first := weather.scene(t, b, drivers)
	troubles := append(judge(first), b.complained()...)
	t.Logf("%4.0f s: %d of %d open; %d troubles; now to the end of each", time.Since(began).Seconds(), open(first), len(drivers), len(troubles))
	weather.tell(t, first, troubles)

	close(g.reopened)
	finished()
	weather.calm(t)
	last := weather.scene(t, b, drivers)
	after := append(judgeEffects(last), unended(last, drivers)...)
	after = append(after, b.complained()...)
	weather.tell(t, last, slices.DeleteFunc(slices.Clone(after), func(one trouble) bool { return slices.Contains(troubles, one) }))
	for _, one := range after {
		if !slices.Contains(troubles, one) {
			troubles = append(troubles, one)
		}
	}
	t.Log(summary(weather, last, b, troubles, time.Since(began)))
	if len(troubles) > 0 {
		t.Errorf("%d troubles; the same plan again: SEED=%d", len(troubles), *seed)
	}
}

// drive lets everybody begin. The returned function waits until all have come to their end, as long as anybody gets on.
func drive(t *testing.T, p plan, b *backend, g *gate, o outside, expected time.Duration) (drivers []*driver, finished func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for _, a := range p.Applicants {
		d := newDriver(a, p.Seed, b, g, o)
		drivers = append(drivers, d)
		all.Go(func() { d.run(ctx, expected*time.Duration(a.Starts)/1000) })
	}
	return drivers, func() {
		defer cancel()
		ended := make(chan struct{})
		go func() { all.Wait(); close(ended) }()
		b.getsOn()
		look, limit := time.NewTicker(200*time.Millisecond), time.NewTimer(finishIn)
		defer look.Stop()
		defer limit.Stop()
		for {
			select {
			case <-ended:
				return
			case <-limit.C:
				cancel()
			case <-look.C:
				if b.idle() > giveUp {
					cancel()
				}
			}
		}
	}
}

// getsOn says that somebody does.
func (b *backend) getsOn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lastYes = time.Now()
}

// idle is for how long nobody has got on.
func (b *backend) idle() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Since(b.lastYes)
}

// calm waits until what was left to be sent is sent. What never is shows in the next look.
func (w *weather) calm(t *testing.T) {
	t.Helper()
	for until := time.Now().Add(calmIn); time.Now().Before(until); pause(t.Context(), time.Second) {
		running, err := w.running(t.Context())
		require.NoError(t, err)
		if len(running[registration.PayoutWorkflow])+len(running[registration.NoticeWorkflow]) == 0 {
			return
		}
	}
}

// scene looks at everything, without the drivers calling meanwhile.
func (w *weather) scene(t *testing.T, b *backend, drivers []*driver) *scene {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	s, err := w.look(ctx, b, drivers)
	require.NoError(t, err)
	return s
}

// tell prints the troubles, and of everybody in trouble what there is to know.
func (w *weather) tell(t *testing.T, s *scene, troubles []trouble) {
	t.Helper()
	for _, one := range s.Sights {
		own := slices.DeleteFunc(slices.Clone(troubles), func(x trouble) bool { return x.Account != one.Account })
		if len(own) > 0 {
			t.Log(w.dossier(t.Context(), one, own))
		}
	}
	for _, one := range troubles {
		if !slices.ContainsFunc(s.Sights, func(x *sight) bool { return x.Account == one.Account }) {
			t.Log(one)
		}
	}
}

// complained is what the backends had to say of answers that nobody should have got.
func (b *backend) complained() []trouble {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.complaints)
}
