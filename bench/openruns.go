package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"shiming/bench/meter"
	"shiming/bench/noop"
	"shiming/bench/people"
	"shiming/registration"
)

// openRuns measures what registrations cost that are open and wait: memory of the worker that has their runs in its cache, disk, and how
// long an act takes among them.
func openRuns(ctx context.Context, s *stack, o options, out io.Writer) error {
	c, err := newCounter(ctx, s)
	if err != nil {
		return err
	}
	defer c.close()
	player, err := newPlayer(s, nil)
	if err != nil {
		return err
	}
	defer player.engine.Close()
	w := &waiting{counter: c, player: player, platform: c.platform()}
	if err := w.fill(ctx, o.warmUp()); err != nil { // both workers have done everything once
		return err
	}
	var result openResult
	for _, n := range append([]int{0}, o.openSizes()...) {
		size, err := w.measure(ctx, n, o.openActs())
		if err != nil {
			return err
		}
		result.Sizes = append(result.Sizes, size)
	}
	return o.report(out, "open", result)
}

// thrifty has Go keep its heap small, so that a process' memory is what it holds on to, and the cache hold all runs.
func thrifty(r *roles) {
	r.worker["GOGC"], r.worker["WORKFLOW_CACHE"] = "10", "30000"
	r.worker["RECONCILE_EVERY"] = "24h"
}

// waiting are registrations and empty runs that wait.
type waiting struct {
	*counter
	*player

	platform *people.Platform
	cases    []*people.Case
}

// fill opens registrations and empty runs up to a number of each.
func (w *waiting) fill(ctx context.Context, n int) error {
	from := len(w.cases)
	if n <= from {
		return nil
	}
	w.cases = append(w.cases, make([]*people.Case, n-from)...)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4 * atOnce)
	for i := from; i < n; i++ {
		group.Go(func() (err error) {
			if err := w.StartOpen(ctx, fmt.Sprintf("noop/empty/%d", i), noop.EmptyName); err != nil {
				return err
			}
			w.cases[i], err = w.platform.Open(ctx, registration.Individual)
			return err
		})
	}
	return group.Wait()
}

// calmDown is how long Go is given to return memory.
const calmDown = 10 * time.Second

func (w *waiting) measure(ctx context.Context, n, acts int) (openSize, error) {
	began := time.Now()
	had := len(w.cases)
	if err := w.fill(ctx, n); err != nil {
		return openSize{}, err
	}
	size := openSize{Runs: len(w.cases)}
	if opened := len(w.cases) - had; opened > 0 {
		size.OpenedPerSecond = float64(opened) / time.Since(began).Seconds()
	}
	pause(ctx, calmDown)
	var err error
	if size.WorkerMemory, err = meter.Memory(w.stack.process(workerProcess).PID()); err != nil {
		return size, err
	}
	if size.EmptyMemory, err = meter.Memory(w.stack.process(noopCommand).PID()); err != nil {
		return size, err
	}
	if size.TemporalMemory, err = meter.Memory(w.stack.servers.temporal.PID()); err != nil {
		return size, err
	}
	if size.Disk, err = meter.Disk(ctx, w.product); err != nil {
		return size, err
	}
	size.Withdraw, err = w.withdraw(ctx, acts)
	return size, err
}

// withdraw ends some of the registrations, spread over all that are open, and opens as many anew.
func (w *waiting) withdraw(ctx context.Context, acts int) (quantiles, error) {
	var took []time.Duration
	step := max(1, len(w.cases)/acts)
	for i := 0; i < len(w.cases) && len(took) < acts; i += step {
		one, err := timed(func() error { return w.cases[i].Withdraw(ctx) })
		if err != nil {
			return quantiles{}, err
		}
		took = append(took, one)
		if w.cases[i], err = w.platform.Open(ctx, registration.Individual); err != nil {
			return quantiles{}, err
		}
	}
	return quantilesOf(took), nil
}
