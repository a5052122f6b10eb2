package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// readyFile is what --ready-file holds once everything is up.
type readyFile struct {
	APIURL          string `json:"api_url"`
	SandboxURL      string `json:"sandbox_url"`
	TemporalAddress string `json:"temporal_address"`
	UIURL           string `json:"ui_url"`
	DatabaseURL     string `json:"database_url"`
	Tokens          tokens `json:"tokens"`
}

// readyWithin is how long the product may take to answer once its servers run.
const readyWithin = 60 * time.Second

// awaitReady returns when every part answers: the API and the worker with database and engine behind them, the
// sandbox, Temporal's web interface, and a worker that polls.
func (s *stack) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := s.answers(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.death.done:
			return s.death.err
		case <-ctx.Done():
			return fmt.Errorf("not everything came up: %w (--log-level debug shows more)", err)
		case <-tick.C:
		}
	}
}

func (s *stack) answers(ctx context.Context) error {
	if err := s.worker.answers(ctx); err != nil {
		return err
	}
	addresses := []string{s.apiURL + "/readyz", s.sandboxURL + "/healthz"}
	if s.temporal != nil {
		addresses = append(addresses, s.temporal.UIURL)
	}
	for _, address := range addresses {
		if err := get(ctx, address); err != nil {
			return err
		}
	}
	return s.api.polled(ctx)
}

// tryReadyFile finds out before anything runs whether the file can be written.
func (s *stack) tryReadyFile() error {
	path := s.opts.ReadyFile
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("--ready-file: %s is a folder: name a file", path)
	}
	probe, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if wrong := new(fs.PathError); errors.As(err, &wrong) {
		return fmt.Errorf("--ready-file: %s cannot be written (%w): name a file in a folder that is there and may be written", path, wrong.Err)
	}
	if err != nil {
		return fmt.Errorf("--ready-file: %w", err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

func (s *stack) writeReadyFile() error {
	if s.opts.ReadyFile == "" {
		return nil
	}
	s.readyFile = s.opts.ReadyFile
	return writeJSONFile(s.readyFile, readyFile{
		APIURL: s.apiURL, SandboxURL: s.sandboxURL, TemporalAddress: s.temporalAddress(), UIURL: s.uiURL(),
		DatabaseURL: s.databaseURL, Tokens: s.home.kept.Tokens,
	})
}

func (s *stack) temporalAddress() string {
	if s.temporal != nil {
		return s.temporal.Address
	}
	return s.foreignTemporal()
}

// uiURL is empty where somebody else runs Temporal.
func (s *stack) uiURL() string {
	if s.temporal == nil {
		return ""
	}
	return s.temporal.UIURL
}
