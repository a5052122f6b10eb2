package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"shiming/internal/notice"
	"shiming/registration"
)

// cleared frees what the wallet has forgotten.
func (c *clearingChange) cleared(ctx context.Context) (*registration.Refusal, error) {
	if ended, err := c.attemptOver(ctx); ended || err != nil {
		return nil, err
	}
	account := c.rec.account()
	if _, err := c.tx.Exec(ctx, `update accounts set standing = 'identity_required', updated_at = $2 where account_id = $1`, account, c.at); err != nil {
		return nil, err
	}
	if _, err := c.tx.Exec(ctx, `delete from identity_claims where account_id = $1 and subject = 'person' and bound`, account); err != nil {
		return nil, err
	}
	if err := addTimelineNote(ctx, c.tx, *c.rec.RegistrationID, string(registration.IdentityCleared), c.rec.ID, nil, c.at); err != nil {
		return nil, err
	}
	if err := c.tellDecided(ctx, "clearing_cleared/"+c.rec.ID, notice.Data{Outcome: notice.OutcomeCleared}); err != nil {
		return nil, err
	}
	return nil, c.move(ctx, registration.IdentityCleared)
}

// attemptOver ends an attempt to clear, and reports whether there is nothing more to do: the clearing is not at that, or what it is
// about is gone.
func (c *clearingChange) attemptOver(ctx context.Context) (ended bool, err error) {
	if c.rec.State != registration.Clearing {
		return true, nil
	}
	c.rec.HoldOpen = false
	if err := c.tellOthers(ctx); err != nil {
		return false, err
	}
	return c.endIfGone(ctx)
}

// endIfGone ends a clearing if what it is about is bound no more. The account's holder was told of the one that was quicker.
func (c *clearingChange) endIfGone(ctx context.Context) (ended bool, err error) {
	gone, err := c.gone(ctx)
	if !gone || err != nil {
		return false, err
	}
	c.step.Actor = registration.ByWalletHub
	c.nothingLeft()
	return true, c.end(ctx, registration.BindingGone)
}

// nothingLeft says so to who asked, if they named the account. A claimant who names none learns of none.
func (c *clearingChange) nothingLeft() {
	if !c.rec.Contested {
		c.setError(registration.CodeNothingToClear)
	}
}

// tellOthers has the other clearings of the account look: what they are about may be gone, and the wallet account can be held
// again.
func (c *clearingChange) tellOthers(ctx context.Context) error {
	rows, err := c.tx.Query(ctx, `select id, version from clearings where account_id = $1 and id <> $2 and ended_at is null order by id`, c.rec.account(), c.rec.ID)
	if err != nil {
		return err
	}
	type run struct {
		ID      string
		Version int64
	}
	others, err := pgx.CollectRows(rows, pgx.RowToStructByPos[run])
	if err != nil {
		return err
	}
	for _, o := range others {
		if err := tellRun(ctx, c.tx, o.ID, o.Version, c.at); err != nil {
			return err
		}
	}
	return nil
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
