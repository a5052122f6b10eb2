package postgres

import (
	"bytes"
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/registration"
)

// OpenClearing creates the clearing of an application, as its first step. Under the account's lock it refuses an account
// with a registration under way or another clearing that names it, one without a bound identity, and conditions that are not met.
// A contested claim is never refused: whatever account it concerns, and whether it concerns any, nobody learns from it.
func (s *Steps) OpenClearing(ctx context.Context, app registration.ClearingApplication) (registration.StepResult, error) {
	return s.store.open(ctx, func(ctx context.Context, tx pgx.Tx) (*change, *registration.Refusal, error) {
		c, err := s.store.newClearing(ctx, tx, app)
		switch {
		case errors.Is(err, ErrNotFound): // the caller was answered that it did not come to be, and what was handed in is gone
			return nil, registration.Refuse(registration.CodeNotFound), nil
		case err != nil:
			return nil, nil, err
		case !c.created: // a retried first step
			return c.change, nil, nil
		}
		refusal, err := c.openIn(ctx, app)
		return c.change, refusal, err
	})
}

// newClearing makes the row, or finds the one that an earlier try of the same step has committed.
func (s *Store) newClearing(ctx context.Context, tx pgx.Tx, app registration.ClearingApplication) (*clearingChange, error) {
	step := registration.Step{Subject: app.ClearingID, Actor: registration.ByApplicant, RunID: app.RunID}
	c, err := s.beginClearing(ctx, tx, step)
	if !errors.Is(err, ErrNotFound) {
		return c, err
	}
	if late(s, app.OpenBy) {
		return nil, ErrNotFound
	}
	var claim dossier.Claim
	if err := s.get(ctx, tx, Own(app.ClearingID), app.ClaimRef, dossier.PurposeClaim, &claim); err != nil {
		return nil, err
	}
	c = s.clearingChange(tx, step, &clearing{
		row:       newRow(app.ClearingID, registration.Chinese, registration.None, s.now()),
		Contested: app.AccountID == "", ClaimRef: app.ClaimRef, ClaimFingerprint: s.keys.Fingerprint("resident_id", claim.IDNumber),
		Claim: claim.View(), ApprovedBy: []string{},
	}, nil)
	c.created = true
	return c, nil
}

func (c *clearingChange) openIn(ctx context.Context, app registration.ClearingApplication) (*registration.Refusal, error) {
	if refusal, err := c.refuseHeld(ctx, c.tx); refusal != nil || err != nil {
		return refusal, err
	}
	event := registration.ClearingOpened
	if !c.rec.Contested { // a contested claim concerns its account from the submission on
		refusal, err := c.takeAccount(ctx, app.AccountID)
		if refusal != nil || err != nil {
			return refusal, err
		}
		if event, refusal, err = c.eligible(ctx, app); refusal != nil || err != nil {
			return refusal, err
		}
	}
	var err error
	if c.rec.State, err = registration.Next(registration.IdentityClearing, registration.None, event, registration.Facts{}); err != nil {
		return nil, err
	}
	if err := c.rec.insert(ctx, c.tx); err != nil {
		return nil, err
	}
	return nil, c.write(ctx, registration.None, event)
}

// takeAccount makes an account the one concerned, if it is free and has a bound identity. From here to the clearing's end no
// registration of the account can begin, and no other clearing that names it.
func (c *clearingChange) takeAccount(ctx context.Context, accountID string) (*registration.Refusal, error) {
	if err := lockAccount(ctx, c.tx, accountID); err != nil {
		return nil, err
	}
	if refusal, err := clearingBarred(ctx, c.tx, accountID); refusal != nil || err != nil {
		return refusal, err
	}
	b, err := boundTo(ctx, c.tx, accountID)
	switch {
	case errors.Is(err, ErrNotFound):
		return registration.Refuse(registration.CodeNotFound), nil
	case err != nil:
		return nil, err
	}
	c.concern(accountID, b)
	c.rec.Locale = b.Locale
	return nil, nil
}

