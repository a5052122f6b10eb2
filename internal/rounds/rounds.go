// Package rounds has a job do its rounds, one after the other, until it is told to stop.
//
// It promises that trouble in a round is logged and ends nothing: the next round meets it again. It refuses to know whether another
// process does the same: that is a lease's to say, in the round.
package rounds

import (
	"context"
	"log/slog"
	"time"
)

// Every has a round each time that so much has passed, the first after the first pause, until ctx ends. What trouble means for the
// job is said with it.
func Every(ctx context.Context, pause time.Duration, log *slog.Logger, trouble string, round func(context.Context) error) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for waits(ctx, tick) {
		have(ctx, log, trouble, round)
	}
}

// AtOnce is Every with the first round at once.
func AtOnce(ctx context.Context, pause time.Duration, log *slog.Logger, trouble string, round func(context.Context) error) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for ctx.Err() == nil {
		have(ctx, log, trouble, round)
		waits(ctx, tick)
	}
}

func have(ctx context.Context, log *slog.Logger, trouble string, round func(context.Context) error) {
	if err := round(ctx); err != nil && ctx.Err() == nil {
		log.Warn(trouble, "error", err) //nolint:sloglint // a constant of each caller: what the trouble means for its job
	}
}

// waits returns false if ctx has ended.
func waits(ctx context.Context, tick *time.Ticker) bool {
	select {
	case <-ctx.Done():
		return false
	case <-tick.C:
		return true
	}
}
