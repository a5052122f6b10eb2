package workerd

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"shiming/internal/deadlines"
	"shiming/internal/reconcile"
	"shiming/internal/relay"
	"shiming/internal/web"
	"shiming/registration"
)

// Run seals what an older release has stored in clear, works until ctx ends, then drains.
func (p *Process) Run(ctx context.Context) error {
	err := p.store.SealPlain(ctx, p.log)
	select {
	case <-ctx.Done(): // told to stop before there was anything to drain
		return nil
	default:
	}
	if err != nil {
		return err
	}
	return p.work(ctx)
}

func (p *Process) work(ctx context.Context) error {
	failed := make(chan error, 2+len(registration.Lanes())) // health server, and the workers' own fatal errors
	workers := p.crew(failed)
	health := p.health()
	go func() { failed <- health.ListenAndServe() }()
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
	return errors.Join(ignoreClosed(err), health.Shutdown(context.WithoutCancel(ctx)))
}

// carry runs what goes on beside the workers: the relay, the reconciler, and what has deadlines follow the calendar. The
// returned function ends them all.
func (p *Process) carry(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { (&relay.Relay{Box: p.store, Engine: p.engine, Log: p.log}).Run(ctx) })
	all.Go(func() {
		(&reconcile.Reconciler{Book: p.store, Engine: p.engine, Every: p.cfg.ReconcileEvery, Now: time.Now, Log: p.log}).Run(ctx)
	})
	all.Go(func() {
		(&deadlines.Keeper{Book: p.store, Calendar: p.store.Calendar(), Every: deadlines.Every, Now: time.Now, Log: p.log}).Run(ctx)
	})
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

// health answers /healthz (the process) and /readyz (database and engine).
func (p *Process) health() *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fine(w) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		_, engineErr := p.engine.Client().CheckHealth(ctx, nil)
		if err := errors.Join(p.store.Ping(ctx), engineErr); err != nil {
			p.log.Warn("not ready", "error", err)
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		fine(w)
	})
	bounds := web.Defaults()
	bounds.Log = p.log
	return web.Server(p.cfg.HealthAddr, mux, bounds)
}

func fine(w http.ResponseWriter) {
	_, _ = w.Write([]byte("ok\n"))
}
