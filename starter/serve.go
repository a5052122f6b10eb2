package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/contrib/envconfig"

	"shiming/internal/api"
	"shiming/internal/bank"
	"shiming/internal/config"
	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/internal/restore"
	"shiming/internal/vault"
	"shiming/internal/wallet"
	"shiming/internal/web"
)

type serveCommand struct{}

// Run serves the API until it is told to stop, and lets answers under way finish.
func (*serveCommand) Run(stop *stopper) error {
	cfg, err := config.Read[config.API]()
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	config.ThisMachine().KeepWithin()
	a, err := openAPI(stop.soon, cfg, nil, log)
	if err != nil {
		return err
	}
	listener, metrics, err := listenFor(cfg)
	if err != nil {
		return errors.Join(err, a.stop(stop.now))
	}
	a.serve(listener, metrics)
	log.Info("serving the API", "addr", listener.Addr().String())
	select {
	case <-stop.soon.Done():
		err = a.leave(stop.now)
	case err = <-a.failed:
	}
	return errors.Join(err, a.stop(stop.now))
}

// listenFor takes the ports of the API and of its metrics, if any are wanted.
func listenFor(cfg config.API) (api, metrics net.Listener, err error) {
	if api, err = net.Listen("tcp", cfg.Addr); err != nil {
		return nil, nil, fmt.Errorf("API_ADDR: %w", err)
	}
	if cfg.MetricsAddr == "" {
		return api, nil, nil
	}
	if metrics, err = net.Listen("tcp", cfg.MetricsAddr); err != nil {
		_ = api.Close()
		return nil, nil, fmt.Errorf("METRICS_ADDR: %w: choose another address, or leave it empty to serve no metrics", err)
	}
	return api, metrics, nil
}

// apiServer is the API with everything it holds open. `serve` and `dev` run the same.
type apiServer struct {
	cfg     config.API
	log     *slog.Logger
	handler http.Handler
	store   *postgres.Store
	engine  *engine.Engine
	blobs   *vault.Blobs
	numbers *prometheus.Registry
	webs    []*webServer   // none until serve
	compare sync.WaitGroup // of database and engine, once

	stopComparing context.CancelFunc
	failed        chan error // gets why one of them ended, if nobody stopped it

	stopping chan struct{} // closed when it is told to stop
	told     sync.Once
}

// openAPI opens what the API stands on. lookup replaces the environment for Temporal's own settings; nil: this
// process's.
func openAPI(ctx context.Context, cfg config.API, lookup envconfig.EnvLookup, log *slog.Logger) (*apiServer, error) {
	a := &apiServer{cfg: cfg, log: log, numbers: api.NewRegistry(), failed: make(chan error, 2), stopping: make(chan struct{})}
	if err := a.open(ctx, lookup); err != nil {
		return nil, errors.Join(err, a.close())
	}
	return a, nil
}

func (a *apiServer) open(ctx context.Context, lookup envconfig.EnvLookup) error {
	keys, err := a.cfg.OpenKeys()
	if err != nil {
		return err
	}
	cal, err := a.cfg.OpenCalendar()
	if err != nil {
		return err
	}
	pool := postgres.Pool{Process: "api", Connections: a.cfg.Pool(config.ThisMachine())}
	if a.store, err = postgres.Open(ctx, a.cfg.DatabaseURL, keys, cal, postgres.WithPool(pool)); err != nil {
		return fmt.Errorf("DATABASE_URL: %w", err)
	}
	a.store = a.store.WithCeilings(a.cfg.Ceilings())
	if err := a.store.Ping(ctx); err != nil {
		return fmt.Errorf("the database does not answer (DATABASE_URL): %w", err)
	}
	if err := a.store.CheckRoom(ctx, a.log); err != nil {
		return err
	}
	a.log.Info("working with", "cores", config.ThisMachine().Cores, "memory_mib", config.ThisMachine().Memory/config.MiB, "database_connections", pool.Connections)
	if a.blobs, err = vault.OpenBlobs(ctx, keys, a.cfg.BlobsURL); err != nil {
		return fmt.Errorf("BLOBS_URL: %w", err)
	}
	if a.engine, err = dialEngine(ctx, keys, a.cfg.TaskQueue, lookup, a.log); err != nil {
		return err
	}
	theWallet, err := wallet.New(wallet.Config{BaseURL: a.cfg.Wallet.URL, APIKey: a.cfg.Wallet.APIKey, Timeout: a.cfg.Wallet.Timeout})
	if err != nil {
		return err
	}
	theBank, err := a.openBank()
	if err != nil {
		return err
	}
	compared := a.compareOnce()
	a.handler, err = api.New(api.Deps{
		Store: a.store, Engine: a.engine, Wallet: theWallet, Bank: theBank, Blobs: a.blobs, Keys: keys,
		Auth:        api.Auth{TokensFile: a.cfg.TokensFile, OIDCIssuer: a.cfg.OIDCIssuer, OIDCAudience: a.cfg.OIDCAudience},
		BankSecrets: a.cfg.BankSecrets, WalletSecrets: a.cfg.WalletSecrets,
		RateLimit: a.cfg.RateLimit, CallsMax: a.cfg.CallsMax, ActsPerHour: a.cfg.ActsPerHour, AnswerWithin: a.cfg.AnswerWithin, PublicURL: a.cfg.PublicURL, CORSOrigins: a.cfg.CORSOrigins,
		WebhookAllowNets: a.cfg.WebhookAllowNets,
		StreamsPerToken:  a.cfg.StreamsPerToken, UnauthorizedPerMinute: a.cfg.UnauthorizedPerMinute, TrustedProxies: a.cfg.TrustedProxies,
		Stopping: a.stopping, Metrics: a.numbers, Log: a.log, Runs: a.engine, Compared: compared,
	})
	return err
}

