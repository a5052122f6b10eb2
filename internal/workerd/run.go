package workerd

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"shiming/internal/deadlines"
	"shiming/internal/reconcile"
	"shiming/internal/relay"
	"shiming/internal/web"
	"shiming/registration"
	"shiming/workflows"
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
	failed := make(chan error, 4) // health server, and the workers' own fatal errors
	w := worker.New(p.engine.Client(), p.cfg.TaskQueue, worker.Options{
		OnFatalError:                           func(err error) { failed <- err },
		WorkerStopTimeout:                      p.cfg.DrainWithin,
		DeploymentOptions:                      p.version(),
		MaxConcurrentWorkflowTaskPollers:       4,
		MaxConcurrentActivityTaskPollers:       4,
		MaxConcurrentActivityExecutionSize:     200,
		MaxConcurrentWorkflowTaskExecutionSize: 200,
	})
	workflows.Register(w, p.activities)
	webhooks := p.webhooks(failed)
	health := p.health()
	go func() { failed <- health.ListenAndServe() }()
	if err := w.Start(); err != nil {
		return err
	}
	if err := webhooks.Start(); err != nil {
		w.Stop()
		return err
	}
	stopCarrying := p.carry(ctx)
	p.log.Info("working", "task_queue", p.cfg.TaskQueue, "health", p.cfg.HealthAddr)
	var err error
	select {
	case <-ctx.Done():
		p.log.Info("draining", "within", p.cfg.DrainWithin)
	case err = <-failed:
	}
	stopCarrying()
	stop(w, webhooks)
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

// version names this build to the engine, if the operator does. A registration lasts weeks and outlives releases: it goes on
// with the version that is current, and patches keep its history replayable.
func (p *Process) version() worker.DeploymentOptions {
	if p.cfg.Deployment == "" {
		return worker.DeploymentOptions{}
	}
	return worker.DeploymentOptions{
		UseVersioning:             true,
		Version:                   worker.WorkerDeploymentVersion{DeploymentName: p.cfg.Deployment, BuildID: p.cfg.BuildID},
		DefaultVersioningBehavior: workflow.VersioningBehaviorAutoUpgrade,
	}
}

// webhooks works on deliveries alone, so that subscribers who do not answer hold up nothing else.
func (p *Process) webhooks(failed chan<- error) worker.Worker {
	w := worker.New(p.engine.Client(), registration.WebhookQueue(p.cfg.TaskQueue), worker.Options{
		OnFatalError:                       func(err error) { failed <- err },
		WorkerStopTimeout:                  p.cfg.DrainWithin,
		DeploymentOptions:                  p.version(),
		DisableWorkflowWorker:              true,
		MaxConcurrentActivityTaskPollers:   4,
		MaxConcurrentActivityExecutionSize: 200,
	})
	workflows.RegisterWebhooks(w, p.activities)
	return w
}

// stop drains workers side by side.
func stop(workers ...worker.Worker) {
	var all sync.WaitGroup
	for _, w := range workers {
		all.Go(w.Stop)
	}
	all.Wait()
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
