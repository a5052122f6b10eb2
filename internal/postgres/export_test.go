package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"shiming/registration"
)

// CursorAt makes a cursor as pages end with.
var CursorAt = cursor

// Migrations are the files of the schema.
var Migrations = migrations

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
	other.pool = pool
	return &other, nil
}
