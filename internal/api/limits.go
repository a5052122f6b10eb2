package api

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limits lets each caller make so many requests a second.
type limits struct {
	perSecond float64
	now       func() time.Time

	mu    sync.Mutex
	of    map[string]*limit
	swept time.Time
}

type limit struct {
	*rate.Limiter
	used time.Time
}

// limitIdle is when a caller's limiter has filled up again and can be forgotten.
const limitIdle = 10 * time.Minute

func newLimits(perSecond float64, now func() time.Time) *limits {
	return &limits{perSecond: perSecond, now: now, of: map[string]*limit{}, swept: now()}
}

// take lets a caller's request pass, or says how long to wait.
func (l *limits) take(caller string) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.now()
	l.forget(at)
	mine := l.of[caller]
	if mine == nil {
		mine = &limit{Limiter: rate.NewLimiter(rate.Limit(l.perSecond), max(1, int(l.perSecond)))}
		l.of[caller] = mine
	}
	mine.used = at
	r := mine.ReserveN(at, 1)
	if wait := r.DelayFrom(at); wait > 0 {
		r.CancelAt(at)
		return wait, false
	}
	return 0, true
}

func (l *limits) forget(at time.Time) {
	if at.Sub(l.swept) < limitIdle {
		return
	}
	l.swept = at
	for id, mine := range l.of {
		if at.Sub(mine.used) >= limitIdle {
			delete(l.of, id)
		}
	}
}
