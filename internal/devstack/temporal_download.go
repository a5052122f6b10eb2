package devstack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
)

const (
	downloadBegins = 10 * time.Second // offline machines should not wait longer
	downloadEnds   = 5 * time.Minute
)

func downloadTarget(bin string) string {
	return program(filepath.Join(bin, "temporal-sdk-"+temporal.SDKVersion))
}

// downloadTemporal has the SDK fetch the CLI. The SDK offers no download without a start, so it is told to start one that
// only prints its help, and abandoned as soon as the file is there.
func downloadTemporal(ctx context.Context, bin string, progress func(string)) (string, error) {
	dir, err := os.MkdirTemp(bin, "download-")
	if err != nil {
		return "", fmt.Errorf("cache folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // a stray folder in a cache harms nobody

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	complete := program(filepath.Join(dir, "temporal-cli-go-sdk-"+temporal.SDKVersion))
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		defer cancel()
		watchDownload(ctx, dir, complete, progress)
	}()
	_, err = testsuite.StartDevServer(ctx, testsuite.DevServerOptions{
		CachedDownload: testsuite.CachedDownload{DestDir: dir},
		ClientOptions:  &client.Options{Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))},
		ExtraArgs:      []string{"--help"},
		Stdout:         io.Discard,
		Stderr:         io.Discard,
	})
	cancel()
	<-watched
	if _, statErr := os.Stat(complete); statErr != nil {
		return "", errors.Join(err, statErr)
	}
	if err := os.Rename(complete, downloadTarget(bin)); err != nil {
		return "", fmt.Errorf("keep download: %w", err)
	}
	return downloadTarget(bin), nil
}

// watchDownload returns when the file is complete, or when nothing began in time, or nothing ended.
func watchDownload(ctx context.Context, dir, complete string, progress func(string)) {
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	began, deadline := false, time.Now().Add(downloadBegins)
	for time.Now().Before(deadline) {
		if _, err := os.Stat(complete); err == nil {
			return
		}
		if files, err := os.ReadDir(dir); err == nil && len(files) > 0 && !began {
			began, deadline = true, time.Now().Add(downloadEnds)
			progress("downloading the Temporal engine, once")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
