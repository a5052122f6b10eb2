package postgres

import (
	"context"

	"shiming/internal/dossier"
	"shiming/registration"
)

func (c *regChange) enterAmount(ctx context.Context) (*registration.Refusal, error) {
	if refusal := depositRefused(c.rec, c.payment); refusal != nil {
		return refusal, c.dropInput(ctx)
	}
	if c.entryLate() {
		if err := c.dropInput(ctx); err != nil {
			return nil, err
		}
		err := c.closeWindow(ctx, registration.WindowClosed, registration.CodeWindowClosed, "window_closed")
		return &registration.Refusal{Code: registration.CodeWrongState, State: c.rec.State}, err
	}
	matched, err := c.amountMatches(ctx)
	if err != nil {
		return nil, err
	}
	_, err = c.tx.Exec(ctx, `insert into deposit_entries (act_id, payment_id, matched, at) values ($1, $2, $3, $4)`,
		c.step.ActID, c.payment.ID, matched, c.at)
	if err != nil {
		return nil, err
	}
	if matched {
		return c.confirm(ctx)
	}
	return c.burnAttempt(ctx)
}

// entryLate reports whether the amount was received after the window's end, whenever it comes to be judged.
func (c *regChange) entryLate() bool {
	if c.rec.State != registration.DepositRequired {
		return false
	}
	c.payment.MoveWindow(c.cal, c.rec.StateSince)
	return c.payment.WindowOver(c.act.StartedAt)
}

func (c *regChange) amountMatches(ctx context.Context) (bool, error) {
	var paid, entered dossier.Amount
	if err := c.unseal(ctx, c.tx, c.payment.amountPlace(), c.payment.Amount, &paid); err != nil {
		return false, err
	}
	if err := c.input(ctx, dossier.PurposeAmount, &entered); err != nil {
		return false, err
	}
	return paid.Fen == entered.Fen, c.dropInput(ctx)
}

func (c *regChange) burnAttempt(ctx context.Context) (*registration.Refusal, error) {
	if left := c.payment.WrongAmount(); left > 0 {
		return registration.Refuse(registration.CodeDepositMismatch).WithAttempts(left), c.payment.save(ctx, c.tx)
	}
	return registration.Refuse(registration.CodeDepositExceeded).WithAttempts(0),
		c.closeWindow(ctx, registration.GuessesExhausted, registration.CodeDepositExceeded, "attempts_used")
}

// confirm ends the payment: whoever could read the amount controls the account, so the organisation is proven.
func (c *regChange) confirm(ctx context.Context) (*registration.Refusal, error) {
	var company dossier.Company
	if err := c.get(ctx, c.tx, c.payment.owner(), c.payment.CompanyRef, dossier.PurposeCompany, &company); err != nil {
		return nil, err
	}
	claimed, err := c.claimOrganization(ctx, company)
	if err != nil {
		return nil, err
	}
	if !claimed {
		if err := c.void(ctx); err != nil {
			return nil, err
		}
		c.setError(registration.CodeOrganizationInUse)
		return registration.Refuse(registration.CodeOrganizationInUse), c.move(ctx, registration.OrganizationRefused)
	}
	p := c.payment
	p.Confirm(c.at)
	if err := p.save(ctx, c.tx); err != nil {
		return nil, err
	}
	c.rec.CompanyProof = &p.ID
	return nil, c.move(ctx, registration.DepositConfirmed)
}
