package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

// callers are how many call side by side while the capacity is looked for; the first is the load that nobody waits under.
func callers() []int { return []int{1, 2, 4, 8, 16} }

// settled is how long the machine is left alone between two searches.
const settled = 3 * time.Second

// overload offers many times as many creations as can be done.
func overload(ctx context.Context, s *stack, o options, out io.Writer) error {
	b := newBackend(s, o.patience)
	if err := b.warm(ctx); err != nil {
		return err
	}
	capacity, calm := findCapacity(ctx, b, o.probe, out)
	sayf(out, "capacity: %.1f a second; without load: %v\n", capacity, calm)

	rate := o.rate
	if rate == 0 {
		rate = o.times * capacity
	}
	sayf(out, "offering %.0f a second for %v…\n", rate, o.load)
	began := time.Now()
	answers := open(ctx, rate, o.load, b.create)
	reportLoad(out, answers, began, o.load, capacity, calm)
	took, normal := untilNormal(ctx, b, calm)
	if normal {
		sayf(out, "normal again: %.1f s after the last call was sent (%.1f s after the last answer)\n", time.Since(began.Add(o.load)).Seconds(), took.Seconds())
	} else {
		sayf(out, "NOT normal within %v\n", normalWithin)
	}
	if err := reportLeft(ctx, s, o, answers, out); err != nil {
		return err
	}
	again, calmAgain := rateOf(ctx, b, 4, o.probe)
	sayf(out, "afterwards, 4 callers: %.1f a second, %v\n", again, calmAgain)
	return ctx.Err()
}

// warm calls until a creation is answered as it should be: the worker polls, caches are filled.
func (b *backend) warm(ctx context.Context) error {
	until := time.Now().Add(readyWithin)
	for good := 0; good < 20; {
		a := b.create(ctx)
		switch {
		case a.accepted():
			good++
		case time.Now().After(until) || ctx.Err() != nil:
			return fmt.Errorf("no creation was answered 201 within %v: the last %d %s", readyWithin, a.status, a.code)
		default:
			pause(ctx, 200*time.Millisecond)
		}
	}
	return nil
}

func rateOf(ctx context.Context, b *backend, callers int, during time.Duration) (float64, times) {
	began := time.Now()
	done := timesOf(closed(ctx, callers, during, b.create), answer.accepted)
	return float64(len(done)) / time.Since(began).Seconds(), done
}

// findCapacity is the best rate of any number of callers, with the times of one.
func findCapacity(ctx context.Context, b *backend, during time.Duration, out io.Writer) (best float64, calm times) {
	for _, n := range callers() {
		rate, done := rateOf(ctx, b, n, during)
		sayf(out, "  %2d callers: %.1f a second, %v\n", n, rate, done)
		if calm == nil {
			calm = done
		}
		best = max(best, rate)
		pause(ctx, settled)
	}
	return best, calm
}

func reportLoad(out io.Writer, answers []answer, began time.Time, load time.Duration, capacity float64, calm times) {
	accepted := timesOf(answers, answer.accepted)
	within := 0
	for _, a := range answers {
		if a.accepted() && a.sent.Add(a.took).Before(began.Add(load)) {
			within++
		}
	}
	goodput := float64(within) / load.Seconds()
	sayf(out, "goodput: %.1f a second, %.0f %% of the capacity\n", goodput, 100*goodput/capacity)
	sayf(out, "accepted: %v; p99 is %.1f times that without load\n", accepted, accepted.at(.99).Seconds()/calm.at(.99).Seconds())
	refused := func(a answer) bool { return !a.accepted() && a.status != 0 }
	sayf(out, "refused: %v\n", timesOf(answers, refused))
	kinds := map[string]int{}
	silent := 0
	for _, a := range answers {
		kinds[fmt.Sprintf("%d %s", a.status, a.code)]++
		if refused(a) && !a.retryAfter {
			silent++
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		sayf(out, "  %-28s %d\n", kind, kinds[kind])
	}
	sayf(out, "  without Retry-After          %d\n", silent)
}

const (
	normalWithin = 3 * time.Minute
	inARow       = 5
)

// untilNormal calls one after another until some in a row are answered as they would be without load.
func untilNormal(ctx context.Context, b *backend, calm times) (time.Duration, bool) {
	began := time.Now()
	var first time.Duration
	for good := 0; good < inARow; {
		if time.Since(began) > normalWithin || ctx.Err() != nil {
			return 0, false
		}
		at := time.Since(began)
		a := b.create(ctx)
		if !a.accepted() || a.took > 3*calm.at(.99) {
			good = 0
			pause(ctx, 50*time.Millisecond)
			continue
		}
		if good == 0 {
			first = at
		}
		good++
	}
	return first, true
}
