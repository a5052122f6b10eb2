package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"shiming/internal/vault"
	"shiming/internal/workday"
	"shiming/registration"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is the database of the product. It is safe for concurrent use.
type Store struct {
	pool *connections
	size Pool
	keys *vault.Keys
	cal  workday.Calendar
	now  func() time.Time
	seen *sightings

	answers *answerKey

	ceilings registration.Ceilings
}

// WithClock returns the same store reading the time from now, for time that does not pass by itself.
func (s *Store) WithClock(now func() time.Time) *Store {
	other := *s
	other.now = now
	return &other
}

// Close returns every connection.
func (s *Store) Close() { s.pool.Close() }

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.pool.Ping(ctx) }

// Pool lends the connections to whoever listens for notifications.
func (s *Store) Pool() *pgxpool.Pool { return s.pool.Pool }

// Migrate brings the schema at url up to date and writes the table of legal transitions into it. Any number of
// processes may call it at once.
func Migrate(ctx context.Context, url string) error {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return errors.New("postgres: DATABASE_URL cannot be read: want postgres://user:password@host:port/database")
	}
	db := stdlib.OpenDB(*cfg)
	defer db.Close() //nolint:errcheck // nothing was written through it that has not been committed
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("postgres: migrations: %w", err)
	}
	// One at a time: goose itself takes no lock.
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("postgres: migrate: %w", err)
	}
	defer conn.Close() //nolint:errcheck // as above
	if _, err := conn.ExecContext(ctx, "select pg_advisory_lock(hashtext('shiming migrations'))"); err != nil {
		return fmt.Errorf("postgres: migrate: %w", err)
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), "select pg_advisory_unlock(hashtext('shiming migrations'))") //nolint:errcheck // closing frees it too
	provider, err := goose.NewProvider(goose.DialectPostgres, db, dir)
	if err != nil {
		return fmt.Errorf("postgres: migrate: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("postgres: migrate: %w", err)
	}
	for _, kind := range append(registration.Kinds(), registration.IdentityClearing) {
		for _, t := range registration.Table(kind) {
			if _, err := conn.ExecContext(ctx, `insert into legal_transitions values ($1, $2, $3, $4) on conflict do nothing`,
				kind, t.From, t.Event, t.To); err != nil {
				return fmt.Errorf("postgres: legal transitions: %w", err)
			}
		}
	}
	return nil
}

// ErrNotFound says that there is no such row, or none the caller may see.
var ErrNotFound = errors.New("postgres: not found")

// inSnapshot runs fn, which only reads, on the database as it stands at one moment: what lies in several tables fits
// together, however much is written meanwhile.
func (s *Store) inSnapshot(ctx context.Context, fn func(q querier) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, s.pool, options, func(tx pgx.Tx) error { return fn(tx) })
}

func notFound(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	return err
}
