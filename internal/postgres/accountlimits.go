package postgres

import (
	"context"

	"shiming/registration"
)

// What an account may do in a day, over all its registrations: withdrawing one and opening another resets nothing.

// openingsExceeded refuses the opening of another registration to an account that has opened its share.
func (s *Store) openingsExceeded(ctx context.Context, q querier, app registration.Application) (*registration.Refusal, error) {
	nth, err := nthOf(ctx, q, `select created_at from registrations where account_id = $1 and id <> $2 and created_at > $3 order by created_at desc`,
		registration.OpeningsADay, app.AccountID, app.RegistrationID, s.cal.Days(s.now(), -1))
	if nth == nil || err != nil {
		return nil, err
	}
	return registration.Refuse(registration.CodeAccountLimitReached).Until(s.cal.Days(*nth, 1)), nil
}
