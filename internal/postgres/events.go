package postgres

import (
	"context"
	"time"

	"shiming/registration"
)

// emit writes an event for subscribers, in the transition's own transaction.
func emit(ctx context.Context, tx querier, rec *record, kind string, from, to registration.State, at time.Time) error {
	id := registration.NewID("evt")
	_, err := tx.Exec(ctx, `insert into events (id, type, registration_id, account_id, sequence, from_state, to_state, at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, id, kind, rec.ID, rec.AccountID, rec.Sequence, from, to, at)
	if err != nil {
		return err
	}
	return enqueue(ctx, tx, at, MessageEvent, id, nil)
}

// emit writes an event that is no transition; it takes a sequence number of its own.
func (c *change) emit(ctx context.Context, kind string) error {
	c.rec.Sequence++
	return emit(ctx, c.tx, c.rec, kind, c.rec.State, c.rec.State, c.at)
}