func (c *clearingChange) concern(accountID string, b *bound) {
	c.rec.AccountID, c.rec.RegistrationID, c.rec.DeveloperKind = &accountID, &b.RegistrationID, &b.Kind
}

// clearingBarred refuses an account with a clearing or a registration under way. A contested claim to its identity bars nothing
// and is not spoken of: it is a stranger's.
func clearingBarred(ctx context.Context, q querier, accountID string) (*registration.Refusal, error) {
	var clearing, registering bool
	err := q.QueryRow(ctx, `select exists (select from clearings where account_id = $1 and not contested and ended_at is null),
		exists (select from registrations where account_id = $1 and ended_at is null)`, accountID).Scan(&clearing, &registering)
	switch {
	case err != nil:
		return nil, err
	case clearing:
		return registration.Refuse(registration.CodeClearingExists), nil
	case registering:
		return registration.Refuse(registration.CodeRegistrationExists), nil
	}
	return nil, nil
}

// MayClear tells before anything is written whether an account can be cleared at all, and whose it is. [Store.OpenClearing]
// judges again.
func (s *Store) MayClear(ctx context.Context, accountID string) (registration.Kind, *registration.Refusal, error) {
	if refusal, err := s.Held(ctx); refusal != nil || err != nil {
		return "", refusal, err
	}
	if refusal, err := clearingBarred(ctx, s.pool, accountID); refusal != nil || err != nil {
		return "", refusal, err
	}
	b, err := boundTo(ctx, s.pool, accountID)
	if err != nil {
		return "", nil, err
	}
	return b.Kind, nil, nil
}

// eligible decides by the conditions that were judged when the clearing was asked for whether it begins, begins to
// wait, or is refused.
func (c *clearingChange) eligible(ctx context.Context, app registration.ClearingApplication) (registration.Event, *registration.Refusal, error) {
	c.rec.ConditionsRef = &app.ConditionsRef
	conditions, err := c.conditions(ctx, c.tx, c.rec)
	if err != nil {
		return "", nil, err
	}
	needed := c.rec.neededToOpen(conditions)
	compared := len(conditions) > 0 && conditions[0].Met != nil
	if compared {
		c.rec.ComparedAt = &c.at
	}
	if needed.Eligible() && compared {
		return registration.ClearingOpened, nil, nil
	}
	at, timeCures := needed.EligibleAt()
	if !timeCures || !app.WhenEligible || at.IsZero() {
		return "", registration.Refuse(registration.CodeClearingNotEligible), nil
	}
	c.rec.EligibleAt = &at
	return registration.ClearingEarly, nil, nil
}

// attach makes the account that is bound to the claimed ID number the one concerned by a contested claim. It is tried at
// the submission and at the approval. It locks nothing: any number of claims may concern an account, beside a clearing
// that its owner asks for; the first that is carried out ends the others. The account's language stays out of it, which
// would tell the claimant something.
func (c *clearingChange) attach(ctx context.Context) error {
	if !c.rec.Contested || c.rec.AccountID != nil {
		return nil
	}
	var accountID string
	err := c.tx.QueryRow(ctx, `select account_id from identity_claims where fingerprint = $1`, c.rec.ClaimFingerprint).Scan(&accountID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := lockAccount(ctx, c.tx, accountID); err != nil {
		return err
	}
	b, err := boundTo(ctx, c.tx, accountID)
	switch {
	case errors.Is(err, ErrNotFound): // proven, not bound
		return nil
	case err == nil && bytes.Equal(b.Fingerprint, c.rec.ClaimFingerprint):
		c.concern(accountID, b)
	}
	return err
}

// settle finds, for an approval, what is bound: the account that a contested claim concerns, or nothing, any more.
func (c *clearingChange) settle(ctx context.Context) error {
	gone, err := c.gone(ctx)
	switch {
	case err != nil:
		return err
	case !gone:
		return c.attach(ctx)
	}
	c.nothingBound = true
	c.nothingLeft()
	return nil
}
