package overload

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// Config is what a class of calls may have.
type Config struct {
	Floor int // so many may always be under way
	First int // at the start
	Most  int // never more
	// Stretch is how many times as long as without load calls may take before there are too many; 0: only failures count,
	// because how long one takes is for others to say (a bank, say).
	Stretch float64
	Slow    time.Duration // a call that takes longer has failed; 0: none has
	Wait    time.Duration // how long one may wait to enter, while nobody is being refused
	Queue   int           // so many may wait then; 0: four times the limit
	// Late is how long those who wait already may wait on once somebody is refused: a burst is served to its end, but what a flood
	// has left standing would only make everybody late. 0: as long as Wait.
	Late time.Duration
	// Before are the classes that come first: while calls of theirs are held back, only Floor of this one are under way.
	Before []*Limiter
	Now    func() time.Time
}

const (
	brief        = 10 * time.Millisecond  // how long one may wait at least while others are being refused
	queued       = 4                      // times the limit may wait, where no number is given
	calm         = time.Second            // for so long nobody must have been refused before anybody may wait again
	windowLeast  = 200 * time.Millisecond // the limit is judged anew after so long,
	windowCalls  = 10                     // and so many calls that have said something
	backOff      = 0.7                    // the limit's share that stays after a bad window, at the least
	failedTenth  = 10                     // one failure in so many is a bad window
	growth       = 10                     // a tenth of the limit, or one, is added after a good one
	learning     = 0.3                    // what a window without load counts in the time that calls take
	serviceShare = 0.1                    // what a call counts in how soon the next may enter
)

// Outcome is what a call that has left says about the load.
type Outcome int

// The outcomes.
const (
	Done    Outcome = iota // it did the work of its class: how long it took counts
	Neutral                // it was refused for what it asked for, or was no work
	Failed                 // it came to nothing because what it needed did not answer in time
)

// Limiter lets calls of a class enter. It is safe for concurrent use.
type Limiter struct {
	cfg Config

	mu       sync.Mutex
	limit    float64
	inFlight int
	queue    []turn        // who waits, the longest first
	service  time.Duration // about how long a call takes
	unloaded time.Duration // about how long one takes when no more than Floor are under way; 0: not known
	window   window
	refused  int64
	lastNo   time.Time // when one was refused
	firstNo  time.Time // since when, without a calm
}

// turn tells one who waits whether it may enter. It takes the one answer without anybody there to hear it.
type turn chan bool

// window is what calls have said since the limit was judged.
type window struct {
	began  time.Time
	took   []time.Duration
	failed int
	peak   int // of calls under way
}

// New makes a limiter. Its numbers are put in order: 1 ≤ Floor ≤ First ≤ Most.
func New(cfg Config) *Limiter {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Late == 0 {
		cfg.Late = cfg.Wait
	}
	cfg.Most = max(1, cfg.Most)
	cfg.Floor = min(max(1, cfg.Floor), cfg.Most)
	cfg.First = min(max(cfg.Floor, cfg.First), cfg.Most)
	return &Limiter{cfg: cfg, limit: float64(cfg.First), window: window{began: cfg.Now()}}
}

// Enter waits until the call may be worked on, no longer than it may wait. Whoever has entered calls leave, once; ok is false
// for a call that is refused.
func (l *Limiter) Enter(ctx context.Context) (leave func(Outcome), ok bool) {
	l.mu.Lock()
	now := l.cfg.Now()
	if l.inFlight < l.allowed() && len(l.queue) == 0 {
		l.enter()
		l.mu.Unlock()
		return l.left(now), true
	}
	patience := l.patience(now)
	if l.tooLate(patience) || ctx.Err() != nil {
		l.refuse(now)
		l.mu.Unlock()
		return nil, false
	}
	mine := make(turn, 1)
	l.queue = append(l.queue, mine)
	l.mu.Unlock()
	if !l.wait(ctx, mine, patience) {
		return nil, false
	}
	return l.left(l.cfg.Now()), true
}

// Full reports whether a call that came now would be refused, and counts it as refused: it is asked before anything is done for one.
func (l *Limiter) Full() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.cfg.Now()
	if l.inFlight < l.allowed() && len(l.queue) == 0 || !l.tooLate(l.patience(now)) {
		return false
	}
	l.refuse(now)
	return true
}

// wait returns true when it is the call's turn: then it has entered.
func (l *Limiter) wait(ctx context.Context, mine turn, patience time.Duration) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case enter := <-mine:
		return enter
	case <-timer.C:
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	at := slices.Index(l.queue, mine)
	if at < 0 { // it was told meanwhile
		return <-mine
	}
	l.queue = slices.Delete(l.queue, at, at+1)
	if ctx.Err() == nil { // who leaves says nothing about the load
		l.refuse(l.cfg.Now())
	}
	return false
}

// allowed is how many may be under way now.
func (l *Limiter) allowed() int {
	for _, first := range l.cfg.Before {
		if first.pressed() {
			return l.cfg.Floor
		}
	}
	return int(l.limit)
}

// pressed reports whether calls are held back, or were a moment ago.
func (l *Limiter) pressed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue) > 0 || l.refusing(l.cfg.Now())
}

func (l *Limiter) refusing(now time.Time) bool { return !l.lastNo.IsZero() && now.Sub(l.lastNo) < calm }

// patience is how long a call that comes now may wait. While others are being refused, about until the next one leaves, so that its
// place is taken at once: a queue that stands makes everybody late and nobody faster.
func (l *Limiter) patience(now time.Time) time.Duration {
	if l.refusing(now) {
		return min(max(brief, l.until(0)), l.cfg.Wait)
	}
	return l.cfg.Wait
}

// tooLate reports whether a call that came now would have to wait longer than it may, or behind too many.
func (l *Limiter) tooLate(patience time.Duration) bool {
	allowed := max(1, l.allowed())
	if len(l.queue) >= cmp.Or(l.cfg.Queue, queued*allowed) {
		return true
	}
	return l.until(len(l.queue)) > patience
}

// until is about how long one waits who has so many before it.
func (l *Limiter) until(before int) time.Duration {
	return l.service * time.Duration(before+1) / time.Duration(max(1, l.allowed()))
}

func (l *Limiter) enter() {
	l.inFlight++
	l.window.peak = max(l.window.peak, l.inFlight)
}

func (l *Limiter) refuse(now time.Time) {
	if !l.refusing(now) {
		l.firstNo = now
		l.disperse()
	}
	l.refused++
	l.lastNo = now
}

// disperse refuses those who would have to wait on for too long.
func (l *Limiter) disperse() {
	for last := len(l.queue) - 1; last >= 0 && l.until(last) > l.cfg.Late; last-- {
		l.queue[last] <- false
		l.queue = l.queue[:last]
		l.refused++
	}
}

// left is how a call that entered at a moment leaves.
func (l *Limiter) left(entered time.Time) func(Outcome) {
	var once sync.Once
	return func(o Outcome) {
		once.Do(func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.inFlight--
			now := l.cfg.Now()
			l.record(o, now.Sub(entered), now)
			l.admit()
		})
	}
}

// admit lets in those who wait, as far as there is room.
func (l *Limiter) admit() {
	for len(l.queue) > 0 && l.inFlight < l.allowed() {
		next := l.queue[0]
		l.queue = l.queue[1:]
		l.enter()
		next <- true
	}
}
