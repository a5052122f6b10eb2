package postgres

import (
	"context"
	"time"

	"shiming/registration"
)

// event is something that subscribers are told of.
type event struct {
	kind     string
	subject  string // a registration's, a clearing's or a finding's id
	account  string // empty: it names none
	sequence int64
	from, to registration.State
	at       time.Time
}

// emit writes an event for subscribers, in the transaction of what it tells.
func emit(ctx context.Context, tx querier, e event) error {
	id := registration.NewID("evt")
	_, err := tx.Exec(ctx, `insert into events (id, type, registration_id, account_id, sequence, from_state, to_state, at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, id, e.kind, e.subject, e.account, e.sequence, e.from, e.to, e.at)
	if err != nil {
		return err
	}
	return enqueue(ctx, tx, e.at, MessageEvent, id, nil)
}
