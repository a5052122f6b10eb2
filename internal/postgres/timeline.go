package postgres

import (
	"context"
	"time"

	"shiming/registration"
)

// tables are where a kind of subject is stored.
type tables struct{ rows, timeline, key, kind string }

// tablesOf are those of a registration or a clearing.
func tablesOf(id string) tables {
	if registration.IsClearingID(id) {
		return tables{rows: "clearings", timeline: "clearing_timeline", key: "clearing_id", kind: "'clearing'"}
	}
	return tables{rows: "registrations", timeline: "timeline", key: "registration_id", kind: "kind"}
}

// write puts a transition on the timeline, and out for subscribers.
func (c *change) write(ctx context.Context, from registration.State, what registration.Event) error {
	t := tablesOf(c.row.ID)
	line := `insert into ` + t.timeline + ` (` + t.key + `, sequence, kind, at, event, from_state, to_state, actor) values ($1, $2, $3, $4, $5, $6, $7, $8)`
	args := []any{c.row.ID, c.row.Sequence, c.on.kind(), c.at, what, from, c.row.State, c.step.Actor}
	if from == c.row.State {
		_, err := c.tx.Exec(ctx, line, args...)
		return err
	}
	kind := "registration.state_changed"
	if c.on.kind() == registration.IdentityClearing {
		kind = "clearing.state_changed"
	}
	return c.event(kind, from).write(ctx, c.tx, `line as (`+line+`), `, args)
}

// emit writes an event for subscribers that is no transition; it takes a sequence number of its own.
func (c *change) emit(ctx context.Context, kind string) error {
	c.row.Sequence++
	return emit(ctx, c.tx, c.event(kind, c.row.State))
}

func (c *change) event(kind string, from registration.State) event {
	return event{kind: kind, subject: c.row.ID, account: c.on.named(), sequence: c.row.Sequence, from: from, to: c.row.State, at: c.at}
}

// note puts something on the timeline that is no transition.
func (c *change) note(ctx context.Context, what, actor string) error {
	t := tablesOf(c.row.ID)
	_, err := c.tx.Exec(ctx, `insert into `+t.timeline+` (`+t.key+`, kind, at, event, from_state, to_state, actor) values ($1, $2, $3, $4, $5, $5, $6)`,
		c.row.ID, c.on.kind(), c.at, what, c.row.State, actor)
	return err
}

// addTimelineNote puts something on the timeline of a registration or a clearing that is no transition, with the finding because
// of which it was done, if there is one. [ErrNotFound] if there is no such row.
func addTimelineNote(ctx context.Context, q querier, id, what, actor string, because *Finding, at time.Time) error {
	t := tablesOf(id)
	tag, err := q.Exec(ctx, `insert into `+t.timeline+` (`+t.key+`, kind, at, event, from_state, to_state, actor, finding_id)
		select id, `+t.kind+`, $2, $3, state as was, state, $4, $5 from `+t.rows+` where id = $1`, id, at, what, actor, because.id())
	if err == nil && tag.RowsAffected() == 0 {
		err = ErrNotFound
	}
	return err
}
