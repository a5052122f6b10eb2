package postgres

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5"

	"shiming/registration"
)

// Leftover is what is still to be written down of an act, or of an opening, that its run has answered. It is written with the
// statement that reads the answer.
type Leftover struct {
	ID      string // of the registration or clearing
	Version int64  // that the run has reported: it has taken it over; 0: none
	Input   string // what was handed in and has no use any more; empty: nothing
}

// Nothing reports whether nothing is left.
func (l Leftover) Nothing() bool { return l.Version == 0 && l.Input == "" }

// before puts what is left to be written before a query that reads, whose parameters are given. What is read is of the moment
// before, which shows the same: versions and inputs are nobody's to see. The row comes before the message, as in every step.
func (l Leftover) before(query string, args ...any) (string, []any) {
	if l.Nothing() {
		return query, args
	}
	n := len(args)
	at := func(i int) string { return "$" + strconv.Itoa(n+i) }
	return `with taken_over as (update ` + tablesOf(l.ID).rows + ` set acknowledged = greatest(acknowledged, least(` + at(2) + `, version))
			where id = ` + at(1) + ` and acknowledged < ` + at(2) + ` returning id),
		heard as (delete from outbox o using (select count(*) as n from taken_over) t
			where o.kind = ` + at(3) + ` and o.ref = ` + at(1) + ` and o.version <= ` + at(2) + ` and t.n >= 0),
		spent as (delete from vault_items where ref = ` + at(4) + `)
		` + query, append(args, l.ID, l.Version, MessageLook, l.Input)
}

// ViewAfter is [Store.View] of a registration, and writes what is left of an act.
func (s *Store) ViewAfter(ctx context.Context, id string, left Leftover) (*registration.View, error) {
	query, args := left.before(viewOne, id)
	rows, err := s.pool.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[shownRecord])
	if err != nil {
		return nil, notFound(err)
	}
	return s.view(r)
}

// SessionAfter returns the session that an act opened, and writes what is left of the act.
func (s *Store) SessionAfter(ctx context.Context, actID string, left Leftover) (AdminSession, error) {
	var a AdminSession
	query, args := left.before(`select session_id, role, qr_payload, expires_at from admin_sessions where act_id = $1`, actID)
	err := s.pool.QueryRow(ctx, query, args...).Scan(&a.SessionID, &a.Role, &a.QRPayload, &a.ExpiresAt)
	return a, notFound(err)
}

// ClearingViewAfter is [Store.ClearingView] of a clearing, and writes what is left of an act.
func (s *Store) ClearingViewAfter(ctx context.Context, id string, left Leftover) (*registration.ClearingView, error) {
	query, args := left.before(viewOneClearing, id)
	k, err := s.oneShownClearing(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return s.clearingView(k)
}
