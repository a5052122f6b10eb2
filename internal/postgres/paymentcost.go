package postgres

import (
	"context"

	"shiming/internal/dossier"
	"shiming/registration"
)

// paymentBarred refuses a payment for what it costs, whatever it is for: while the database is held or payments are paused, to an account that has had
// its share of the day, and when the day's ceiling is met.
func (s *Store) paymentBarred(ctx context.Context, q querier, accountID string) (*registration.Refusal, error) {
	if refusal, err := s.refuseHeld(ctx, q); refusal != nil || err != nil {
		return refusal, err
	}
	if paused, err := payoutsPaused(ctx, q); paused || err != nil {
		return refuseIf(paused, registration.CodeSpendingPaused), err
	}
	return s.paymentsExceeded(ctx, q, accountID)
}

// paymentsExceeded refuses a payment to an account that has had its share of the day, and when the day's ceiling is met.
func (s *Store) paymentsExceeded(ctx context.Context, q querier, accountID string) (*registration.Refusal, error) {
	if refusal, err := s.accountPaymentsExceeded(ctx, q, accountID); refusal != nil || err != nil {
		return refusal, err
	}
	ends := s.dayEnds(s.now())
	used, err := s.used(ctx, q, SpendPayments, ends)
	if ceiling, _ := s.ceilingOf(SpendPayments); err != nil || used < ceiling {
		return nil, err
	}
	return registration.Refuse(registration.CodeSpendingPaused).Until(ends), nil
}

// PaymentBarred judges, before anything is written or counted, whether the payment that an act asks for would be refused for
// what it costs; the step judges again. handedIn is the company information that comes with it, nil for what is on file:
// what is proven by a payment that there is costs nothing.
func (s *Store) PaymentBarred(ctx context.Context, registrationID string, handedIn *dossier.Company) (*registration.Refusal, error) {
	rec, err := load(ctx, s.pool, registrationID, "")
	if err != nil {
		return nil, err
	}
	refusal, err := s.paymentBarred(ctx, s.pool, rec.AccountID)
	if refusal == nil || err != nil || handedIn == nil {
		return refusal, err
	}
	proven, err := s.provenBefore(ctx, rec, *handedIn)
	if proven || err != nil {
		return nil, err
	}
	return refusal, nil
}

// provenBefore reports whether company information is proven, or being proven, by a payment that was made.
func (s *Store) provenBefore(ctx context.Context, rec *record, handedIn dossier.Company) (bool, error) {
	p, err := newestPayment(ctx, s.pool, rec.ID)
	if err != nil || rec.CompanyRef == nil || rec.CompanyProof == nil && !p.open() {
		return false, err
	}
	var current dossier.Company
	if err := s.get(ctx, s.pool, Own(rec.ID), *rec.CompanyRef, dossier.PurposeCompany, &current); err != nil {
		return false, err
	}
	return current.SameProof(current.Merged(handedIn)), nil
}

// payoutAllowed refuses a payment that may not be made, whoever asks, and takes what it costs if it may (docs: penny-payment
// rules). A bank account that was refused is remembered, so that ops can allow it one more although nothing else of it is kept.
func (c *regChange) payoutAllowed(ctx context.Context, company dossier.Company) (*registration.Refusal, error) {
	switch barred, err := c.payoutsHeld(ctx, c.tx); {
	case err != nil:
		return nil, err
	case barred == ErrRestored: //nolint:errorlint // payoutsHeld returns it bare
		return registration.Refuse(registration.CodeHeldAfterRestore), nil
	case barred != nil:
		return registration.Refuse(registration.CodeSpendingPaused), nil
	}
	if refusal, err := c.paymentsExceeded(ctx, c.tx, c.rec.AccountID); refusal != nil || err != nil {
		return refusal, err
	}
	fp := c.bankFingerprint(company)
	refusal, err := c.payoutLimit(ctx, fp)
	if refusal != nil {
		c.rec.RefusedBank, c.rec.RefusedBankLast4 = fp, new(dossier.Last4(company.Bank.AccountNumber))
	}
	if refusal != nil || err != nil {
		return refusal, err
	}
	return ceilingRefusal(c.spend(ctx, c.tx, SpendPayments, c.at))
}
