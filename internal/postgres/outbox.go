package postgres

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"
)

// Letter is something a transaction left to be done by another process.
type Letter struct {
	ID      int64
	Kind    string // notice, event, signal
	Ref     string
	Payload json.RawMessage
}

// Relay takes up to limit waiting letters, oldest first, and marks those that deliver handled. Other relays may run at
// once: a letter is locked while it is handled, and waits on if deliver fails.
func (s *Store) Relay(ctx context.Context, limit int, deliver func(ctx context.Context, l Letter) error) (handled int, err error) {
	var undelivered error
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select id, kind, ref, payload from outbox where taken_at is null order by id limit $1 for update skip locked`, limit)
		if err != nil {
			return err
		}
		letters, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Letter])
		if err != nil {
			return err
		}
		done := make([]int64, 0, len(letters))
		for _, l := range letters {
			if undelivered = deliver(ctx, l); undelivered != nil {
				break
			}
			done = append(done, l.ID)
		}
		handled = len(done)
		_, err = tx.Exec(ctx, `update outbox set taken_at = now() where id = any($1)`, done)
		return err
	})
	if err == nil {
		err = undelivered
	}
	return handled, err
}

// Listen calls wake whenever a transaction has left a letter, until ctx ends or the connection breaks.
func (s *Store) Listen(ctx context.Context, wake func()) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, `listen shiming_outbox`); err != nil {
		return err
	}
	for {
		if _, err := conn.Conn().WaitForNotification(ctx); err != nil {
			return err
		}
		wake()
	}
}
