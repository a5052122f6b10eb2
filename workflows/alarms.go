package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"
)

// alarms are the timers that run, the one that rings first at the end. One that rings too early costs a look at the row, which
// says when to look next; so a timer is kept where that is likely to be cheaper than another.
type alarms []alarm

type alarm struct {
	at     time.Time
	timer  workflow.Future
	cancel workflow.CancelFunc
}

// set has an alarm ring at a moment or somewhat earlier; nil: none needs to ring.
func (a *alarms) set(ctx workflow.Context, due *time.Time) {
	now := workflow.Now(ctx)
	for len(*a) > 0 && (due == nil || farTooEarly(now, (*a)[len(*a)-1].at, *due)) {
		a.pop().cancel()
	}
	if due == nil || len(*a) > 0 && !(*a)[len(*a)-1].at.After(*due) {
		return
	}
	// Never at once: the database's clock may lag behind the engine's by a little, and would be asked in a loop.
	wait := max(due.Sub(now), 200*time.Millisecond)
	timed, cancel := workflow.WithCancel(ctx)
	timer := workflow.NewTimerWithOptions(timed, wait, workflow.TimerOptions{Summary: "look at the row"})
	*a = append(*a, alarm{at: *due, timer: timer, cancel: cancel})
}

// farTooEarly reports whether an alarm rings before three quarters of the time have passed that is to be waited: inactivity's,
// which moves a little with every act, mostly stays; a deadline that was met or moved is in nobody's way.
func farTooEarly(now, rings, due time.Time) bool { return rings.Sub(now) < due.Sub(now)*3/4 }

// rang reports whether an alarm has rung.
func (a *alarms) rang() bool { return len(*a) > 0 && (*a)[len(*a)-1].timer.IsReady() }

// silence takes out what has rung.
func (a *alarms) silence() {
	for a.rang() {
		a.pop()
	}
}

func (a *alarms) pop() alarm {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}
