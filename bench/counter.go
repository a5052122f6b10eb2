package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/sdk/client"

	"shiming/bench/meter"
	"shiming/bench/people"
	"shiming/registration"
)

// counter counts what the processes of a stack do.
type counter struct {
	stack   *stack
	product *pgxpool.Pool // as superuser, whose statements are counted as nobody's
	store   *pgxpool.Pool // Temporal's, likewise
	seen    *pgxpool.Pool // its visibility's
	engine  client.Client

	stayOpen  int              // so many runs stay open
	careless  bool             // commits are not counted, which takes time
	commits   map[string]int64 // as they were last looked at
	commitsAt time.Time
}

func newCounter(ctx context.Context, s *stack) (c *counter, err error) {
	c = &counter{stack: s}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	for database, pool := range map[string]**pgxpool.Pool{productDatabase: &c.product, temporalDatabase: &c.store, visibilityDatabase: &c.seen} {
		config, err := pgxpool.ParseConfig(s.servers.admin)
		if err != nil {
			return c, err
		}
		config.ConnConfig.Database = database
		if *pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
			return c, err
		}
	}
	c.engine, err = s.dial()
	return c, err
}

func (c *counter) close() {
	for _, pool := range []*pgxpool.Pool{c.product, c.store, c.seen} {
		if pool != nil {
			pool.Close()
		}
	}
	if c.engine != nil {
		c.engine.Close()
	}
}

// platform is a backend that calls the stack's API.
func (c *counter) platform() *people.Platform {
	return people.New(people.Options{
		API: c.stack.apiURL, Sandbox: c.stack.outside, Platform: c.stack.token, Reviewer: c.stack.reviewer, Secret: c.stack.secret, Database: c.product,
	})
}

// look is what everything had used up to a time.
type look struct {
	database meter.Database
	cpu      map[string]time.Duration
	disk     map[string]int64
}

// The processes whose CPU is counted, beside the product's own.
const (
	temporalProcess = "temporal"
	postgresProcess = "postgresql"
)

func (c *counter) cpu() (map[string]time.Duration, error) {
	used := map[string]time.Duration{}
	pids := map[string]int{temporalProcess: c.stack.servers.temporal.PID()}
	for _, child := range c.stack.children {
		pids[child.name] = child.PID()
	}
	var err error
	for name, pid := range pids {
		if used[name], err = meter.CPU(pid); err != nil {
			return nil, err
		}
	}
	used[postgresProcess], err = meter.FamilyCPU(c.stack.servers.postgres.PID())
	return used, err
}

// look looks at the CPU last before something is counted, and first after it: looking takes some, too.
func (c *counter) look(ctx context.Context, after bool) (l look, err error) {
	if after {
		if l.cpu, err = c.cpu(); err != nil {
			return l, err
		}
	}
	if l.disk, err = meter.Disk(ctx, c.product); err != nil {
		return l, err
	}
	if l.database, err = meter.Statements(ctx, c.product); err != nil || after {
		return l, err
	}
	l.cpu, err = c.cpu()
	return l, err
}

// lookAtCommits looks when every connection has said how many transactions it had.
func (c *counter) lookAtCommits(ctx context.Context) (err error) {
	pause(ctx, meter.CommitsLag)
	c.commitsAt = time.Now()
	c.commits, err = meter.Commits(ctx, c.product)
	return err
}

// round is what so many registrations took together.
type round struct {
	kind       registration.Kind
	n          int
	began      time.Time
	took       time.Duration
	work       map[string]meter.Work // by database
	statements map[meter.Statement]meter.Uses
	totalWAL   int64
	disk       map[string]int64         // by which databases grew
	cpu        map[string]time.Duration // by process
	commitsIn  time.Duration            // how long the commits were counted for
	runs       []run
}

// count does something and counts what it took until nothing of it is left to do.
func (c *counter) count(ctx context.Context, n int, do func(context.Context) error) (round, error) {
	r := round{n: n}
	if c.commits == nil && !c.careless {
		if err := c.lookAtCommits(ctx); err != nil {
			return r, err
		}
	}
	commits, at := c.commits, c.commitsAt
	before, err := c.look(ctx, false)
	if err != nil {
		return r, err
	}
	r.began = time.Now()
	if err := do(ctx); err != nil {
		return r, err
	}
	if err := c.untilQuiet(ctx); err != nil {
		return r, err
	}
	after, err := c.look(ctx, true)
	if err != nil {
		return r, err
	}
	r.subtract(before, after)
	if c.careless {
		return r, nil
	}
	if err := c.lookAtCommits(ctx); err != nil {
		return r, err
	}
	r.commitsIn = c.commitsAt.Sub(at)
	for name, work := range r.work {
		work.Commits = c.commits[name] - commits[name]
		r.work[name] = work
	}
	return r, nil
}

// readRuns reads the histories of what was begun in rounds, when nothing is counted any more.
func (c *counter) readRuns(ctx context.Context, rounds []round) error {
	if len(rounds) == 0 {
		return nil
	}
	runs, err := runsSince(ctx, c.engine, c.stack.servers.namespace, rounds[0].began)
	if err != nil {
		return err
	}
	for i := range rounds {
		r := &rounds[i]
		for _, one := range runs {
			if since := one.began.Sub(r.began); since >= 0 && since < r.took {
				r.runs = append(r.runs, one)
			}
		}
	}
	return nil
}

func (r *round) subtract(before, after look) {
	diff := after.database.Since(before.database)
	r.work, r.statements, r.totalWAL = diff.Work, diff.Statements, diff.TotalWAL
	r.took = after.database.At.Sub(before.database.At)
	r.cpu, r.disk = map[string]time.Duration{}, map[string]int64{}
	for name, size := range after.disk {
		r.disk[name] = size - before.disk[name]
	}
	for name, used := range after.cpu {
		r.cpu[name] = used - before.cpu[name]
	}
}

// quietWithin is how long what was begun may take to its end.
const quietWithin = 2 * time.Minute

// untilQuiet returns when no run is open but the anchor's and those that stay so, nothing waits in the outbox, and visibility has seen all of it.
func (c *counter) untilQuiet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, quietWithin)
	defer cancel()
	var open, waiting, unseen int
	for quietSince := time.Now(); ; {
		err := errors.Join(
			c.store.QueryRow(ctx, `select count(*) from current_executions where state <> 3 and workflow_id not like 'anchor/%' and workflow_id not like 'temporal-sys-%'`).Scan(&open),
			c.product.QueryRow(ctx, `select count(*) from outbox`).Scan(&waiting),
			c.seen.QueryRow(ctx, `select count(*) from executions_visibility where close_time is null and workflow_id not like 'anchor/%' and workflow_id not like 'temporal-sys-%'`).Scan(&unseen),
		)
		if err != nil {
			return fmt.Errorf("%d runs open, %d seen open, %d outbox messages waiting: %w", open, unseen, waiting, err)
		}
		if open > c.stayOpen || waiting > 0 || unseen > c.stayOpen {
			quietSince = time.Now()
		}
		if time.Since(quietSince) > settledFor {
			return nil
		}
		pause(ctx, 100*time.Millisecond)
	}
}

// idle counts what everything does while nobody asks for anything.
func (c *counter) idle(ctx context.Context, during time.Duration) (idleRates, error) {
	r, err := c.count(ctx, 0, func(ctx context.Context) error {
		pause(ctx, during)
		return nil
	})
	return idleOf(r), err
}
