package workerd

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"shiming/internal/deadlines"
	"shiming/internal/health"
	"shiming/internal/papers"
	"shiming/internal/reconcile"
	"shiming/internal/relay"
	"shiming/internal/statement"
	"shiming/internal/web"
	"shiming/registration"
)

// Run seals what an older release has stored in clear, compares database and engine, works until ctx ends, then drains. A database
// that is behind its engine is held before any work is taken. Whether the process lives can be asked from the beginning on: whoever
// looks after it must not take it for dead while it waits for the engine.
func (p *Process) Run(ctx context.Context) error {
	failed := make(chan error, 3+len(registration.Lanes())) // health server, and the workers' own fatal errors
	probes := p.health(ctx)
	go func() { failed <- probes.ListenAndServe() }()
	return errors.Join(p.run(ctx, failed), probes.Shutdown(context.WithoutCancel(ctx)))
}

func (p *Process) run(ctx context.Context, failed chan error) error {
	err := p.store.SealPlain(ctx, p.log)
	select {
	case <-ctx.Done(): // told to stop before there was anything to drain
		return nil
	default:
	}
	if err != nil {
		return err
	}
	if !p.keeper.Begin(ctx) { // told to stop
		return nil
	}
	p.compared.Store(true)
	return p.work(ctx, failed)
}

func (p *Process) work(ctx context.Context, failed chan error) error {
	workers := p.crew(failed)
	if err := workers.start(); err != nil {
		return err
	}
	stopCarrying := p.carry(ctx)
	p.log.Info("working", "task_queue", p.cfg.TaskQueue, "health", p.cfg.HealthAddr)
	p.sizes.Say(p.log)
	var err error
	select {
	case <-ctx.Done():
		p.log.Info("draining", "within", p.cfg.DrainWithin)
	case err = <-failed:
	}
	stopCarrying()
	workers.stop()
	return ignoreClosed(err)
}

// carry runs what goes on beside the workers: the relay, the reconciler, what has deadlines follow the calendar, the comparison
// with the bank's statements, and what notices a restore. The returned function ends them all.
func (p *Process) carry(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { (&relay.Relay{Box: p.store, Engine: p.engine, Log: p.log}).Run(ctx) })
	all.Go(func() {
		(&reconcile.Reconciler{Book: p.store, Engine: p.engine, Papers: &papers.Keeper{Book: p.store, Blobs: p.blobs}, Every: p.cfg.ReconcileEvery, Now: time.Now, Log: p.log}).Run(ctx)
	})
	all.Go(func() {
		(&deadlines.Keeper{Book: p.store, Calendar: p.store.Calendar(), Every: deadlines.Every, Now: time.Now, Log: p.log}).Run(ctx)
	})
	all.Go(func() {
		(&statement.Keeper{Book: p.store, Bank: p.bank, Every: statement.Every, Now: time.Now, Log: p.log}).Run(ctx)
	})
	all.Go(func() { p.keeper.Run(ctx) })
	return func() {
		cancel()
		all.Wait()
	}
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// errNotCompared says that database and engine could not be compared yet.
var errNotCompared = errors.New("database and engine were not compared yet")

// ready asks the engine whether it does its work. Before it was compared with the database it is of no use.
func (p *Process) ready(ctx context.Context) error {
	if !p.compared.Load() {
		return errNotCompared
	}
	return p.engine.Ready(ctx)
}

// health answers /healthz (the process) and /readyz (whether it works, as the API does). From the moment on that it is told to
// stop it is not ready: it takes nothing new.
func (p *Process) health(ctx context.Context) *http.Server {
	checker := health.New(health.Parts{
		Database: p.store.Ping, Engine: p.ready, Storage: p.blobs.Ready, OutboxLate: p.store.OutboxLate, Held: p.store.IsHeld,
	}, ctx.Done(), p.log)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", checker.Alive)
	mux.HandleFunc("GET /readyz", checker.Ready)
	bounds := web.Defaults()
	bounds.Log = p.log
	return web.Server(p.cfg.HealthAddr, mux, bounds)
}
