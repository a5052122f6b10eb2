package main

import (
	"context"
	"errors"
	"io"
	"sync"

	"golang.org/x/sync/errgroup"

	"shiming/internal/devstack"
	"shiming/registration"
)

// servers are what the product stands on.
type servers struct {
	database  string // the product's, as the product opens it
	admin     string // the same as superuser, for whoever counts; its statements are not the product's
	address   string // Temporal's
	namespace string
	postgres  *devstack.Postgres
	temporal  interface{ PID() int }
	running   []interface {
		Stop(ctx context.Context) error
	}
}

// stop ends them, the last first.
func (s *servers) stop(ctx context.Context) error {
	var errs []error
	for len(s.running) > 0 {
		last := len(s.running) - 1
		errs = append(errs, s.running[last].Stop(ctx))
		s.running = s.running[:last]
	}
	return errors.Join(errs...)
}

// devServers are those of `starter dev`: Temporal's development server, which has its store in memory, and a PostgreSQL without
// durability. They start in seconds, and what they cost says nothing of production.
func devServers(ctx context.Context, _ *stack, progress io.Writer) (*servers, error) {
	s := &servers{}
	line := func(what string) { sayf(progress, "%s\n", what) }
	var mu sync.Mutex
	group, starting := errgroup.WithContext(ctx)
	group.Go(func() error {
		p, err := devstack.StartPostgres(starting, devstack.PostgresOptions{Progress: line})
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		s.postgres, s.database, s.admin, s.running = p, p.URL, p.URL, append(s.running, p)
		return nil
	})
	group.Go(func() error {
		t, err := devstack.StartTemporal(starting, devstack.TemporalOptions{SearchAttributes: registration.SearchAttributes(), Progress: line})
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		s.temporal, s.address, s.namespace, s.running = t, t.Address, t.Namespace, append(s.running, t)
		return nil
	})
	return s, group.Wait()
}
