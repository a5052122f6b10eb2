package postgres

import (
	"context"
	"fmt"
	"strconv"
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
	return e.write(ctx, tx, "", nil)
}

// write writes an event, and a message to have its subscribers told if there are any, in one statement with others, which take the
// parameters before its own. One that is disabled counts: it may be enabled again before the message is carried.
func (e event) write(ctx context.Context, tx querier, others string, args []any) error {
	p := parameters{args}
	sql := fmt.Sprintf(`with %stold as (insert into events (id, type, registration_id, account_id, sequence, from_state, to_state, at)
			values (%s, %s, %s, %s, %s, %s, %s, %s) returning id, type, at),
		message as (insert into outbox (kind, ref, version, created_at, next_at) select %s, id, 0, at, at from told
			where exists (select from webhook_endpoints w where w.events @> array[told.type]) returning kind)
		select pg_notify('shiming_outbox', kind) from message`, others,
		p.next(registration.NewID("evt")), p.next(e.kind), p.next(e.subject), p.next(e.account), p.next(e.sequence), p.next(e.from), p.next(e.to), p.next(e.at),
		p.next(MessageEvent))
	_, err := tx.Exec(ctx, sql, p.all...)
	return err
}

// parameters are those of a statement that is put together.
type parameters struct{ all []any }

// next adds one, and is how the statement names it.
func (p *parameters) next(v any) string {
	p.all = append(p.all, v)
	return "$" + strconv.Itoa(len(p.all))
}
