package postgres

import (
	"context"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"shiming/registration"
)

// CursorAt makes a cursor as pages end with.
var CursorAt = cursor

// Migrations are the files of the schema.
var Migrations = migrations

// migrator takes migrations forward and back at url, or, of an empty one, only knows them.
func migrator(url string) (*goose.Provider, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, stdlib.OpenDB(*cfg), dir)
}

// MigrateTo brings a new database to where an older release left it.
func MigrateTo(ctx context.Context, url string, version int64) error {
	provider, err := migrator(url)
	if err != nil {
		return err
	}
	defer provider.Close()
	_, err = provider.UpTo(ctx, version)
	return err
}

// FindIn finds something as a step does, in its transaction.
func (s *Store) FindIn(ctx context.Context, tx pgx.Tx, kind registration.FindingKind, subject string) error {
	return s.find(ctx, tx, kind, subject, "", "looked twice")
}

// Traced is the same store with every query seen.
func (s *Store) Traced(ctx context.Context, see pgx.QueryTracer) (*Store, error) {
	cfg := s.pool.Config()
	cfg.ConnConfig.Tracer = see
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	other := *s
	other.pool, other.seen = &connections{pool}, &sightings{}
	return &other, nil
}

// MigrateBack takes the newest migrations back, one after the other, until a version stands; after each, done is told which does.
func MigrateBack(ctx context.Context, url string, version int64, done func(stands int64)) error {
	provider, err := migrator(url)
	if err != nil {
		return err
	}
	defer provider.Close()
	for {
		stands, err := provider.GetDBVersion(ctx)
		if err != nil || stands <= version {
			return err
		}
		if _, err := provider.Down(ctx); err != nil {
			return err
		}
		if stands, err = provider.GetDBVersion(ctx); err != nil {
			return err
		}
		done(stands)
	}
}

// Versions are those of the migrations, oldest first.
func Versions() (all []int64, err error) {
	provider, err := migrator("")
	if err != nil {
		return nil, err
	}
	for _, s := range provider.ListSources() {
		all = append(all, s.Version)
	}
	return all, nil
}

// LostTransfers counts those that are held: neither taken over nor released.
func (s *Store) LostTransfers(ctx context.Context) (n int, err error) {
	err = s.pool.QueryRow(ctx, `select count(*) from lost_transfers where adopted_by is null and released_at is null`).Scan(&n)
	return n, err
}
