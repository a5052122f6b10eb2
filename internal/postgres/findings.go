package postgres

import (
	"context"
	"time"

	"shiming/registration"
)

// Finding is something that is not as it should be and that nothing here can mend: it waits for ops.
type Finding struct {
	ID         string
	Kind       registration.FindingKind
	Subject    string // a registration, clearing, payment, notice, delivery or act
	AccountID  string // empty if it concerns none
	Since      time.Time
	SeenAt     time.Time // last
	Tried      string    // what was tried, in words
	ResolvedAt *time.Time
	ResolvedBy *string // a person, or [ByReconciler]
	Reason     *string
}

// ByReconciler resolves findings whose cause is gone.
const ByReconciler = "reconciler"

const findingColumns = `id, kind, subject, account_id, since, seen_at, tried, resolved_at, resolved_by, reason`

// Find opens a finding, or notes that an open one is still there.
func (s *Store) Find(ctx context.Context, kind registration.FindingKind, subject, accountID, tried string) error {
	return s.find(ctx, s.pool, kind, subject, accountID, tried)
}

func (s *Store) find(ctx context.Context, q querier, kind registration.FindingKind, subject, accountID, tried string) error {
	_, err := q.Exec(ctx, `insert into findings (id, kind, subject, account_id, since, seen_at, tried) values ($1, $2, $3, $4, $5, $5, $6)
		on conflict (kind, subject) where resolved_at is null do update set seen_at = excluded.seen_at, tried = excluded.tried`,
		registration.NewID("fnd"), kind, subject, accountID, s.now(), tried)
	return err
}

// Gone resolves an open finding whose cause is gone.
func (s *Store) Gone(ctx context.Context, kind registration.FindingKind, subject string) error {
	return s.gone(ctx, s.pool, kind, subject)
}

func (s *Store) gone(ctx context.Context, q querier, kind registration.FindingKind, subject string) error {
	_, err := q.Exec(ctx, `update findings set resolved_at = $3, resolved_by = $4, reason = 'its cause is gone'
		where kind = $1 and subject = $2 and resolved_at is null`, kind, subject, s.now(), ByReconciler)
	return err
}
