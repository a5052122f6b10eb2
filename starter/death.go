package main

import (
	"fmt"
	"sync"
)

// death is the end of a part that nobody stopped. The first one counts, and stays for everybody who asks.
type death struct {
	once sync.Once
	done chan struct{} // closed when there is one
	err  error         // set before done closes
}

func newDeath() *death { return &death{done: make(chan struct{})} }

func (d *death) of(err error) {
	d.once.Do(func() {
		d.err = err
		close(d.done)
	})
}

// cause is nil as long as everything lives.
func (d *death) cause() error {
	select {
	case <-d.done:
		return d.err
	default:
		return nil
	}
}

// watch tells of every part that ends by itself. A worker that is started again does not.
func (s *stack) watch() *death {
	first := newDeath()
	watch := func(done <-chan struct{}, what string) {
		<-done
		first.of(fmt.Errorf("%s ended unexpectedly, so everything stops: start again (--log-level debug shows what it said)", what))
	}
	if s.postgres != nil {
		go watch(s.postgres.Done(), "PostgreSQL")
	}
	if s.temporal != nil {
		go watch(s.temporal.Done(), "Temporal")
	}
	pass := func(from <-chan error) {
		if err, failed := <-from; failed { // closed where somebody stopped it
			first.of(err)
		}
	}
	go pass(s.sandboxWeb.failed)
	go pass(s.worker.failed)
	go pass(s.api.failed)
	return first
}
