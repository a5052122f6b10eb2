package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"shiming/internal/backup"
	"shiming/internal/cli"
	"shiming/internal/postgres"
)

type restoreCommand struct {
	Dir     string   `arg:"" help:"A backup, or a folder of backups: the newest is taken."`
	Parts   []string `name:"part" enum:"database,scans,engine" default:"database,scans" help:"What to put back: database, scans, engine (ENGINE_DATABASE_URL and ENGINE_VISIBILITY_URL)."`
	Replace bool     `help:"Let the databases be replaced. What they hold is lost."`
	Force   bool     `help:"Do not look whether somebody is connected to the databases."`
}

// Run puts a backup back, and says what has to follow.
func (c *restoreCommand) Run(stop *stopper, o *cli.IO) (err error) {
	path, m, err := backup.Find(c.Dir)
	if err != nil {
		return err
	}
	s, err := openBackupStores(stop.soon)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.blobs.Close()) }()
	o.Hint(fmt.Sprintf("%s, as of %s (%s ago)", path, m.TakenAt.Format("2006-01-02 15:04:05 MST"), time.Since(m.TakenAt).Round(time.Second)))
	o.Hint("comparing every file with its sum…")
	if err := backup.Check(stop.soon, path, m, s.keys); err != nil {
		return err
	}
	done, err := backup.Restore(stop.soon, path, m, backup.Target{
		DatabaseURL: s.cfg.DatabaseURL, EngineURL: s.cfg.EngineDatabaseURL, VisibilityURL: s.cfg.EngineVisibilityURL,
		Keys: s.keys, Blobs: s.blobs, Client: s.client, Say: o.Hint, Parts: c.Parts, Replace: c.Replace, Force: c.Force,
	})
	if err != nil {
		return err
	}
	return c.told(stop, s, m, done)
}

// told brings the schema up to date and says what was done.
func (c *restoreCommand) told(stop *stopper, s backupStores, m backup.Manifest, done backup.Outcome) error {
	if slices.Contains(c.Parts, backup.PartScans) {
		fmt.Printf("scans: %d put back, %d were there\n", done.ScansPut, done.ScansThereBefore)
	}
	if slices.Contains(c.Parts, backup.PartEngine) {
		fmt.Println("the engine's databases: put back")
	}
	if !slices.Contains(c.Parts, backup.PartDatabase) {
		return nil
	}
	if err := postgres.Migrate(stop.soon, s.cfg.DatabaseURL); err != nil {
		return fmt.Errorf("DATABASE_URL: %w", err)
	}
	if err := s.hold(stop.soon, m); err != nil {
		return fmt.Errorf("DATABASE_URL: %w", err)
	}
	fmt.Printf("database: %d rows put back, as of %s, and up to date\n", done.Rows, m.TakenAt.Format("2006-01-02 15:04:05 MST"))
	fmt.Println("it is held: nothing is opened and nobody is paid until it is repaired. Start the workers and the API, then: starter repair --all --reason \"…\"")
	return nil
}

// hold keeps the product from paying by what the backup knows: the bank has gone on, and if the engine is put back too, nobody else can tell.
func (s backupStores) hold(ctx context.Context, m backup.Manifest) error {
	store, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	return store.Hold(ctx, "a backup as of "+m.TakenAt.Format(time.RFC3339)+" was put back", m.TakenAt)
}
