package storm

import (
	"context"
	"sync"
	"time"
)

// gate holds every backend back while the product is looked at: nobody calls it then.
type gate struct {
	closed, reopened chan struct{}
	parked           sync.WaitGroup
}

func newGate() *gate { return &gate{closed: make(chan struct{}), reopened: make(chan struct{})} }

// pass is one driver's way through the gate.
type pass struct {
	*gate
	once sync.Once
}

func (g *gate) enter() *pass {
	g.parked.Add(1)
	return &pass{gate: g}
}

// stand says that this driver calls nobody from here on until the gate is open again, or ever.
func (p *pass) stand() { p.once.Do(p.parked.Done) }

// through waits while the gate is closed. It reports false when there is no time left.
func (p *pass) through(ctx context.Context) bool {
	select {
	case <-p.closed:
		p.rest(ctx)
	default:
	}
	return ctx.Err() == nil
}

// rest does nothing until the gate is open again.
func (p *pass) rest(ctx context.Context) {
	p.stand()
	select {
	case <-p.reopened:
	case <-ctx.Done():
	}
}

// close returns when nobody calls the product any more.
func (g *gate) close() {
	close(g.closed)
	g.parked.Wait()
}

func (g *gate) over() bool {
	select {
	case <-g.reopened:
		return true
	default:
		return false
	}
}

// pause waits, or until the gate closes.
func (p *pass) pause(ctx context.Context, d time.Duration) {
	closed := p.closed
	if p.over() {
		closed = nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-closed:
	case <-ctx.Done():
	}
}
