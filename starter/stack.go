package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"shiming/internal/config"
	"shiming/internal/devstack"
	"shiming/internal/postgres"
	"shiming/internal/sandbox"
	"shiming/registration"
)

// stackOptions says where the parts of a development set-up listen and how fast its days go.
type stackOptions struct {
	APIAddr      string
	SandboxAddr  string
	MetricsAddr  string // empty: none are served
	TemporalPort int
	UIPort       int
	WorkingDay   time.Duration // 0: real days
	SettleDelay  time.Duration
	DataDir      string // empty: nothing is kept
	ReadyFile    string
	ToTheEnd     bool // being stopped on the way is a failure
}

// stack is everything for development, brought up and down together.
type stack struct {
	opts stackOptions
	say  func(string) // tells the person at the terminal
	log  *slog.Logger

	home            *home
	apiListener     net.Listener
	sandboxListener net.Listener
	metricsListener net.Listener // nil: none are served
	apiURL          string
	sandboxURL      string
	databaseURL     string

	postgres   *devstack.Postgres // nil: DATABASE_URL's
	passing    *passingDatabase   // on DATABASE_URL's server, if nothing is kept
	temporal   *devstack.Temporal // nil: TEMPORAL_ADDRESS's
	readyFile  string             // written by us
	workerPath string
	sandbox    *sandbox.Server
	sandboxWeb *webServer
	api        *apiServer
	worker     *workerProcess
	stopWorker context.CancelFunc
	codecWeb   *webServer
	death      *death // of a part that ended by itself
}

// up starts everything, and returns when all of it answers. After an error some of it may run: call down.
func (s *stack) up(ctx, now context.Context) error {
	if err := s.tryReadyFile(); err != nil {
		return err
	}
	if err := s.takePorts(); err != nil {
		return err
	}
	var err error
	if s.home, err = openHome(s.opts.DataDir, s.opts.WorkingDay); err != nil {
		return err
	}
	if s.opts.ReadyFile != "" {
		if err := removeIfThere(s.opts.ReadyFile); err != nil {
			return fmt.Errorf("--ready-file: %w", err)
		}
	}
	if err := s.startServers(ctx); err != nil {
		return err
	}
	if err := s.startOurs(ctx, now); err != nil {
		return err
	}
	if err := s.awaitReady(ctx); err != nil {
		return err
	}
	return s.writeReadyFile()
}

// takePorts fails before anything runs, rather than half-way.
func (s *stack) takePorts() error {
	var err error
	if s.apiListener, err = wantedAPI.listen(s.opts.APIAddr); err != nil {
		return err
	}
	if s.sandboxListener, err = wantedSandbox.listen(s.opts.SandboxAddr); err != nil {
		return err
	}
	if s.opts.MetricsAddr != "" {
		if s.metricsListener, err = wantedMetrics.listen(s.opts.MetricsAddr); err != nil {
			return err
		}
	}
	s.apiURL, s.sandboxURL = urlOf(s.apiListener), urlOf(s.sandboxListener)
	if s.foreignTemporal() != "" {
		return nil
	}
	if s.opts.UIPort == 0 { // known beforehand, because only its page may have payloads decoded
		if s.opts.UIPort, err = freePort(); err != nil {
			return err
		}
	}
	return errors.Join(wantedTemporal.free(s.opts.TemporalPort), wantedTemporalUI.free(s.opts.UIPort))
}

// startServers brings up what we stand on, and builds the worker meanwhile.
func (s *stack) startServers(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.startPostgres(ctx) })
	group.Go(func() error { return s.startTemporal(ctx) })
	group.Go(func() (err error) {
		s.workerPath, err = findWorker(ctx, s.say)
		return err
	})
	return group.Wait()
}

func (s *stack) startPostgres(ctx context.Context) error {
	if err := s.findDatabase(ctx); err != nil {
		return err
	}
	if err := postgres.Migrate(ctx, s.databaseURL); err != nil {
		return fmt.Errorf("bring the database up to date: %w", err)
	}
	return nil
}

// findDatabase takes the one at DATABASE_URL, or one on that server if nothing is to be kept, or starts a server.
func (s *stack) findDatabase(ctx context.Context) error {
	s.databaseURL = os.Getenv("DATABASE_URL")
	switch {
	case s.databaseURL == "":
		s.say("starting PostgreSQL…")
		pg, err := devstack.StartPostgres(ctx, devstack.PostgresOptions{
			DataDir: s.home.ifKept("postgres"), Log: s.log, Progress: s.say,
		})
		if err != nil {
			return err
		}
		s.postgres, s.databaseURL = pg, pg.URL
	case s.home.temporary:
		passing, err := makePassingDatabase(ctx, s.databaseURL)
		if err != nil {
			return err
		}
		s.passing, s.databaseURL = passing, passing.url
		s.say("using a database of its own at DATABASE_URL's server, " + passing.name + ", dropped at the end")
	default:
		s.say("using the PostgreSQL at DATABASE_URL")
	}
	return nil
}

func (s *stack) startTemporal(ctx context.Context) error {
	if address := s.foreignTemporal(); address != "" {
		s.say("using the Temporal at " + address + " (TEMPORAL_ADDRESS)")
		return nil
	}
	s.say("starting Temporal…")
	codecURL, err := s.serveCodec()
	if err != nil {
		return fmt.Errorf("show payloads in Temporal's UI: %w", err)
	}
	t, err := devstack.StartTemporal(ctx, devstack.TemporalOptions{
		Port: s.opts.TemporalPort, UI: true, UIPort: s.opts.UIPort, UICodecEndpoint: codecURL,
		DBFile:           s.home.ifKept("temporal.db"),
		SearchAttributes: registration.SearchAttributes(), Log: s.log, Progress: s.say,
	})
	if err != nil {
		return explainPort(err)
	}
	s.temporal = t
	return nil
}

// foreignTemporal is the engine of somebody else to use: none if nothing is to be kept, for a history stays where it is.
func (s *stack) foreignTemporal() string {
	if s.opts.DataDir == "" {
		return ""
	}
	return os.Getenv("TEMPORAL_ADDRESS")
}

// startOurs brings up the product and its outside world.
func (s *stack) startOurs(ctx, now context.Context) error {
	cfg, err := config.From[config.Sandbox](s.sandboxSettings())
	if err != nil {
		return err
	}
	if s.sandbox, err = openSandbox(cfg, s.log.With("part", "sandbox")); err != nil {
		return err
	}
	s.sandboxWeb = serveHTTP(s.sandboxListener, s.sandbox, s.log)

	s.worker = &workerProcess{path: s.workerPath, settings: s.workerSettings, say: s.say, log: s.log}
	working, stopWorker := context.WithCancel(context.WithoutCancel(ctx)) // ended by down, in its order
	s.stopWorker = stopWorker
	s.worker.start(working, now)

	s.say("starting the API…")
	apiCfg, err := config.From[config.API](s.apiSettings())
	if err != nil {
		return err
	}
	s.api, err = openAPI(ctx, apiCfg, s.temporalSettings(), s.log.With("part", "api"))
	if err != nil {
		return err
	}
	s.api.serve(s.apiListener, s.metricsListener)
	s.death = s.watch()
	return nil
}

// wait returns when ctx ends, or with what died and takes the rest with it.
func (s *stack) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-s.death.done:
		return s.death.err
	}
}
