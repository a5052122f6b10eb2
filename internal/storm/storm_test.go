package storm

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	aKill    = 1050 * time.Millisecond // what one costs, with four processes being killed side by side
	finishIn = 4 * time.Minute         // for the people to bring everything to its end
	giveUp   = 50 * time.Second        // when nobody gets on any more
	calmIn   = time.Minute             // for what was left to be sent
	lookIn   = 4 * time.Minute         // however busy the machine is
	shortDay = 10 * time.Minute
	ballpark = 3 // a day lasts that many storms at least
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
	repeat := fmt.Sprintf("make storm SEED=%d KILLS=%d REGISTRATIONS=%d", *seed, *kills, *registrations)
	began := time.Now()
	told := func(format string, args ...any) {
		t.Helper()
		t.Logf("%4.0f s: %s", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	told("seed %d; the same plan again: %s", *seed, repeat)
	s := brew(t)
	told("everything is up, the storm begins")
	s.rage(t)
	told("%d kills done, everything is up again; nobody calls for %s", len(s.kills), *quietFor)
	pause(t.Context(), *quietFor)
	troubles := s.judged(t, nil)
	told("%d of %d are open, %d troubles; now everybody goes on to the end", s.seen.open(), len(s.drivers), len(troubles))
	s.finish(t)
	troubles = s.judged(t, troubles)
	t.Log(summary(s.weather, s.seen, s.backend, troubles, time.Since(began)))
	if len(troubles) > 0 {
		t.Errorf("%d troubles; the same plan again: %s\n%s", len(troubles), repeat, worst(troubles))
	}
}

// mostTold is how many troubles the last line of a failed storm repeats: whoever reads only the end of its output sees those.
const mostTold = 5

func worst(troubles []trouble) string {
	var lines []string
	for _, one := range troubles[:min(len(troubles), mostTold)] {
		lines = append(lines, one.String())
	}
	return strings.Join(lines, "\n")
}

// storm is one run of a plan.
type storm struct {
	*weather
	*backend
	*gate
	drivers  []*driver
	finished func()
	ended    bool   // the people had their time to come to the end
	seen     *scene // the newest look
}

const idleConns = 64

// brew brings everything up and lets the people begin.
func brew(t *testing.T) *storm {
	t.Helper()
	expected := time.Duration(*kills) * aKill
	w := newWorld(t, max(shortDay, ballpark*expected))
	t.Cleanup(w.run(t))
	require.NoError(t, w.ready(t.Context()))
	s := &storm{
		weather: &weather{world: w, plan: newPlan(*seed, *kills, *registrations), expected: expected}, gate: newGate(),
		backend: &backend{apis: w.apis, http: &http.Client{Timeout: callTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: idleConns}}},
	}
	s.drivers, s.finished = drive(t, s.weather, s.backend, s.gate)
	return s
}

// rage returns when all kills are done, everything is mended, and nobody calls any more.
func (s *storm) rage(t *testing.T) {
	t.Helper()
	s.weather.rage(t.Context())
	require.Empty(t, s.failed, "the storm itself failed")
	require.NoError(t, s.outside.heals(t.Context()))
	require.NoError(t, s.ready(t.Context()))
	s.close()
}

// finish lets everybody go on, and what they left behind be sent.
func (s *storm) finish(t *testing.T) {
	t.Helper()
	close(s.reopened)
	s.finished()
	s.ended = true
	for until := time.Now().Add(calmIn); time.Now().Before(until); pause(t.Context(), time.Second) {
		running, err := s.running(t.Context())
		require.NoError(t, err)
		if len(running) == 0 {
			return
		}
	}
}

// judged looks at everything, without the people calling meanwhile, and adds the troubles to those known. It prints the new
// ones, and of everybody in trouble what there is to know.
func (s *storm) judged(t *testing.T, known []trouble) []trouble {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), lookIn)
	defer cancel()
	var err error
	s.seen, err = s.look(ctx, s.backend, s.drivers)
	require.NoError(t, err)
	found := append(judge(s.seen), s.complained()...)
	if s.ended {
		found = append(found, unended(s.seen, s.drivers)...)
	}
	found = slices.DeleteFunc(found, func(one trouble) bool { return slices.Contains(known, one) })
	s.tell(t, s.seen, found)
	return append(known, found...)
}

// drive lets everybody begin. The returned function waits until all have come to their end, as long as anybody gets on.
func drive(t *testing.T, w *weather, b *backend, g *gate) (drivers []*driver, finished func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for _, a := range w.plan.Applicants {
		d := newDriver(a, w.plan.Seed, b, g, w.outside)
		drivers = append(drivers, d)
		all.Go(func() { d.run(ctx, w.expected*time.Duration(a.Starts)/1000) })
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