// compareOnce compares database and engine in the background, and reports whether it has: the engine may come later than the API.
func (a *apiServer) compareOnce() (compared func() bool) {
	var done atomic.Bool
	ctx, cancel := context.WithCancel(context.Background())
	a.stopComparing = cancel
	keeper := &restore.Keeper{Book: a.store, Engine: a.engine, Every: restore.Every, Log: a.log}
	a.compare.Go(func() {
		if keeper.Begin(ctx) {
			done.Store(true)
		}
	})
	return done.Load
}

// openBank is nil if the API was not told where the bank is.
func (a *apiServer) openBank() (api.Bank, error) {
	if a.cfg.BankURL == "" {
		return nil, nil
	}
	return bank.New(bank.Config{BaseURL: a.cfg.BankURL, APIKey: a.cfg.BankAPIKey})
}

func dialEngine(ctx context.Context, keys *vault.Keys, taskQueue string, lookup envconfig.EnvLookup, log *slog.Logger) (*engine.Engine, error) {
	options, err := envconfig.LoadClientOptions(envconfig.LoadClientOptionsRequest{EnvLookup: lookup})
	if err != nil {
		return nil, fmt.Errorf("Temporal's client configuration (TEMPORAL_… variables): %w", err)
	}
	return engine.Dial(ctx, engine.Secured(options, keys, log), taskQueue, log)
}

// serve takes calls on l, and shows its numbers on metrics, if that is any.
func (a *apiServer) serve(l, metrics net.Listener) {
	a.start(serveWithin(l, a.handler, web.Config{
		Within: a.cfg.ReceiveWithin, IdleWithin: a.cfg.IdleWithin, Connections: a.cfg.Connections, PerAddress: a.cfg.ConnectionsPerAddress,
		Log: a.log, Metrics: a.numbers, Stopping: a.stopping,
	}))
	if metrics != nil {
		a.start(serveHTTP(metrics, api.MetricsHandler(a.numbers), a.log))
		a.log.Info("serving the metrics", "addr", metrics.Addr().String())
	}
}

func (a *apiServer) start(w *webServer) {
	a.webs = append(a.webs, w)
	go func() {
		if err, failed := <-w.failed; failed {
			a.failed <- err
		}
	}()
}

// leave says by /readyz that the process stops, and takes calls for as long as it may be before everybody has seen that.
// It returns early, with why, if a server ends by itself.
func (a *apiServer) leave(now context.Context) error {
	a.told.Do(func() { close(a.stopping) })
	if a.cfg.UnreadyFor <= 0 {
		return nil
	}
	a.log.Info("stopping: not ready any more, calls are still taken", "for", a.cfg.UnreadyFor.String())
	seen := time.NewTimer(a.cfg.UnreadyFor)
	defer seen.Stop()
	select {
	case <-seen.C:
		return nil
	case <-now.Done():
		return nil
	case err := <-a.failed:
		return err
	}
}

// stop takes no more calls, waits for answers under way, and gives back what was opened.
func (a *apiServer) stop(now context.Context) error {
	a.told.Do(func() { close(a.stopping) })
	a.log.Info("taking no more calls", "answers_within", a.cfg.ShutdownWithin.String())
	var errs []error
	for _, w := range a.webs {
		errs = append(errs, w.stop(now, a.cfg.ShutdownWithin))
	}
	return errors.Join(append(errs, a.close())...)
}

func (a *apiServer) close() error {
	if a.stopComparing != nil {
		a.stopComparing()
		a.compare.Wait()
	}
	if a.engine != nil {
		a.engine.Close()
	}
	if a.store != nil {
		a.store.Close()
	}
	if a.blobs != nil {
		return a.blobs.Close()
	}
	return nil
}
