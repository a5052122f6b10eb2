package overload

import (
	"math/rand/v2"
	"time"
)

// Sight is how a limiter stands.
type Sight struct {
	InFlight int
	Waiting  int
	Limit    int
	Refused  int64 // since the start
}

// See says how the limiter stands.
func (l *Limiter) See() Sight {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Sight{InFlight: l.inFlight, Waiting: len(l.queue), Limit: l.allowed(), Refused: l.refused}
}

// How long whoever was refused is told to wait, at the least and at the most, before it comes again.
const (
	soonest = time.Second
	latest  = 15 * time.Second
)

// RetryAfter is when a call that was refused should come again: the later the longer others have been refused, and not all at
// the same time.
func (l *Limiter) RetryAfter() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	least := min(max(soonest, l.lastNo.Sub(l.firstNo)), latest)
	return least + rand.N(least+time.Second) //nolint:gosec // callers are to come back apart, no more
}
