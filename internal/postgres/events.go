package postgres

import (
	"context"
	"time"

	"shiming/registration"
)

// emit writes an event for subscribers, in the transition's own transaction. Word is left to tell them of it only if there are any:
// [Store.AddEndpoint] makes sure that none is missed who subscribes at this moment.
func emit(ctx context.Context, tx querier, rec *record, kind string, from, to registration.State, at time.Time) error {
	_, err := tx.Exec(ctx, `with event as (insert into events (id, type, registration_id, account_id, sequence, from_state, to_state, at)
			values ($1, $2, $3, $4, $5, $6, $7, $8) returning id),
		left_word as (insert into outbox (kind, ref, created_at, next_at) select '`+MessageEvent+`', id, $8, $8 from event
			where exists (select from webhook_endpoints where disabled_at is null and events @> array[$2]) returning kind)
		select pg_notify('shiming_outbox', kind) from left_word`,
		registration.NewID("evt"), kind, rec.ID, rec.AccountID, rec.Sequence, from, to, at)
	return err
}

// emit writes an event that is no transition; it takes a sequence number of its own.
func (c *change) emit(ctx context.Context, kind string) error {
	c.rec.Sequence++
	return emit(ctx, c.tx, c.rec, kind, c.rec.State, c.rec.State, c.at)
}
