package main

import (
	"context"
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

// cast is what registrations of a kind are made of.
type cast []member

// member is a workflow type: its script, and how many such runs so many registrations had.
type member struct {
	name                string
	script              noop.Script
	runs, registrations int
}

// times is how many such runs the nth registration has, so that many have as many as those that were recorded.
func (m member) times(n int) int { return (n+1)*m.runs/m.registrations - n*m.runs/m.registrations }

// record takes some registrations and reads the scripts of their runs.
func (c *counter) record(ctx context.Context, o options) (map[registration.Kind]cast, error) {
	casts := map[registration.Kind]cast{}
	for _, kind := range bothKinds() {
		if err := registerMany(ctx, c.platform(), kind, o.warmUp()); err != nil { // the first are not like the rest
			return nil, err
		}
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

// castOf takes, of each workflow type, the run of the median length.
func castOf(kind registration.Kind, r round) cast {
	var some cast
	groups := byKind(r.runs)
	for _, name := range sorted(groups) {
		group := groups[name]
		slices.SortFunc(group, func(a, b run) int { return len(a.events) - len(b.events) })
		some = append(some, member{string(kind) + "/" + name, noop.ScriptOf(group[len(group)/2].events), len(group), r.n})
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
		for _, m := range some {
			scripts[m.name] = m.script
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
			return p.one(ctx, fmt.Sprintf("noop/%s/%s/%d/%d/", p.prefix, kind, round, i), p.casts[kind], i)
		})
	}
	return group.Wait()
}

// one plays the runs of the nth registration one after another, as most of them come.
func (p *player) one(ctx context.Context, prefix string, some cast, n int) error {
	for _, m := range some {
		for i := range m.times(n) {
			if err := p.Play(ctx, prefix+m.name+"/"+strconv.Itoa(i), m.name, m.script); err != nil {
				return err
			}
		}
	}
	return nil
}
