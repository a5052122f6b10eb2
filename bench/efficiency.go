package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"shiming/bench/noop"
	"shiming/registration"
)

// efficiency measures registrations and no-op workflows that make the same histories, by turns.
func efficiency(ctx context.Context, s *stack, o options, out io.Writer) error {
	c, err := newCounter(ctx, s)
	if err != nil {
		return err
	}
	defer c.close()
	c.careless = true
	casts, err := c.record(ctx, o)
	if err != nil {
		return err
	}
	player, err := newPlayer(s, casts)
	if err != nil {
		return err
	}
	defer player.engine.Close()
	before, err := c.idle(ctx, o.idle())
	if err != nil {
		return err
	}
	product, empty := map[registration.Kind][]round{}, map[registration.Kind][]round{}
	for number := range o.rounds() + 1 {
		for _, kind := range bothKinds() {
			ours, err := c.count(ctx, o.perRound(), func(ctx context.Context) error { return registerMany(ctx, c.platform(), kind, o.perRound()) })
			if err != nil {
				return err
			}
			theirs, err := c.count(ctx, o.perRound(), func(ctx context.Context) error { return player.many(ctx, kind, number, o.perRound()) })
			if err != nil {
				return err
			}
			if number > 0 { // in the first, caches are filled
				product[kind], empty[kind] = append(product[kind], ours), append(empty[kind], theirs)
			}
		}
	}
	after, err := c.idle(ctx, o.idle())
	if err != nil {
		return err
	}
	result, err := efficiencyOf(ctx, c, before.mean(after), product, empty)
	if err != nil {
		return err
	}
	return o.report(out, "efficiency", result)
}

func bothKinds() []registration.Kind {
	return []registration.Kind{registration.Individual, registration.Enterprise}
}

// cast is what a registration of a kind is made of: a script for each of its runs, and a name for each script.
type cast struct {
	names   []string
	scripts []noop.Script
}

// record takes some registrations and reads the scripts of their runs.
func (c *counter) record(ctx context.Context, o options) (map[registration.Kind]cast, error) {
	casts := map[registration.Kind]cast{}
	for _, kind := range bothKinds() {
		r, err := c.count(ctx, o.warmUp(), func(ctx context.Context) error { return registerMany(ctx, c.platform(), kind, o.warmUp()) })
		if err != nil {
			return nil, err
		}
		rounds := []round{r}
		if err := c.readRuns(ctx, rounds); err != nil {
			return nil, err
		}
		casts[kind] = castOf(kind, rounds[0])
	}
	return casts, nil
}

// castOf takes, of each workflow type, the run of the median length, as often as a registration has such runs.
func castOf(kind registration.Kind, r round) cast {
	var some cast
	groups := byKind(r.runs)
	for _, name := range sorted(groups) {
		group := groups[name]
		slices.SortFunc(group, func(a, b run) int { return len(a.events) - len(b.events) })
		script := noop.ScriptOf(group[len(group)/2].events)
		for range (len(group) + r.n/2) / r.n {
			some.names, some.scripts = append(some.names, string(kind)+"/"+name), append(some.scripts, script)
		}
	}
	return some
}

// player plays the no-op workflows of whole registrations.
type player struct {
	noop.Player

	engine client.Client
	casts  map[registration.Kind]cast
	prefix string // of its workflows' ids
}

func newPlayer(s *stack, casts map[registration.Kind]cast) (*player, error) {
	scripts := map[string]noop.Script{} // none: only runs that stay open are wanted
	for _, some := range casts {
		for i, name := range some.names {
			scripts[name] = some.scripts[i]
		}
	}
	if err := s.startNoopWorker(scripts); err != nil {
		return nil, err
	}
	engine, err := s.dial()
	if err != nil {
		return nil, err
	}
	return &player{Player: noop.Player{Engine: engine, TaskQueue: noopQueue}, engine: engine, casts: casts}, nil
}

// many plays so many registrations, as many at once as of the product's.
func (p *player) many(ctx context.Context, kind registration.Kind, round, n int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := range n {
		group.Go(func() error {
			prefix := fmt.Sprintf("noop/%s/%s/%d/%d/", p.prefix, kind, round, i)
			return p.one(ctx, prefix, p.casts[kind])
		})
	}
	return group.Wait()
}

// one plays the runs of a registration one after another, as most of them come.
func (p *player) one(ctx context.Context, prefix string, some cast) error {
	var errs []error
	for i, script := range some.scripts {
		errs = append(errs, p.Play(ctx, prefix+strconv.Itoa(i), some.names[i], script))
	}
	return errors.Join(errs...)
}
