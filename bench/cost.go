package main

import (
	"context"
	"io"
	"time"

	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"shiming/bench/people"
	"shiming/registration"
)

// costs measures what registrations of both kinds take of everything, in rounds by turns.
func costs(ctx context.Context, s *stack, o options, out io.Writer) error {
	c, err := newCounter(ctx, s)
	if err != nil {
		return err
	}
	defer c.close()
	c.careless = o.quick // it takes eleven seconds a round
	platform := c.platform()
	kinds := []registration.Kind{registration.Individual, registration.Enterprise}
	for _, kind := range kinds { // caches are filled, plans made, pages touched
		if err := registerMany(ctx, platform, kind, o.warmUp()); err != nil {
			return err
		}
	}
	before, err := c.idle(ctx, o.idle())
	if err != nil {
		return err
	}
	var rounds []round
	for range o.rounds() {
		for _, kind := range kinds { // by turns, so that what changes meanwhile changes for both
			r, err := c.count(ctx, o.perRound(), func(ctx context.Context) error { return registerMany(ctx, platform, kind, o.perRound()) })
			if err != nil {
				return err
			}
			r.kind = kind
			rounds = append(rounds, r)
		}
	}
	after, err := c.idle(ctx, o.idle())
	if err != nil {
		return err
	}
	if err := c.readRuns(ctx, rounds); err != nil {
		return err
	}
	idle := before.mean(after)
	result := costResult{Idle: idle, Kinds: map[registration.Kind]kindCost{}}
	for _, kind := range kinds {
		result.Kinds[kind] = kindCostOf(ofKind(rounds, kind), idle)
	}
	return o.report(out, "cost", result)
}

func ofKind(rounds []round, kind registration.Kind) []round {
	var some []round
	for _, r := range rounds {
		if r.kind == kind {
			some = append(some, r)
		}
	}
	return some
}

// atOnce is how many registrations are under way side by side: as many as there are cores keep a small machine busy.
const atOnce = 2

// registerMany takes registrations to their approval.
func registerMany(ctx context.Context, p *people.Platform, kind registration.Kind, n int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for range n {
		group.Go(func() error {
			_, err := p.Register(ctx, kind)
			return err
		})
	}
	return group.Wait()
}

// dial opens Temporal as a client that says nothing.
func (s *stack) dial() (client.Client, error) {
	return client.Dial(client.Options{HostPort: s.servers.address, Namespace: s.servers.namespace, Logger: quiet{}})
}

const settledFor = 300 * time.Millisecond
