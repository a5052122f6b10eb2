package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"shiming/bench/people"
	"shiming/registration"
)

// reports measures how long a bank's report waits behind webhook deliveries until its registration has followed it.
func reports(ctx context.Context, s *stack, o options, out io.Writer) error {
	c, err := newCounter(ctx, s)
	if err != nil {
		return err
	}
	defer c.close()
	p := c.platform()
	transfers, err := awaitTransfers(ctx, p, 3*o.reports())
	if err != nil {
		return err
	}
	pause(ctx, settled)
	var result reportsResult
	if result.Calm, err = followAll(ctx, c, transfers[:o.reports()]); err != nil {
		return err
	}
	they, err := subscribe(ctx, p, s.owners, manySubscribers)
	if err != nil {
		return err
	}
	defer func() { _ = they.server.Close() }()
	behind := func(delay time.Duration, reported []transfer) ([]followed, error) {
		they.set(delay, 0)
		if err := openMany(ctx, p, wanted/manySubscribers); err != nil {
			return nil, err
		}
		return followAll(ctx, c, reported)
	}
	if result.Quick, err = behind(0, transfers[o.reports():2*o.reports()]); err != nil {
		return err
	}
	if err := c.untilDelivered(ctx); err != nil {
		return err
	}
	if result.Slow, err = behind(slowAnswer, transfers[2*o.reports():]); err != nil {
		return err
	}
	return o.report(out, "reports", result)
}

// deliveredWithin is how long a slow machine may take for all of them.
const deliveredWithin = 10 * time.Minute

// untilDelivered returns when no delivery waits.
func (c *counter) untilDelivered(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, deliveredWithin)
	defer cancel()
	var waiting int
	for {
		if err := c.product.QueryRow(ctx, `select count(*) from webhook_deliveries where state = 'pending'`).Scan(&waiting); err != nil {
			return fmt.Errorf("%d deliveries wait: %w", waiting, err)
		}
		if waiting == 0 {
			return nil
		}
		pause(ctx, 100*time.Millisecond)
	}
}

const (
	// wanted is how many deliveries wait: one event for each of many subscribers.
	wanted = 1200
	// slowAnswer is how long a subscriber takes, so that the deliveries go on waiting while reports come.
	slowAnswer = 5 * time.Second
)

// transfer is a payment that the bank has accepted.
type transfer struct {
	registration *people.Case
	key          string
}

func awaitTransfers(ctx context.Context, p *people.Platform, n int) ([]transfer, error) {
	all := make([]transfer, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2 * atOnce)
	for i := range all {
		group.Go(func() (err error) {
			all[i].registration, all[i].key, err = p.AwaitTransfer(ctx)
			return err
		})
	}
	return all, group.Wait()
}

func openMany(ctx context.Context, p *people.Platform, n int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4 * atOnce)
	for range n {
		group.Go(func() error {
			_, err := p.Open(ctx, registration.Individual)
			return err
		})
	}
	return group.Wait()
}

// followAll reports one transfer after another, each when the one before it was followed.
func followAll(ctx context.Context, c *counter, transfers []transfer) ([]followed, error) {
	var all []followed
	for _, t := range transfers {
		var f followed
		err := c.product.QueryRow(ctx, `select (select count(*) from webhook_deliveries where state = 'pending'), (select count(*) from outbox)`).Scan(&f.Deliveries, &f.Outbox)
		if err != nil {
			return nil, err
		}
		acknowledged, err := timed(func() error { return c.platform().Settle(ctx, t.key) })
		if err != nil {
			return nil, err
		}
		took, err := timed(func() error { return t.registration.Await(ctx, registration.DepositRequired) })
		if err != nil {
			return nil, err
		}
		f.Acknowledged, f.Followed = ms(acknowledged), ms(took)
		all = append(all, f)
	}
	return all, nil
}
