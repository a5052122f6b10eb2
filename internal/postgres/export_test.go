package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// CursorAt makes a cursor as pages end with.
var CursorAt = cursor

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
