package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"shiming/registration"
)

// timelineLines reads a timeline, with who was behind each line and why, where a person has said so of a finding.
func (s *Store) timelineLines(ctx context.Context, sql, id string) ([]registration.TimelineEntry, error) {
	rows, err := s.pool.Query(ctx, sql, id)
	if err != nil {
		return nil, err
	}
	type line struct {
		registration.TimelineEntry
		finding *string
	}
	var findings []string
	lines, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l line, err error) {
		err = row.Scan(&l.At, &l.Event, &l.From, &l.To, &l.Actor, &l.finding)
		l.By = registration.Actor(l.Actor).Person()
		if l.finding != nil {
			findings = append(findings, *l.finding)
		}
		return l, err
	})
	if err != nil {
		return nil, err
	}
	found, err := s.findingsByID(ctx, findings)
	if err != nil {
		return nil, err
	}
	entries := make([]registration.TimelineEntry, len(lines))
	for i, l := range lines {
		entries[i] = l.TimelineEntry
		if l.finding != nil && found[*l.finding] != nil {
			entries[i].Reason = found[*l.finding].Reason
		}
	}
	return entries, nil
}
