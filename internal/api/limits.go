package api

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limits lets each caller, or each address, do something so many times a second, and some of it at once.
type limits struct {
	perSecond float64
	burst     int
	now       func() time.Time

	mu    sync.Mutex
	of    map[string]*limit
	swept time.Time
}

type limit struct {
	*rate.Limiter
	used time.Time
}

const (
	limitIdle  = 10 * time.Minute // a limiter that nobody has used for so long has filled up again and can be forgotten
	mostLimits = 50_000           // some megabytes; who has more addresses than that is hardly limited by address
)

func newLimits(perSecond float64, burst int, now func() time.Time) *limits {
	return &limits{perSecond: perSecond, burst: max(1, burst), now: now, of: map[string]*limit{}, swept: now()}
}

// take lets a caller's request pass, or says how long to wait.
func (l *limits) take(caller string) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.now()
	l.forget(at)
	mine := l.of[caller]
	if mine == nil {
		l.makeRoom()
		mine = &limit{Limiter: rate.NewLimiter(rate.Limit(l.perSecond), l.burst)}
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

// spent reports whether nothing is left, and takes nothing.
func (l *limits) spent(caller string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	mine := l.of[caller]
	return mine != nil && mine.TokensAt(l.now()) < 1
}

// makeRoom forgets anybody if there are too many.
func (l *limits) makeRoom() {
	if len(l.of) < mostLimits {
		return
	}
	for id := range l.of {
		delete(l.of, id)
		return
	}
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
