package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/workday"
	"shiming/registration"
)

// payoutLimit refuses a payment to a bank account that has had its share, unless ops has granted one.
func (c *regChange) payoutLimit(ctx context.Context, fp []byte) (*registration.Refusal, error) {
	if err := lockBank(ctx, c.tx, fp); err != nil {
		return nil, err
	}
	share, err := c.bankShare(ctx, fp)
	if err != nil {
		return nil, err
	}
	refusal := share.refusal(c.cal)
	if refusal != nil && share.grants > 0 {
		c.spendGrant = true
		return nil, nil
	}
	return refusal, nil
}

// lockBank locks a bank account by its fingerprint to the end of the transaction, so that two registrations cannot both take
// the last payment, nor two persons both grant one.
func lockBank(ctx context.Context, tx pgx.Tx, fp []byte) error {
	_, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended(encode($1::bytea, 'hex'), 1))`, fp)
	return err
}

// bankShare is what a bank account's share of payments has come to.
type bankShare struct {
	grants int         // that the platform account may use, one that its present payment uses among them
	unused int         // of these, those that no payment uses
	voids  int         // payments since the last that was confirmed
	recent []time.Time // those that count, oldest first
}

func (c *regChange) bankShare(ctx context.Context, fp []byte) (b bankShare, err error) {
	const granted = `(select count(*) from payment_grants g left join payments p on p.id = g.used_by where ` + grantedHere + ` and `
	err = c.tx.QueryRow(ctx, `select
		`+granted+`(`+unusedGrant+` or p.id = $4)),
		`+granted+unusedGrant+`),
		(select count(*) from payments where bank_fingerprint = $1 and accepted_at is not null and voided_at >
			coalesce((select max(confirmed_at) from payments where bank_fingerprint = $1), '-infinity')),
		(select coalesce(array_agg(coalesce(accepted_at, requested_at) order by coalesce(accepted_at, requested_at)), '{}') from payments
			where bank_fingerprint = $1 and (accepted_at > $3 or `+inFlight+`)
			and id is distinct from $4)`,
		fp, c.rec.AccountID, c.cal.Days(c.at, -registration.PaymentDays), c.replaced()).Scan(&b.grants, &b.unused, &b.voids, &b.recent)
	return b, err
}

// refusal is why a bank account may have no further payment but by ops' word; nil if it may.
func (b bankShare) refusal(cal workday.Calendar) *registration.Refusal {
	switch {
	case b.voids >= registration.VoidsPerAccount:
		return registration.Refuse(registration.CodePayoutLimitReached)
	case len(b.recent) < registration.PaymentsPerAccount:
		return nil
	}
	free := b.recent[len(b.recent)-registration.PaymentsPerAccount]
	return registration.Refuse(registration.CodePayoutLimitReached).Until(cal.Days(free, registration.PaymentDays))
}

// inFlight is true of a payment that the bank may accept yet, or may have accepted unheard.
const inFlight = `(ordered_at is not null and bank_state in ('requested', 'written_off') or state = 'requested')`

// grantedHere is true of a grant g for the bank account $1 that the platform account $2 was given: a stranger, who used up
// the payments before, must not use up the grant as well.
const grantedHere = `g.bank_fingerprint = $1 and g.registration_id in (select id from registrations where account_id = $2)`

// unusedGrant is true of a grant g that allows a payment: it was never used, or its payment p came to nothing.
const unusedGrant = `(p.id is null or p.accepted_at is null and not ` + inFlight + `)`

// replaced is the payment that a new one would void before the bank was ever called for it: it does not count.
func (c *regChange) replaced() *string {
	if c.payment.open() && c.payment.OrderedAt == nil {
		return &c.payment.ID
	}
	return nil
}

// useGrant spends ops' permission on a payment that needs it.
func (c *regChange) useGrant(ctx context.Context, p *payment) error {
	if !c.spendGrant {
		return nil
	}
	_, err := c.tx.Exec(ctx, `update payment_grants set used_by = $3 where id = (select g.id from payment_grants g left join payments p on p.id = g.used_by
		where `+grantedHere+` and `+unusedGrant+` order by g.id limit 1)`, p.BankFingerprint, c.rec.AccountID, p.ID)
	return err
}
