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

// accountPaymentsExceeded refuses another payment to an account that has been paid its share: what ops grants lifts the limit
// of a bank account, not this one, which is over within a day.
func (s *Store) accountPaymentsExceeded(ctx context.Context, q querier, accountID string) (*registration.Refusal, error) {
	nth, err := nthOf(ctx, q, `select requested_at from payments where registration_id in (select id from registrations where account_id = $1)
		and requested_at > $2 order by requested_at desc`, registration.PaymentsADay, accountID, s.cal.Days(s.now(), -1))
	if nth == nil || err != nil {
		return nil, err
	}
	return registration.Refuse(registration.CodeAccountLimitReached).Until(s.cal.Days(*nth, 1)).
		Saying("This account has had its payments of a day, over all its registrations: wait until retry_at."), nil
}
