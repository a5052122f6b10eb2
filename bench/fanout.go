package main

import (
	"context"
	"io"

	"shiming/bench/people"
	"shiming/registration"
)

// fanout measures what many subscribers cost, and whether one that is deaf keeps the others waiting.
func fanout(ctx context.Context, s *stack, o options, out io.Writer) error {
	c, err := newCounter(ctx, s)
	if err != nil {
		return err
	}
	defer c.close()
	c.careless = true
	p := c.platform()
	if err := registerMany(ctx, p, registration.Individual, o.warmUp()); err != nil {
		return err
	}
	idle, err := c.idle(ctx, o.idle())
	if err != nil {
		return err
	}
	n := o.fanouts()
	alone, err := c.count(ctx, n, func(ctx context.Context) error { return registerMany(ctx, p, registration.Individual, n) })
	if err != nil {
		return err
	}
	they, err := subscribe(ctx, p, s.owners, manySubscribers)
	if err != nil {
		return err
	}
	defer func() { _ = they.server.Close() }()
	told, err := c.count(ctx, n, func(ctx context.Context) error { return registerMany(ctx, p, registration.Individual, n) })
	if err != nil {
		return err
	}
	result := fanoutResult{Subscribers: manySubscribers}
	result.Delivery = deliveryCostOf(alone, told, len(they.came()), idle)
	for range o.fanoutRounds() { // by turns
		for _, deaf := range []int{0, 1} {
			latencies, err := they.latencies(ctx, p, n, deaf)
			if err != nil {
				return err
			}
			if deaf == 0 {
				result.AllAnswer = append(result.AllAnswer, latencies)
			} else {
				result.OneDeaf = append(result.OneDeaf, latencies)
			}
		}
	}
	return o.report(out, "fanout", result)
}

// latencies registers some individuals, and says how long their events took to those who answer.
func (s *subscribers) latencies(ctx context.Context, p *people.Platform, n, deaf int) (quantiles, error) {
	s.set(0, deaf)
	if err := registerMany(ctx, p, registration.Individual, n); err != nil {
		return quantiles{}, err
	}
	// Until nothing has come for a while: the deaf one's are tried for days.
	for last := -1; last != len(s.came()) && ctx.Err() == nil; {
		last = len(s.came())
		pause(ctx, settled)
	}
	return quantilesOf(s.came()), ctx.Err()
}
