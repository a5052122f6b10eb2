package postgres

import (
	"context"
	"encoding/hex"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/internal/vault"
	"shiming/registration"
)

// GrantPayout lets one more payment go to the bank account that a registration was last refused one for, else to the one
// it has on file: whom a stranger has locked out of an account has not got it on file yet.
func (s *Store) GrantPayout(ctx context.Context, registrationID, by, reason string) (*registration.Refusal, error) {
	var refusal *registration.Refusal
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		c, err := s.beginRegistration(ctx, tx, registration.Step{Subject: registrationID})
		if err != nil {
			return err
		}
		fp, last4, err := c.bankToGrant(ctx)
		if err != nil {
			return err
		}
		if fp == nil || c.rec.State.Final() {
			refusal = &registration.Refusal{Code: registration.CodeWrongState, State: c.rec.State}
			return nil
		}
		if refusal, err = c.grantRefused(ctx, fp); refusal != nil || err != nil {
			return err
		}
		sealed, err := s.seal(ctx, tx, grantPlace(registrationID, fp), reason)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `insert into payment_grants (bank_fingerprint, bank_last4, registration_id, sealed_reason, granted_by, at)
			values ($1, $2, $3, $4, $5, $6)`, fp, last4, registrationID, sealed, by, c.at); err != nil {
			return err
		}
		return c.note(ctx, "payout_granted", by)
	})
	return refusal, err
}

// grantRefused refuses a grant that nobody needs, one beside another that is unused, and one more than a bank account may have
// in so many days. The account is locked, so that two persons do not grant the same.
func (c *regChange) grantRefused(ctx context.Context, fp []byte) (*registration.Refusal, error) {
	if err := lockBank(ctx, c.tx, fp); err != nil {
		return nil, err
	}
	share, err := c.bankShare(ctx, fp)
	wrong := &registration.Refusal{Code: registration.CodeWrongState, State: c.rec.State}
	switch {
	case err != nil:
		return nil, err
	case share.unused > 0:
		return wrong.Saying("A payment that was granted has not been used yet: have the applicant hand in the company information, or ask for a new payment."), nil
	case share.refusal(c.cal) == nil:
		return wrong.Saying("No grant is needed: the bank account has not used up its payments. Have the applicant hand in the company information, or ask for a new payment."), nil
	}
	nth, err := nthOf(ctx, c.tx, `select at from payment_grants where bank_fingerprint = $1 and at > $2 order by at desc`,
		registration.GrantsPerAccount, fp, c.cal.Days(c.at, -registration.PaymentDays))
	if nth == nil || err != nil {
		return nil, err
	}
	return registration.Refuse(registration.CodePayoutLimitReached).Until(c.cal.Days(*nth, registration.PaymentDays)).
		Saying("This bank account has been granted its payments of 30 days: wait until retry_at, or use another company account."), nil
}

// grantPlace is where it is kept why a registration was granted a payment to a bank account.
func grantPlace(registrationID string, bankFingerprint []byte) vault.Place {
	return Own(registrationID).place(dossier.PurposeReason, "grant/"+hex.EncodeToString(bankFingerprint))
}

// bankToGrant is the account that a grant is for; its fingerprint is nil if the registration has named none.
func (c *regChange) bankToGrant(ctx context.Context) (fp []byte, last4 string, err error) {
	if c.rec.RefusedBank != nil {
		return c.rec.RefusedBank, *c.rec.RefusedBankLast4, nil
	}
	if c.rec.CompanyRef == nil {
		return nil, "", nil
	}
	company, err := c.companyOnFile(ctx)
	return c.bankFingerprint(company), dossier.Last4(company.Bank.AccountNumber), err
}

// ResolvePayout stores ops' word on a registration's newest payment, as if the bank had reported it.
func (s *Store) ResolvePayout(ctx context.Context, registrationID, actID, by, outcome, reason string) (*registration.Refusal, error) {
	p, err := newestPayment(ctx, s.pool, registrationID)
	if err != nil {
		return nil, err
	}
	if p == nil {
		rec, err := load(ctx, s.pool, registrationID, "")
		if err != nil {
			return nil, err
		}
		return &registration.Refusal{Code: registration.CodeWrongState, State: rec.State}, nil
	}
	_, err = s.TakeReport(ctx, Report{Source: "ops", MessageID: actID, Type: "transfer." + outcome, Key: p.Key, Reason: reason, By: by})
	return nil, err
}
