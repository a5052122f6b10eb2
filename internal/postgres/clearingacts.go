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

// endClearingAct is [Store.EndAct] for a clearing's.
func (s *Store) endClearingAct(ctx context.Context, id, actID string, refusal *registration.Refusal) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		c, err := s.beginClearing(ctx, tx, Step{RegistrationID: id})
		if err != nil {
			return err
		}
		shown, err := endAct(ctx, tx, actID, refusal, c.at)
		if !shown || err != nil {
			return err
		}
		c.setError(refusal.Code, refusal.Errors...)
		c.rec.UpdatedAt = c.at
		return c.rec.save(ctx, tx, c.rec.Sequence)
	})
}
