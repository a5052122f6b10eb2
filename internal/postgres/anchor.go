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
}

const anchorColumns = `database_id::text, mark, marked_at, acknowledged, coalesce(engine_id, '')`

// committed counts what was committed, cheaply: every step leaves a line on a timeline or a message. An idle product adds nothing.
const committed = `(select last_value from timeline_id_seq) + (select last_value from outbox_id_seq)`

// AnchorNow reads what the database knows of its engine.
func (s *Store) AnchorNow(ctx context.Context) (a Anchor, err error) {
	err = s.pool.QueryRow(ctx, `select `+anchorColumns+` from anchor`).Scan(a.fields()...)
	return a, err
}

func (a *Anchor) fields() []any {
	return []any{&a.DatabaseID, &a.Number, &a.MarkedAt, &a.Acknowledged, &a.EngineID}
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
