package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// keyring is a transaction that remembers the wrapped data keys it has read, so that a step which seals several values of one
// subject reads its key once. It lives as long as the transaction: a key that is removed is found by the next.
type keyring struct {
	pgx.Tx
	keys dataKeys
}

// remember keeps a key for the rest of the transaction, if q is one and there is a key.
func remember(q querier, subject string, wrapped []byte) {
	if ring, ok := q.(*keyring); ok && wrapped != nil {
		ring.keys[subject] = wrapped
	}
}

// remembered is a key that the transaction has read before, nil if it has not.
func remembered(q querier, subject string) []byte {
	if ring, ok := q.(*keyring); ok {
		return ring.keys[subject]
	}
	return nil
}

// inTx runs fn in one transaction.
func (s *Store) inTx(ctx context.Context, fn func(tx pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return fn(&keyring{Tx: tx, keys: dataKeys{}}) })
}
