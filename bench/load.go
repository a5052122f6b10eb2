package main

import (
	"context"
	"sync"
	"time"
)

// closed has so many callers call for a while, each again as soon as it is answered.
func closed(ctx context.Context, callers int, during time.Duration, call func(context.Context) answer) []answer {
	var mu sync.Mutex
	var all []answer
	var group sync.WaitGroup
	until := time.Now().Add(during)
	for range callers {
		group.Go(func() {
			for time.Now().Before(until) && ctx.Err() == nil {
				a := call(ctx)
				mu.Lock()
				all = append(all, a)
				mu.Unlock()
				if !a.accepted() { // who was refused does not ask again at once
					pause(ctx, 100*time.Millisecond)
				}
			}
		})
	}
	group.Wait()
	return all
}

// every is how often calls that are due are sent: as rarely as does not change the load, for waking up costs the machine that is measured.
const every = 10 * time.Millisecond

// open sends calls at a rate for a while, whatever becomes of them, and returns when each has an answer.
func open(ctx context.Context, rate float64, during time.Duration, call func(context.Context) answer) []answer {
	var mu sync.Mutex
	var all []answer
	var group sync.WaitGroup
	began := time.Now()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for sent := 0; ; {
		for due := int(time.Since(began).Seconds() * rate); sent < due; sent++ {
			group.Go(func() {
				a := call(ctx)
				mu.Lock()
				all = append(all, a)
				mu.Unlock()
			})
		}
		if time.Since(began) > during || ctx.Err() != nil {
			break
		}
		<-tick.C
	}
	group.Wait()
	return all
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
