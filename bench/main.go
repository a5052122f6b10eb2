package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// measurement is one thing that is measured, on a stack of its own.
type measurement struct {
	name    string
	about   string
	servers func(ctx context.Context, s *stack, progress io.Writer) (*servers, error)
	tune    func(*roles) // changes the settings of the product's processes; may be nil
	run     func(ctx context.Context, s *stack, o options, out io.Writer) error
}

func measurements(o options) []measurement {
	return []measurement{
		{
			name: "overload", about: "ten times as many creations as can be done: how many are done, how fast the others are refused, what they leave",
			servers: devServers, run: overload,
		},
		{
			name: "cost", about: "what a registration takes, over all its workflows: events, transitions, statements, commits, WAL, CPU",
			servers: durableServers, run: costs,
		},
		{
			name: "efficiency", about: "CPU of no-op workflows that make the same histories, against a registration's",
			servers: durableServers, run: efficiency,
		},
		{
			name: "acts", about: "how long an act takes against an empty update: with runs in the cache, without, after a killed worker",
			servers: durableServers, run: acts,
		},
		{
			name: "reads", about: "how long a status takes to read against one select behind a bare handler, with few rows and with many",
			servers: durableServers, run: reads, tune: unreconciled,
		},
		{
			name: "reports", about: "how long a bank's report waits behind 1,200 webhook deliveries until it is followed",
			servers: durableServers, run: reports, tune: allowed,
		},
		{
			name: "fanout", about: "what a delivery costs, and how long events are under way to 50 subscribers, with one of them deaf",
			servers: durableServers, run: fanout, tune: allowed,
		},
		{
			name: "open", about: "memory, disk and acts while many registrations are open, against empty runs",
			servers: durableServers, run: openRuns, tune: thrifty,
		},
		{
			name: "deadlines", about: "2,000 deadlines that are due at one instant: how late the last is followed, and acts meanwhile",
			servers: durableServers, run: deadlines, tune: compressedCalendar(o.workingDay()),
		},
		{
			name: "taxes", about: "what encryption and search attributes cost, by no-op workflows with and without them",
			servers: durableServers, run: taxes,
		},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := bench(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		sayf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

// sayf writes a line; if that fails nobody is left to tell.
func sayf(to io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(to, format, args...) }

// These stand in a measurement's place, and show what earlier ones have kept.
const (
	tablesCommand = "tables"
	readmeCommand = "readme"
)

// bench runs the measurements that args name, all of them if they name none.
func bench(ctx context.Context, args []string, out, progress io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case noopCommand, sealedCommand:
			return noopWorker(ctx, args[0], args[1:])
		case bareCommand:
			return bareServer(ctx, args[1:])
		}
	}
	o, names, err := parse(args, progress)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(names) == 1 {
		switch names[0] {
		case tablesCommand:
			return o.tables(out)
		case readmeCommand:
			return o.writeReadme()
		case sizingCommand:
			return o.sizing(out)
		}
	}
	chosen, err := choose(names, o)
	if err != nil {
		return err
	}
	built, err := build(ctx, o.checkout, progress)
	if err != nil {
		return err
	}
	defer built.remove()
	var errs []error
	for _, m := range chosen {
		sayf(out, "# %s: %s\n", m.name, m.about)
		began := time.Now()
		if err := measure(ctx, m, built, o, out, progress); err != nil {
			sayf(progress, "%s: %v\n", m.name, err)
			errs = append(errs, fmt.Errorf("%s: %w", m.name, err)) // the others are measured all the same
		}
		sayf(progress, "%s took %v\n", m.name, time.Since(began).Round(time.Second))
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

func measure(ctx context.Context, m measurement, built *programs, o options, out, progress io.Writer) (err error) {
	s, err := startStack(ctx, built, m, o.keepLogs, progress)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop(context.WithoutCancel(ctx))) }()
	return m.run(ctx, s, o, out)
}

func choose(names []string, o options) ([]measurement, error) {
	if len(names) == 0 {
		return measurements(o), nil
	}
	var chosen []measurement
	for _, name := range names {
		found := false
		for _, m := range measurements(o) {
			if m.name == name {
				chosen, found = append(chosen, m), true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no measurement %q: leave the name out to run all, or see --help", name)
		}
	}
	return chosen, nil
}
