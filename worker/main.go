// Command worker runs the workflows and activities of Shiming against any Temporal (its address and credentials by the
// SDK's TEMPORAL_* variables) and the database at DATABASE_URL.
//
// It promises to start nothing before its settings, the database and the engine's search attributes are as they should
// be, and to drain on SIGTERM: what is under way is finished or handed back, and nothing is lost. It refuses to migrate
// the database or to set up the engine, which is done once before a release and not by each of several workers.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"shiming/internal/config"
	"shiming/internal/workerd"
)

func main() { os.Exit(status()) }

// status runs the worker and says how the process ends.
func status() int {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := start(ctx, log); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		return 1
	}
	return 0
}

func start(ctx context.Context, log *slog.Logger) error {
	cfg, err := config.Read[config.Worker]()
	if err != nil {
		return err
	}
	p, err := workerd.Wire(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer p.Close()
	return p.Run(ctx)
}
