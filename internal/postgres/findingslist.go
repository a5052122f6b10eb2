package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/registration"
)

// FindingFilter chooses findings. Empty fields choose all.
type FindingFilter struct {
	Kind   registration.FindingKind
	Open   *bool
	Owner  string
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
	if f.Owner != "" {
		q.where("owner = ?", f.Owner)
	}
	if err := q.beyond(f.Cursor, "(since, id) < (?, ?)"); err != nil {
		return page, err
	}
	rows, err := s.pool.Query(ctx, q.sql(), q.args...)
	if err != nil {
		return page, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[Finding])
	if err != nil {
		return page, err
	}
	page.Items, page.NextCursor = trim(all, f.Limit, func(x *Finding) (time.Time, string) { return x.Since, x.ID })
	return page, s.openFindings(ctx, page.Items...)
}

// FindingOf returns one finding.
func (s *Store) FindingOf(ctx context.Context, id string) (*Finding, error) {
	f, err := findingOf(ctx, s.pool, id)
	if err != nil {
		return nil, err
	}
	return f, s.openFindings(ctx, f)
}

// openFindings puts back why persons resolved findings. Of what was erased nobody knows any more.
func (s *Store) openFindings(ctx context.Context, findings ...*Finding) error {
	var subjects []string
	for _, f := range findings {
		if f.SealedFor != nil {
			subjects = append(subjects, *f.SealedFor)
		}
	}
	keys, err := keysOf(ctx, s.pool, subjects...)
	if err != nil {
		return err
	}
	for _, f := range findings {
		if f.SealedReason == nil {
			continue
		}
		var reason string
		err := s.openAbout(keys, *f.SealedFor, f.Concerns, f.ID, dossier.PurposeReason, f.SealedReason, &reason)
		switch {
		case errors.Is(err, ErrErased):
			continue
		case err != nil:
			return err
		}
		f.Reason = &reason
	}
	return nil
}

func findingOf(ctx context.Context, q querier, id string) (*Finding, error) {
	rows, err := q.Query(ctx, `select `+findingColumns+` from findings where id = $1`, id)
	if err != nil {
		return nil, err
	}
	f, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[Finding])
	return f, notFound(err)
}

// findingsByID reads some findings, with their reasons.
func (s *Store) findingsByID(ctx context.Context, ids []string) (map[string]*Finding, error) {
	all := map[string]*Finding{}
	if len(ids) == 0 {
		return all, nil
	}
	rows, err := s.pool.Query(ctx, `select `+findingColumns+` from findings where id = any($1)`, ids)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[Finding])
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		all[f.ID] = f
	}
	return all, s.openFindings(ctx, found...)
}
