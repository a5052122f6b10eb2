package postgres

import (
	"context"
	"errors"

	"shiming/internal/notice"
	"shiming/registration"
)

// errNothingBound is a clearing whose account has lost its identity otherwise: no registration could begin, so nobody
// can have done that.
var errNothingBound = errors.New("postgres: the account to be cleared has no bound identity")

// ClearIdentity ends a clearing that the wallet has carried out: the person's binding is gone and free for another
// account, and the account must verify a new identity. An organisation's binding stays.
func (s *Store) ClearIdentity(ctx context.Context, step Step) (registration.ClearingResult, error) {
	return s.applyClearing(ctx, step, func(ctx context.Context, c *clearingChange) (*registration.Refusal, error) {
		if c.rec.State != registration.Clearing {
			return nil, nil
		}
		c.rec.HoldOpen = false
		account := c.rec.account()
		if err := lockAccount(ctx, c.tx, account); err != nil {
			return nil, err
		}
		if _, err := c.tx.Exec(ctx, `update accounts set standing = 'identity_required', updated_at = $2 where account_id = $1`, account, c.at); err != nil {
			return nil, err
		}
		tag, err := c.tx.Exec(ctx, `delete from identity_claims where account_id = $1 and subject = 'person' and bound`, account)
		if err != nil {
			return nil, err
		}
		if tag.RowsAffected() != 1 {
			return nil, errNothingBound
		}
		registered, err := load(ctx, c.tx, *c.rec.RegistrationID, "")
		if err != nil {
			return nil, err
		}
		if err := seen(ctx, c.tx, registered, string(registration.IdentityCleared), c.rec.ID, c.at); err != nil {
			return nil, err
		}
		if err := c.tellDecided(ctx, "clearing_cleared/"+c.rec.ID, notice.Data{Outcome: notice.OutcomeCleared}); err != nil {
			return nil, err
		}
		return nil, c.move(ctx, registration.IdentityCleared)
	})
}

// tellDecided tells the account's registered mailbox and its contact what became of the clearing. Of a contested claim
// the owner hears nothing until they were asked whether they object.
func (c *clearingChange) tellDecided(ctx context.Context, eventKey string, data notice.Data) error {
	if c.rec.RegistrationID == nil || c.rec.Contested && !c.rec.asked() {
		return nil
	}
	return c.tellHolder(ctx, notice.ClearingDecided, eventKey, data)
}

// tellHolder writes a notice to the addresses of the registration whose identity is concerned.
func (c *clearingChange) tellHolder(ctx context.Context, kind notice.Kind, eventKey string, data notice.Data) error {
	registered, err := load(ctx, c.tx, *c.rec.RegistrationID, "")
	if err != nil {
		return err
	}
	data.RegistrationID, data.Kind = c.rec.ID, string(registration.IdentityClearing)
	return c.notify(ctx, c.tx, registered, kind, eventKey, data, c.at)
}

// tellStaff writes a notice to reviewers or ops.
func (c *clearingChange) tellStaff(ctx context.Context, kind notice.Kind, eventKey string, data notice.Data) error {
	data.RegistrationID, data.AccountID, data.Kind = c.rec.ID, c.rec.account(), string(registration.IdentityClearing)
	return c.notify(ctx, c.tx, nil, kind, eventKey, data, c.at)
}
