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
		c, err := s.begin(ctx, tx, Step{RegistrationID: registrationID})
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
		sealed, err := s.seal(ctx, tx, grantPlace(registrationID, fp), reason)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `insert into payment_grants (bank_fingerprint, bank_last4, registration_id, sealed_reason, granted_by, at)
			values ($1, $2, $3, $4, $5, $6)`, fp, last4, registrationID, sealed, by, c.at); err != nil {
			return err
		}
		return seen(ctx, tx, c.rec, "payout_granted", by, c.at)
	})
	return refusal, err
}

// grantPlace is where it is kept why a registration was granted a payment to a bank account.
func grantPlace(registrationID string, bankFingerprint []byte) vault.Place {
	return Own(registrationID).place(dossier.PurposeReason, "grant/"+hex.EncodeToString(bankFingerprint))
}

// bankToGrant is the account that a grant is for; its fingerprint is nil if the registration has named none.
func (c *change) bankToGrant(ctx context.Context) (fp []byte, last4 string, err error) {
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
	p, err := newestPayment(ctx, s.pool, registrationID, "")
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
