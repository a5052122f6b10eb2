package postgres

import (
	"context"
	"time"

	"shiming/internal/dossier"
	"shiming/registration"
)

// paymentBarred refuses a payment for what it costs, whatever it is for: while the database is held or payments are paused, to an account that has had
// its share of the day, and when the day's ceiling is met.
func (s *Store) paymentBarred(ctx context.Context, q querier, accountID string) (*registration.Refusal, error) {
	was := s.seen.furthest() // before the database is asked: its answer is of later
	at := s.now()
	ends := s.dayEnds(at)
	var a Anchor
	repaired, columns := a.scan()
	var paused bool
	var nth *time.Time
	var used int64
	err := q.QueryRow(ctx, `select `+anchorColumns+`, `+payoutsPausedNow+`,
			(select requested_at from payments where registration_id in (select id from registrations where account_id = $1) and requested_at > $2
				order by requested_at desc offset $3 limit 1),
			coalesce((select used from spending where kind = $4 and day_ends = $5), 0)
		from anchor`, accountID, s.cal.Days(at, -1), registration.PaymentsADay-1, SpendPayments, ends).Scan(append(columns, &paused, &nth, &used)...)
	if err != nil {
		return nil, err
	}
	s.seenSince(&a, *repaired, was)
	ceiling, _ := s.ceilingOf(SpendPayments)
	switch {
	case a.held():
		return registration.Refuse(registration.CodeHeldAfterRestore), nil
	case paused:
		return registration.Refuse(registration.CodeSpendingPaused), nil
	case nth != nil: // what ops grants lifts the limit of a bank account, not this one, which is over within a day
		return registration.Refuse(registration.CodeAccountLimitReached).Until(s.cal.Days(*nth, 1)).
			Saying("This account has had its payments of a day, over all its registrations: wait until retry_at."), nil
	case used >= ceiling:
		return registration.Refuse(registration.CodeSpendingPaused).Until(ends), nil
	}
	return nil, nil
}

// PaymentBarred judges, before anything is written or counted, whether the payment that an act asks for would be refused for
// what it costs; the step judges again. handedIn is the company information that comes with it, nil for what is on file:
// what is proven by a payment that there is costs nothing.
func (s *Store) PaymentBarred(ctx context.Context, registrationID string, handedIn *dossier.Company) (*registration.Refusal, error) {
	rec, err := load(ctx, s.pool, registrationID, "")
	if err != nil {
		return nil, err
	}
	return s.recordBarred(ctx, rec, handedIn)
}

// PaymentBarredOf is [Store.PaymentBarred] of a registration that was looked at.
func (s *Store) PaymentBarredOf(ctx context.Context, look *ActLook, handedIn *dossier.Company) (*registration.Refusal, error) {
	return s.recordBarred(ctx, &look.row.record, handedIn)
}

func (s *Store) recordBarred(ctx context.Context, rec *record, handedIn *dossier.Company) (*registration.Refusal, error) {
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
	if err := keepPayouts(ctx, c.tx); err != nil {
		return nil, err
	}
	if refusal, err := c.paymentBarred(ctx, c.tx, c.rec.AccountID); refusal != nil || err != nil {
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
