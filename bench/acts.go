package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"shiming/bench/noop"
	"shiming/bench/people"
)

// acts measures how long an act without a provider takes (a submission, then a withdrawal) against an empty update on the same server:
// by turns, with runs in the workers' caches, then without, and after the worker was killed.
func acts(ctx context.Context, s *stack, o options, out io.Writer) error {
	a, err := newActing(ctx, s, o)
	if err != nil {
		return err
	}
	defer a.close()
	var result actsResult
	if result.Submit, err = a.compare(ctx, a.warm, (*people.Case).Submit); err != nil {
		return err
	}
	if result.Withdraw, err = a.compare(ctx, a.warm, (*people.Case).Withdraw); err != nil {
		return err
	}
	for _, name := range []string{workerProcess, noopCommand} {
		if err := s.restart(ctx, name, false); err != nil {
			return err
		}
	}
	pause(ctx, settled)
	if result.Cold, err = a.compare(ctx, a.cold, (*people.Case).Submit); err != nil {
		return err
	}
	for _, name := range []string{workerProcess, noopCommand} {
		if err := s.restart(ctx, name, true); err != nil {
			return err
		}
	}
	if result.Killed, err = a.compare(ctx, a.killed, (*people.Case).Submit); err != nil {
		return err
	}
	return o.report(out, "acts", result)
}

// subject is a registration that waits for an act, and a run that waits for an update.
type subject struct {
	registration *people.Case
	run          string
}

type acting struct {
	c                  *counter
	player             *player
	warm, cold, killed []subject
}

func newActing(ctx context.Context, s *stack, o options) (a *acting, err error) {
	a = &acting{}
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	if a.c, err = newCounter(ctx, s); err != nil {
		return a, err
	}
	if a.player, err = newPlayer(s, nil); err != nil {
		return a, err
	}
	all := make([]subject, o.acts()+o.coldActs()+o.killedActs())
	platform := a.c.platform()
	group, filling := errgroup.WithContext(ctx)
	group.SetLimit(2 * atOnce)
	for i := range all {
		group.Go(func() (err error) {
			all[i].run = fmt.Sprintf("noop/open/%d", i)
			if err := a.player.StartOpen(filling, all[i].run, noop.OpenName); err != nil {
				return err
			}
			all[i].registration, err = platform.Prepare(filling)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return a, err
	}
	a.warm, a.cold, a.killed = all[:o.acts()], all[o.acts():o.acts()+o.coldActs()], all[o.acts()+o.coldActs():]
	pause(ctx, settled)
	return a, nil
}

func (a *acting) close() {
	if a.player != nil {
		a.player.engine.Close()
	}
	if a.c != nil {
		a.c.close()
	}
}

// compare makes acts and updates by turns, one at a time.
func (a *acting) compare(ctx context.Context, subjects []subject, act func(*people.Case, context.Context) error) (comparison, error) {
	var ours, theirs []time.Duration
	for _, s := range subjects {
		took, err := timed(func() error { return act(s.registration, ctx) })
		if err != nil {
			return comparison{}, err
		}
		ours = append(ours, took)
		if took, err = timed(func() error { return a.player.Update(ctx, s.run) }); err != nil {
			return comparison{}, err
		}
		theirs = append(theirs, took)
	}
	return compare(ours, theirs), nil
}

func timed(do func() error) (time.Duration, error) {
	began := time.Now()
	err := do()
	return time.Since(began), err
}
