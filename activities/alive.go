package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
)

// beat is how often a call that may take long says that its worker is alive; package workflows gives it a few beats' grace.
const beat = 3 * time.Second

// alive tells the engine that the worker still works on a call, until the returned function is called. A call that was
// lost with its worker is then tried elsewhere after seconds, not after its whole time-out.
func alive(ctx context.Context) (done func()) {
	if !activity.IsActivity(ctx) {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	go pulse(ctx, func() { activity.RecordHeartbeat(ctx) })
	return cancel
}

// pulse says it every beat until ctx ends, the first time after one: most calls are over by then, and what was being said when
// its call ended is logged as a warning.
func pulse(ctx context.Context, say func()) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			say()
		}
	}
}
