package backup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"shiming/internal/vault"
)

// Source is what a backup is taken of.
type Source struct {
	DatabaseURL   string
	EngineURL     string // of the engine's own database; empty: it has none that we could dump
	VisibilityURL string // of the engine's visibility store; empty: none of its own
	Keys          *vault.Keys
	Blobs         *vault.Blobs
	Client        Client
	Say           func(string) // is told how far it is
}

// Take makes a backup in a folder of backups and returns its path. One at a time is made of a database.
func Take(ctx context.Context, from Source, into string) (path string, m Manifest, err error) {
	err = alone(ctx, from.DatabaseURL, func() error {
		if err := removeUnfinished(into); err != nil {
			return err
		}
		path, m, err = from.take(ctx, into)
		return err
	})
	return path, m, err
}

// ErrBusy says that somebody else is taking a backup of the same database.
var ErrBusy = errors.New("another backup of this database is being taken: wait until it has ended")

// alone runs fn while nobody else takes a backup of the database.
func alone(ctx context.Context, databaseURL string, fn func() error) error {
	conn, err := connect(ctx, databaseURL)
	if err != nil {
		return fmt.Errorf("DATABASE_URL: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it frees the lock
	var mine bool
	if err := conn.QueryRow(ctx, `select pg_try_advisory_lock(hashtext('shiming backup'))`).Scan(&mine); err != nil {
		return fmt.Errorf("DATABASE_URL: %w", err)
	}
	if !mine {
		return ErrBusy
	}
	return fn()
}

func (from Source) take(ctx context.Context, into string) (string, Manifest, error) {
	before, _, err := Find(into)
	if err != nil {
		before = "" // the first one
	}
	d, err := newDraft(into, time.Now())
	if err != nil {
		return "", Manifest{}, err
	}
	if err := from.fill(ctx, d, before); err != nil {
		return "", Manifest{}, errors.Join(err, d.drop())
	}
	return d.final, d.manifest, d.finish(time.Now())
}

// fill writes everything in the order that hurts least.
func (from Source) fill(ctx context.Context, d *draft, before string) (err error) {
	if d.manifest.Keys, err = from.Keys.Mark(); err != nil {
		return err
	}
	if err := from.dumpEngine(ctx, d); err != nil {
		return err
	}
	var wanted map[string]string
	from.Say("the database…")
	err = look(ctx, from.DatabaseURL, func(s snapshot) error {
		d.manifest.TakenAt, d.manifest.Schema, d.manifest.Server, d.manifest.Tables = s.takenAt.UTC(), s.schema, s.server, s.tables
		wanted = s.scans
		return from.Client.dump(ctx, from.DatabaseURL, s.id, d.path(databaseFile))
	})
	if err != nil {
		return fmt.Errorf("DATABASE_URL: %w", err)
	}
	if err := d.add(databaseFile); err != nil {
		return err
	}
	from.Say("the scans…")
	got, err := d.copyScans(ctx, from.Blobs, before, from.Say)
	if err != nil {
		return fmt.Errorf("BLOBS_URL: %w", err)
	}
	return d.keepSums(got, wanted)
}

// dumpEngine comes before the database: an engine that is older is rebuilt from rows.
func (from Source) dumpEngine(ctx context.Context, d *draft) error {
	for _, one := range []struct{ setting, url, file string }{
		{"ENGINE_DATABASE_URL", from.EngineURL, engineFile},
		{"ENGINE_VISIBILITY_URL", from.VisibilityURL, visibilityFile},
	} {
		if one.url == "" {
			continue
		}
		from.Say("the engine's database (" + one.setting + ")…")
		if err := from.Client.dump(ctx, one.url, "", d.path(one.file)); err != nil {
			return fmt.Errorf("%s: %w", one.setting, err)
		}
		if err := d.add(one.file); err != nil {
			return err
		}
		d.manifest.Engine = true
	}
	return nil
}
