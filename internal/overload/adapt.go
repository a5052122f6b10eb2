package overload

import (
	"slices"
	"time"
)

// record notes how a call has fared, alone or not, and judges the limit anew once enough have.
func (l *Limiter) record(o Outcome, took time.Duration, alone bool, now time.Time) {
	if l.cfg.Slow > 0 && took > l.cfg.Slow {
		o = Failed
	}
	switch o {
	case Neutral:
		return
	case Failed:
		l.window.failed++
	case Done:
		l.window.took = append(l.window.took, took)
		if alone {
			l.learn(took)
		}
	}
	if l.service == 0 {
		l.service = took
	}
	l.service += time.Duration(serviceShare * float64(took-l.service))
	if now.Sub(l.window.began) < windowLeast || len(l.window.took)+l.window.failed < windowCalls {
		return
	}
	l.judge()
	l.window = window{began: now, peak: l.inFlight}
}

// judge moves the limit by what the window has seen: down by a share if calls failed or took too long, up a little if the limit
// was used and they did not.
func (l *Limiter) judge() {
	w := &l.window
	median := middle(w.took)
	if median > 0 && (l.unloaded == 0 || median < l.unloaded) {
		l.unloaded = median
	}
	keep := 1.0
	if w.failed*failedTenth >= len(w.took)+w.failed {
		keep = backOff
	} else if longest := time.Duration(l.cfg.Stretch * float64(l.unloaded)); longest > 0 && median > longest {
		keep = max(easeOff, float64(longest)/float64(median))
	}
	switch {
	case keep < 1:
		l.limit = max(float64(l.cfg.Floor), keep*l.limit)
	case w.peak >= int(l.limit):
		l.limit = min(float64(l.cfg.Most), l.limit+max(leastGrowth, l.limit/growth))
	}
}

// learn notes how long a call took that was alone from its beginning to its end. No flood makes its own times those without load,
// and what was learned under one is put right by the first moment without.
func (l *Limiter) learn(took time.Duration) {
	if l.unloaded == 0 {
		l.unloaded = took
	}
	l.unloaded += time.Duration(learning * float64(took-l.unloaded))
}

// middle is the median; 0 of none.
func middle(took []time.Duration) time.Duration {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return took[len(took)/2]
}
