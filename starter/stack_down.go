package main

import (
	"context"
	"errors"
)

// down stops whatever runs, those who use something before what they use, and removes what is not kept. Orderly ends
// take a moment each; when now ends, the rest is killed. It may be called after any part of up, and after parts died.
func (s *stack) down(now context.Context) error {
	var errs []error
	if s.readyFile != "" {
		errs = append(errs, removeIfThere(s.readyFile))
	}
	if s.worker != nil {
		s.stopWorker()
		<-s.worker.done
	}
	if s.api != nil {
		errs = append(errs, s.api.stop(now))
	}
	if s.sandbox != nil {
		errs = append(errs, s.sandbox.Close(), s.sandboxWeb.stop(now, shutdownWithin))
	}
	if s.codecWeb != nil {
		errs = append(errs, s.codecWeb.stop(now, shutdownWithin))
	}
	closeListener(s.apiListener)
	closeListener(s.sandboxListener)
	closeListener(s.metricsListener)
	if s.passing != nil {
		errs = append(errs, s.passing.drop(now))
	}
	errs = append(errs, s.stopServers(now))
	if s.home != nil {
		errs = append(errs, s.home.close())
	}
	return errors.Join(errs...)
}

func (s *stack) stopServers(now context.Context) error {
	stopped := make(chan error, 2)
	go func() {
		if s.temporal == nil {
			stopped <- nil
			return
		}
		stopped <- s.temporal.Stop(now)
	}()
	go func() {
		if s.postgres == nil {
			stopped <- nil
			return
		}
		stopped <- s.postgres.Stop(now)
	}()
	return errors.Join(<-stopped, <-stopped)
}

// closeListener lets go of a port; a server that served on it has closed it already.
func closeListener(l interface{ Close() error }) {
	if l != nil {
		_ = l.Close()
	}
}
