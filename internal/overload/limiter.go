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
	// Stretch is how many times as long as one alone calls may take before there are too many; 0: only failures count,
	// because how long one takes is for others to say (a bank, say).
	Stretch float64
	Slow    time.Duration // a call that takes longer has failed; 0: none has
	Wait    time.Duration // how long one may wait to enter, while nobody is being refused
	Queue   int           // so many may wait then; 0: four times the limit
	// Late is how long one who waits already may have waited in all once somebody is refused: a burst is served to its end, but what
	// a flood has left standing would only make everybody late. 0: as long as Wait.
	Late time.Duration
	// Before are the classes that come first: while calls of theirs are held back, only Floor of this one are under way.
	Before []*Limiter
	Now    func() time.Time
}

const (
	brief        = 10 * time.Millisecond  // how long one waits to be the next while others are being refused
	queued       = 4                      // times the limit may wait, where no number is given
	calm         = time.Second            // for so long nobody must have been refused before anybody may wait again
	windowLeast  = 200 * time.Millisecond // the limit is judged anew after so long,
	windowCalls  = 10                     // and so many calls that have said something
	backOff      = 0.7                    // the limit's share that stays after a window of failures,
	easeOff      = 0.9                    // and after a slow one, at the least: a window's times are a small sample
	failedTenth  = 10                     // one failure in so many is a bad window
	growth       = 10                     // a tenth of the limit is added after a good one,
	leastGrowth  = 0.3                    // but so much at least: of a few places one more is a great step, not taken at once
	learning     = 0.1                    // what a call without load counts in the time that calls take
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
	queue    []waiting     // the longest waiting first
	service  time.Duration // about how long a call takes
	entered  int64         // so many ever have
	unloaded time.Duration // about how long one takes that is alone; 0: not known
	window   window
	refused  int64
	lastNo   time.Time // when one was refused
	firstNo  time.Time // since when, without a calm
}

// turn tells one who waits whether it may enter. It takes the one answer without anybody there to hear it.
type turn chan bool

type waiting struct {
	turn
	since time.Time
}

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
		number := l.enter()
		l.mu.Unlock()
		return l.left(now, number), true
	}
	if l.tooLate(now) || ctx.Err() != nil {
		l.refuse(now)
		l.mu.Unlock()
		return nil, false
	}
	mine, patience := make(turn, 1), l.patience(now)
	l.queue = append(l.queue, waiting{mine, now})
	l.mu.Unlock()
	if !l.wait(ctx, mine, patience) {
		return nil, false
	}
	return l.left(l.cfg.Now(), crowded), true
}

// Full reports whether a call that came now would be refused, and counts it as refused: it is asked before anything is done for one.
func (l *Limiter) Full() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.cfg.Now()
	if l.inFlight < l.allowed() && len(l.queue) == 0 || !l.tooLate(now) {
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
	at := slices.IndexFunc(l.queue, func(w waiting) bool { return w.turn == mine })
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

// patience is how long a call that comes now may wait. While others are being refused, a moment: the next one takes its place, and
// a queue that stands makes everybody late and nobody faster.
func (l *Limiter) patience(now time.Time) time.Duration {
	if l.refusing(now) {
		return min(brief, l.cfg.Wait)
	}
	return l.cfg.Wait
}

// tooLate reports whether a call that came now would have to wait longer than it may, or behind too many: behind anybody, while
// others are being refused.
func (l *Limiter) tooLate(now time.Time) bool {
	before := len(l.queue)
	if l.refusing(now) {
		return before > 0
	}
	return before >= cmp.Or(l.cfg.Queue, queued*max(1, l.allowed())) || l.until(before) > l.cfg.Wait
}

// until is about how long one waits who has so many before it.
func (l *Limiter) until(before int) time.Duration {
	return l.service * time.Duration(before+1) / time.Duration(max(1, l.allowed()))
}

// crowded is the number of a call that was not alone when it entered.
const crowded = 0

// enter numbers the call that enters, if nobody else is under way: while nobody has entered after it, it is alone.
func (l *Limiter) enter() (number int64) {
	l.inFlight++
	l.entered++
	l.window.peak = max(l.window.peak, l.inFlight)
	if l.inFlight > 1 {
		return crowded
	}
	return l.entered
}

func (l *Limiter) refuse(now time.Time) {
	if !l.refusing(now) {
		l.firstNo = now
		l.disperse(now)
	}
	l.refused++
	l.lastNo = now
}

// disperse refuses those who would have waited for too long, so the longest waiting first: the last ones can still be in time.
func (l *Limiter) disperse(now time.Time) {
	stay := 0
	for last := len(l.queue) - 1; stay <= last && now.Sub(l.queue[last-stay].since)+l.until(stay) <= l.cfg.Late; {
		stay++
	}
	for len(l.queue) > stay {
		l.queue[0].turn <- false
		l.queue = l.queue[1:]
		l.refused++
	}
}

// left is how a call leaves that entered at a moment, with that number.
func (l *Limiter) left(at time.Time, number int64) func(Outcome) {
	var once sync.Once
	return func(o Outcome) {
		once.Do(func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.inFlight--
			now := l.cfg.Now()
			l.record(o, now.Sub(at), number == l.entered, now)
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
		next.turn <- true
	}
}
