package postgres

import (
	"context"
	"time"

	"shiming/registration"
)

// Anchor is what the database knows of its engine.
type Anchor struct {
	registration.Mark
	MarkedAt     *time.Time // when the mark was raised last; nil: never
	Acknowledged int64      // the newest mark that the engine has kept; 0: none
	EngineID     string     // of the cluster and namespace that kept it; empty: none
	Held         bool       // it was found to be older before, and is not repaired yet
	PutBack      bool       // a backup was put back into it, and nobody has held it for that yet
	Fell         bool       // this process has seen it further than it stands
	Repaired     time.Time  // when a hold ended last: what the engine had begun by then was repaired; zero: none ever did
}

// RestoringSchema is there from the moment on at which a backup is put back until the database is held for it, in one transaction
// each with what it stands for.
const RestoringSchema = "shiming_restoring"

const anchorColumns = `database_id::text, mark, marked_at, acknowledged, coalesce(engine_id, ''),
	exists (select from holds where ended_at is null), to_regnamespace('` + RestoringSchema + `') is not null, (select max(ended_at) from holds)`

// committed counts what was committed, cheaply: every step leaves a line on a timeline or a message. An idle product adds nothing.
const committed = `(select last_value from timeline_id_seq) + (select last_value from outbox_id_seq)`

// AnchorNow reads what the database knows of its engine.
func (s *Store) AnchorNow(ctx context.Context) (Anchor, error) { return s.anchorNow(ctx, s.pool) }

// anchorNow must not be asked in a snapshot that was taken earlier: it would look older than what was seen since.
func (s *Store) anchorNow(ctx context.Context, q querier) (a Anchor, err error) {
	was := s.seen.furthest() // before the database is asked: its answer is of later
	repaired, columns := a.scan()
	err = q.QueryRow(ctx, `select `+anchorColumns+` from anchor`).Scan(columns...)
	if err != nil {
		return a, err
	}
	s.seenSince(&a, *repaired, was)
	return a, nil
}

// scan is where the columns of an anchor go. When a hold ended last comes apart, for [Store.seenSince].
func (a *Anchor) scan() (repaired **time.Time, columns []any) {
	repaired = new(*time.Time)
	return repaired, []any{&a.DatabaseID, &a.Number, &a.MarkedAt, &a.Acknowledged, &a.EngineID, &a.Held, &a.PutBack, repaired}
}

// seenSince completes an anchor by how far the database was seen before it was asked for.
func (s *Store) seenSince(a *Anchor, repaired *time.Time, was sighting) {
	if repaired != nil {
		a.Repaired = *repaired
	}
	now := sighting{Mark: a.Mark, repaired: a.Repaired}
	a.Fell = now.olderThan(was)
	s.seen.note(now)
}

// RaiseMark raises the mark if anything was committed since it was raised last, or in any case, and returns what holds then. The
// engine is to be told of it, and [Store.MarkKept] to be called.
func (s *Store) RaiseMark(ctx context.Context, inAnyCase bool) (a Anchor, err error) {
	_, err = s.pool.Exec(ctx, `update anchor set mark = mark + 1, marked_at = $2, work = `+committed+` where $1 or work <> `+committed, inAnyCase, s.now())
	if err != nil {
		return a, err
	}
	return s.AnchorNow(ctx)
}

// MarkKept notes that the engine has kept a mark.
func (s *Store) MarkKept(ctx context.Context, number int64, engineID string) error {
	_, err := s.pool.Exec(ctx, `update anchor set acknowledged = least(mark, greatest(acknowledged, $1)), engine_id = $2`, number, engineID)
	return err
}

// Unknown sorts out which of the registrations, clearings and payments that the engine knows the database does not.
func (s *Store) Unknown(ctx context.Context, ids []string) ([]string, error) {
	return s.ids(ctx, `select id from unnest($1::text[]) as asked (id) where not exists (select from registrations r where r.id = asked.id)
		and not exists (select from clearings k where k.id = asked.id) and not exists (select from payments p where p.id = asked.id)`, ids)
}
