package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"shiming/registration"
)

// ClearingStanding is what the API needs to judge an act on a clearing. Of a contested claim it names no account.
func (s *Store) ClearingStanding(ctx context.Context, id string) (Standing, error) {
	k, err := loadClearing(ctx, s.pool, id, "")
	if err != nil {
		return Standing{}, err
	}
	st := Standing{Kind: registration.IdentityClearing, State: k.State}
	if !k.Contested {
		st.AccountID = k.account()
	}
	return st, nil
}

// lockSubject locks a registration or a clearing.
func lockSubject(ctx context.Context, tx pgx.Tx, id string) error {
	var locked string
	return notFound(tx.QueryRow(ctx, `select id from `+tablesOf(id).rows+` where id = $1 for update`, id).Scan(&locked))
}
