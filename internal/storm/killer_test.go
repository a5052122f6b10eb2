package storm

import (
	"context"
	"sync"
	"time"
)

// patience is how long a trap waits for its process to come by; then it is killed wherever it is. A transfer is rare, and
// worth to be waited for.
func patience(at point) time.Duration {
	if at == beforeTransfer || at == afterTransfer {
		return 12 * time.Second
	}
	return 5 * time.Second
}

// killed is a kill that was done.
type killed struct {
	kill
	Really point // where
	When   time.Time
}

// weather does the kills and faults of a plan, and remembers them.
type weather struct {
	*world
	plan     plan
	expected time.Duration // how long it should take

	mu     sync.Mutex
	kills  []killed
	faults []faulted
	failed []error
}

// faulted is a fault that was set.
type faulted struct {
	fault
	span
}

func (w *weather) note(k kill, really point) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kills = append(w.kills, killed{k, really, time.Now()})
}

func (w *weather) fails(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed = append(w.failed, err)
}

// rage returns when every kill of the plan is done. Servers and faults take turns until then.
func (w *weather) rage(ctx context.Context) {
	var processes, others sync.WaitGroup
	until, cancel := context.WithCancel(ctx)
	defer cancel()
	for name, kills := range w.plan.Kills {
		processes.Go(func() { w.killProcess(ctx, w.procs[name], kills) })
	}
	processes.Go(func() { w.killServers(ctx) })
	others.Go(func() { w.breakProviders(until) })
	processes.Wait()
	w.lastBlow(ctx)
	cancel()
	others.Wait()
}

// lastBlow ends everything at once, while the backends still call.
func (w *weather) lastBlow(ctx context.Context) {
	var all sync.WaitGroup
	for name, p := range w.procs {
		all.Go(func() {
			l, err := p.awaitReady(ctx)
			if err == nil {
				w.note(kill{Of: name, At: anywhere}, anywhere)
				err = l.kill()
			}
			if err != nil {
				w.fails(err)
			}
		})
	}
	for _, s := range []*standing{&w.servers.database, &w.servers.engine} {
		all.Go(func() {
			w.note(kill{Of: s.name, At: anywhere}, anywhere)
			if err := s.killed(ctx, time.Second); err != nil {
				w.fails(err)
			}
		})
	}
	all.Wait()
}

func (w *weather) killProcess(ctx context.Context, p *process, kills []kill) {
	for _, k := range kills {
		for done := false; !done && ctx.Err() == nil; {
			l, err := p.awaitReady(ctx)
			if err != nil {
				w.fails(err)
				return
			}
			if done, err = w.strike(ctx, l, k); err != nil {
				w.fails(err)
				return
			}
		}
	}
}

// strike kills a life as planned. done is false if it ended by itself before.
func (w *weather) strike(ctx context.Context, l *life, k kill) (done bool, err error) {
	select {
	case <-time.After(k.Wait):
	case <-l.ended:
		return false, nil
	case <-ctx.Done():
		return false, nil
	}
	if k.At != anywhere {
		if !l.set(k.At, k.Skip) {
			return false, nil
		}
		select {
		case <-l.struck:
			w.note(k, k.At)
			<-l.ended
			return true, nil
		case <-l.ended:
			select {
			case <-l.struck:
				w.note(k, k.At)
				return true, nil
			default:
				return false, nil
			}
		case <-time.After(patience(k.At)):
		}
	}
	w.note(k, anywhere)
	return true, l.kill()
}

// killServers spreads its kills over the storm.
func (w *weather) killServers(ctx context.Context) {
	gap := w.expected / time.Duration(len(w.plan.Servers)+1)
	for _, k := range w.plan.Servers {
		pause(ctx, gap)
		of := &w.servers.database
		if k.Of == engineName {
			of = &w.servers.engine
		}
		w.note(k, anywhere)
		if err := of.killed(ctx, k.Away); err != nil {
			w.fails(err)
			return
		}
	}
}

func (w *weather) breakProviders(ctx context.Context) {
	for _, f := range w.plan.Faults {
		pause(ctx, f.Wait)
		if ctx.Err() != nil {
			return
		}
		from := time.Now()
		if err := w.outside.breaks(ctx, f); err != nil && ctx.Err() == nil {
			w.fails(err)
			return
		}
		pause(ctx, f.For)
		w.mu.Lock()
		w.faults = append(w.faults, faulted{f, span{from, time.Now()}})
		w.mu.Unlock()
	}
}
