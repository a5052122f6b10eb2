package postgres

import (
	"context"
	"time"

	"shiming/internal/dossier"
	"shiming/registration"
)

// payoutAllowed refuses a payment to a bank account that has had its share, whoever asks (docs: penny-payment rules).
// A refused account is remembered, so that ops can allow it one more although nothing else of it is kept.
func (c *change) payoutAllowed(ctx context.Context, company dossier.Company) (*registration.Refusal, error) {
	fp := c.bankFingerprint(company)
	refusal, err := c.payoutLimit(ctx, fp)
	if refusal != nil {
		c.rec.RefusedBank, c.rec.RefusedBankLast4 = fp, new(dossier.Last4(company.Bank.AccountNumber))
	}
	return refusal, err
}

// payoutLimit is what a bank account's share has come to. Its fingerprint is locked to the end of the transaction, so two
// registrations cannot both take the last one.
func (c *change) payoutLimit(ctx context.Context, fp []byte) (*registration.Refusal, error) {
	if _, err := c.tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended(encode($1::bytea, 'hex'), 1))`, fp); err != nil {
		return nil, err
	}
	var grants, voids int
	var recent []time.Time
	err := c.tx.QueryRow(ctx, `select
		(select count(*) from payment_grants g left join payments p on p.id = g.used_by where `+grantedHere+` and (`+unusedGrant+` or p.id = $4)),
		(select count(*) from payments where bank_fingerprint = $1 and accepted_at is not null and voided_at >
			coalesce((select max(confirmed_at) from payments where bank_fingerprint = $1), '-infinity')),
		(select coalesce(array_agg(coalesce(accepted_at, requested_at) order by coalesce(accepted_at, requested_at)), '{}') from payments
			where bank_fingerprint = $1 and (accepted_at > $3 or `+inFlight+`)
			and id is distinct from $4)`,
		fp, c.rec.AccountID, c.cal.Days(c.at, -registration.PaymentDays), c.replaced()).Scan(&grants, &voids, &recent)
	switch {
	case err != nil:
		return nil, err
	case voids < registration.VoidsPerAccount && len(recent) < registration.PaymentsPerAccount:
		return nil, nil
	case grants > 0:
		c.spendGrant = true
		return nil, nil
	case voids >= registration.VoidsPerAccount:
		return registration.Refuse(registration.CodePayoutLimitReached), nil
	}
	free := recent[len(recent)-registration.PaymentsPerAccount]
	return registration.Refuse(registration.CodePayoutLimitReached).Until(c.cal.Days(free, registration.PaymentDays)), nil
}

// inFlight is true of a payment that the bank may accept yet, or may have accepted unheard.
const inFlight = `(ordered_at is not null and bank_state in ('requested', 'written_off') or state = 'requested')`

// grantedHere is true of a grant g for the bank account $1 that the platform account $2 was given: a stranger, who used up
// the payments before, must not use up the grant as well.
const grantedHere = `g.bank_fingerprint = $1 and g.registration_id in (select id from registrations where account_id = $2)`

// unusedGrant is true of a grant g that allows a payment: it was never used, or its payment p came to nothing.
const unusedGrant = `(p.id is null or p.accepted_at is null and not ` + inFlight + `)`

// replaced is the payment that a new one would void before the bank was ever called for it: it does not count.
func (c *change) replaced() *string {
	if c.payment.open() && c.payment.OrderedAt == nil {
		return &c.payment.ID
	}
	return nil
}

// useGrant spends ops' permission on a payment that needs it.
func (c *change) useGrant(ctx context.Context, p *payment) error {
	if !c.spendGrant {
		return nil
	}
	_, err := c.tx.Exec(ctx, `update payment_grants set used_by = $3 where id = (select g.id from payment_grants g left join payments p on p.id = g.used_by
		where `+grantedHere+` and `+unusedGrant+` order by g.id limit 1)`, p.BankFingerprint, c.rec.AccountID, p.ID)
	return err
}
