package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"shiming/internal/backup"
	"shiming/internal/cli"
	"shiming/internal/config"
	"shiming/internal/devstack"
	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/internal/restore"
	"shiming/internal/vault"
)

type backupCommand struct {
	Dir string `arg:"" help:"The folder of backups, on another disk than the database's. Each backup is a folder in it, named by its moment (UTC)."`
}

// Run takes a backup. The product may run meanwhile.
func (c *backupCommand) Run(stop *stopper, o *cli.IO) (err error) {
	s, err := openBackupStores(stop.soon)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.blobs.Close()) }()
	path, m, err := backup.Take(stop.soon, backup.Source{
		DatabaseURL: s.cfg.DatabaseURL, EngineURL: s.cfg.EngineDatabaseURL, VisibilityURL: s.cfg.EngineVisibilityURL,
		Keys: s.keys, Blobs: s.blobs, Client: s.client, Say: o.Hint,
	}, c.Dir)
	if err != nil {
		return err
	}
	s.mark(stop.soon, o)
	fmt.Printf("%s: %d rows in %d tables as of %s, %d scans\n", path, sum(m.Tables), len(m.Tables), m.TakenAt.Format("2006-01-02 15:04:05 MST"), m.Scans.Count)
	if n := len(m.Scans.Missing); n > 0 {
		o.Hint(fmt.Sprintf("the scans of %d documents are not at BLOBS_URL any more, so they are not in the backup: its manifest.json names them", n))
	}
	if !m.Engine {
		o.Hint("without the engine: ENGINE_DATABASE_URL is not set. Its runs are rebuilt from rows if it is lost")
	}
	o.Hint("the keys are not in it: keep a copy of KEYS_FILE, or of what the KMS needs, somewhere else")
	return nil
}

// markWithin bounds what comes after the dump: an engine that does not answer spoils no backup.
const markWithin = 20 * time.Second

// mark has database and engine remember that they went on after the dump: whoever restores it is known by that to be behind.
func (s backupStores) mark(ctx context.Context, o *cli.IO) {
	ctx, cancel := context.WithTimeout(ctx, markWithin)
	defer cancel()
	if err := s.raiseMark(ctx); err != nil {
		o.Hint(fmt.Sprintf("the engine was not told of this backup (%v): if nothing is committed any more, a restore of it is known by `starter restore` alone", err))
	}
}

func (s backupStores) raiseMark(ctx context.Context) error {
	log := slog.New(slog.DiscardHandler)
	store, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	runs, err := engine.Connect(ctx, s.keys, s.cfg.TaskQueue, log)
	if err != nil {
		return err
	}
	defer runs.Close()
	return restore.RaiseMark(ctx, store, runs)
}

// open opens the database as the product does.
func (s backupStores) open(ctx context.Context) (*postgres.Store, error) {
	cal, err := s.cfg.OpenCalendar()
	if err != nil {
		return nil, err
	}
	return postgres.Open(ctx, s.cfg.DatabaseURL, s.keys, cal)
}

func sum(counts map[string]int64) (all int64) {
	for _, n := range counts {
		all += n
	}
	return all
}

// backupStores are what backups are made of and put back to.
type backupStores struct {
	cfg    config.Backup
	keys   *vault.Keys
	blobs  *vault.Blobs
	client backup.Client
}

func openBackupStores(ctx context.Context) (s backupStores, err error) {
	if s.cfg, err = config.Read[config.Backup](); err != nil {
		return s, err
	}
	if s.keys, err = s.cfg.OpenKeys(); err != nil {
		return s, err
	}
	if s.client, err = clientFor(ctx, s.cfg.DatabaseURL); err != nil {
		return s, err
	}
	if s.blobs, err = vault.OpenBlobs(ctx, s.keys, s.cfg.BlobsURL); err != nil {
		return s, fmt.Errorf("BLOBS_URL: %w", err)
	}
	return s, nil
}

// clientFor finds pg_dump and pg_restore that fit a server.
func clientFor(ctx context.Context, databaseURL string) (backup.Client, error) {
	major, err := backup.ServerMajor(ctx, databaseURL)
	if err != nil {
		return backup.Client{}, fmt.Errorf("DATABASE_URL: %w", err)
	}
	found, err := devstack.FindPostgresClient(ctx, major)
	return backup.Client{Dump: found.Dump, Restore: found.Restore}, err
}
