package postgres

import (
	"context"

	"shiming/internal/dossier"
	"shiming/registration"
)

// EnterAmount judges what the applicant read off the statement. Right: the organisation is claimed and the payment
// confirmed. Wrong: an attempt is burnt; the third voids the payment. The amounts are compared here, in memory.
func (s *Store) EnterAmount(ctx context.Context, step Step, inputRef string) (registration.StepResult, error) {
	return s.apply(ctx, step, func(ctx context.Context, c *change) (*registration.Refusal, error) {
		if refusal := depositRefused(c.rec, c.payment); refusal != nil {
			return refusal, drop(ctx, c.tx, inputRef)
		}
		if c.entryLate() {
			if err := drop(ctx, c.tx, inputRef); err != nil {
				return nil, err
			}
			err := c.closeWindow(ctx, registration.WindowClosed, registration.CodeWindowClosed, "window_closed")
			return &registration.Refusal{Code: registration.CodeWrongState, State: c.rec.State}, err
		}
		matched, err := c.amountMatches(ctx, inputRef)
		if err != nil {
			return nil, err
		}
		_, err = c.tx.Exec(ctx, `insert into deposit_entries (act_id, payment_id, matched, at) values ($1, $2, $3, $4)`,
			step.ActID, c.payment.ID, matched, c.at)
		if err != nil {
			return nil, err
		}
		if matched {
			return c.confirm(ctx)
		}
		return c.burnAttempt(ctx)
	})
}

// entryLate reports whether the amount was received after the window's end, whenever it comes to be judged.
func (c *change) entryLate() bool {
	if c.rec.State != registration.DepositRequired {
		return false
	}
	c.recomputeWindow()
	return !c.act.StartedAt.Before(*c.payment.WindowClosesAt)
}

func (c *change) amountMatches(ctx context.Context, inputRef string) (bool, error) {
	var paid, entered dossier.Amount
	if err := c.unseal(ctx, c.tx, c.payment.amountPlace(), c.payment.Amount, &paid); err != nil {
		return false, err
	}
	if err := c.input(ctx, inputRef, dossier.PurposeAmount, &entered); err != nil {
		return false, err
	}
	return paid.Fen == entered.Fen, drop(ctx, c.tx, inputRef)
}

func (c *change) burnAttempt(ctx context.Context) (*registration.Refusal, error) {
	c.payment.AttemptsLeft--
	if left := c.payment.AttemptsLeft; left > 0 {
		return registration.Refuse(registration.CodeDepositMismatch).WithAttempts(left), c.payment.save(ctx, c.tx)
	}
	return registration.Refuse(registration.CodeDepositExceeded).WithAttempts(0),
		c.closeWindow(ctx, registration.GuessesExhausted, registration.CodeDepositExceeded, "attempts_used")
}

// confirm ends the payment: whoever could read the amount controls the account, so the organisation is proven.
func (c *change) confirm(ctx context.Context) (*registration.Refusal, error) {
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
	p.State, p.ConfirmedAt, p.Overdue, p.RemindAt = registration.PayoutConfirmed, &c.at, false, nil
	if err := p.save(ctx, c.tx); err != nil {
		return nil, err
	}
	c.rec.CompanyProof = &p.ID
	return nil, c.move(ctx, registration.DepositConfirmed)
}
