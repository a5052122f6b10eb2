package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"shiming/registration"
)

// FindingFilter chooses findings. Empty fields choose all.
type FindingFilter struct {
	Kind   registration.FindingKind
	Open   *bool
	Cursor string
	Limit  int
}

// Findings lists what was found, newest first.
func (s *Store) Findings(ctx context.Context, f FindingFilter) (Page[*Finding], error) {
	var page Page[*Finding]
	q := listing{from: "findings", columns: findingColumns, order: "since desc, id desc", limit: f.Limit + 1}
	if f.Kind != "" {
		q.where("kind = ?", f.Kind)
	}
	if f.Open != nil {
		q.where(map[bool]string{true: "resolved_at is null", false: "resolved_at is not null"}[*f.Open])
	}
	if f.Cursor != "" {
		at, id, err := readCursor(f.Cursor)
		if err != nil {
			return page, err
		}
		q.where("(since, id) < (?, ?)", at, id)
	}
	rows, err := s.pool.Query(ctx, q.sql(), q.args...)
	if err != nil {
		return page, err
	}
	page.Items, err = pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[Finding])
	if len(page.Items) > f.Limit {
		page.Items = page.Items[:f.Limit]
		last := page.Items[f.Limit-1]
		page.NextCursor = cursor(last.Since, last.ID)
	}
	return page, err
}

// FindingOf returns one finding.
func (s *Store) FindingOf(ctx context.Context, id string) (*Finding, error) {
	return findingOf(ctx, s.pool, id)
}

func findingOf(ctx context.Context, q querier, id string) (*Finding, error) {
	rows, err := q.Query(ctx, `select `+findingColumns+` from findings where id = $1`, id)
	if err != nil {
		return nil, err
	}
	f, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[Finding])
	return f, notFound(err)
}
