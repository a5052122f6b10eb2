package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/registration"
)

// LostTransfer is a transfer that the bank made for a payment that no row knows any more.
type LostTransfer struct {
	Key          string
	At           time.Time // when the bank took it
	AccountLast4 string
	AmountFen    int64
	State        string // sent, settled or returned
	Reference    string // the bank's; may be empty
}

// How far a payment is that takes a lost transfer over.
const (
	adoptionAsked   = "asked"   // it has the transfer's key and amount; the bank is asked with this company's details
	adoptionRefused = "refused" // none was this company's; a person must judge
)

// lostTransfer is one that a payment may take over.
type lostTransfer struct {
	Key    string
	Amount dossier.Amount
}

// KnownKeys sorts out which of the bank's keys are payments of this database's, with their payments.
func (s *Store) KnownKeys(ctx context.Context, keys []string) (payments map[string]string, err error) {
	rows, err := s.pool.Query(ctx, `select key, id from payments where key = any($1)`, keys)
	if err != nil {
		return nil, err
	}
	payments = map[string]string{}
	var key, id string
	_, err = pgx.ForEachRow(rows, []any{&key, &id}, func() error { payments[key] = id; return nil })
	return payments, err
}

// KeepLost keeps a lost transfer, or how it stands by now if it was kept before, and has ops told of it. It reports whether it is held:
// neither taken over nor released.
func (s *Store) KeepLost(ctx context.Context, t LostTransfer) (free bool, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		sealed, sealedFor, err := s.sealAbout(ctx, tx, t.Key, t.Key, dossier.PurposeAmount, dossier.Amount{Fen: t.AmountFen})
		if err != nil {
			return err
		}
		var released *time.Time
		var adopted *string
		err = tx.QueryRow(ctx, `insert into lost_transfers (key, at, account_last4, amount, sealed_for, state, reference, found_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
			on conflict (key) do update set state = excluded.state returning released_at, adopted_by`,
			t.Key, t.At, t.AccountLast4, sealed, sealedFor, t.State, t.Reference, s.now()).Scan(&released, &adopted)
		free = released == nil && adopted == nil
		if err != nil || !free {
			return err
		}
		return s.find(ctx, tx, registration.FindingTransferLost, t.Key, "", "to an account that ends in "+t.AccountLast4+", "+t.State+" at the bank, taken "+t.At.UTC().Format(time.RFC3339))
	})
	return free, err
}

// LostTransfers counts those that are held: neither taken over nor released.
func (s *Store) LostTransfers(ctx context.Context) (n int, err error) {
	err = s.pool.QueryRow(ctx, `select count(*) from lost_transfers where adopted_by is null and released_at is null`).Scan(&n)
	return n, err
}

// lostTransferFor finds the lost transfer that a payment to this account should take over, nil if there is none: of those that went
// to an account of its last digits, and that the bank has not said to be another's, a settled one first, then the oldest.
func (c *change) lostTransferFor(ctx context.Context, p *payment) (*lostTransfer, error) {
	var lost lostTransfer
	var sealed []byte
	var sealedFor string
	err := c.tx.QueryRow(ctx, `select key, amount, sealed_for from lost_transfers l where account_last4 = $1 and adopted_by is null and released_at is null
		and not exists (select from lost_transfer_refusals r where r.key = l.key and r.bank_fingerprint = $2)
		order by state = 'settled' desc, at, key limit 1 for update`, p.BankLast4, p.BankFingerprint).Scan(&lost.Key, &sealed, &sealedFor)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	keys, err := keysOf(ctx, c.tx, sealedFor)
	if err != nil {
		return nil, err
	}
	return &lost, c.openAbout(keys, sealedFor, lost.Key, lost.Key, dossier.PurposeAmount, sealed, &lost.Amount)
}

// adopt notes that a payment has taken a lost transfer over, if it has.
func (c *change) adopt(ctx context.Context, p *payment, lost *lostTransfer) error {
	if lost == nil {
		return nil
	}
	_, err := c.tx.Exec(ctx, `update lost_transfers set adopted_by = $2 where key = $1`, lost.Key, p.ID)
	return err
}

// AdoptNext notes that the bank has refused a payment the lost transfer that it was to take over: it went to another account, or to
// this one as somebody typed it otherwise. The payment takes the next one that may be it, and there is none left it waits for a
// person: to pay anew could be to pay a second time.
func (s *Store) AdoptNext(ctx context.Context, paymentID, refusedKey string) (more bool, err error) {
	_, err = s.changePayment(ctx, paymentID, func(c *change, p *payment) error {
		if p.Adoption == nil || p.Key != refusedKey || p.answered() { // another attempt was quicker
			more = p.Adoption != nil && *p.Adoption == adoptionAsked && !p.answered()
			return nil
		}
		if _, err := c.tx.Exec(ctx, `insert into lost_transfer_refusals (key, bank_fingerprint, at) values ($1, $2, $3) on conflict do nothing`,
			refusedKey, p.BankFingerprint, c.at); err != nil {
			return err
		}
		if _, err := c.tx.Exec(ctx, `update lost_transfers set adopted_by = null where key = $1`, refusedKey); err != nil {
			return err
		}
		next, err := c.lostTransferFor(ctx, p)
		if err != nil {
			return err
		}
		more = next != nil
		return c.adoptInstead(ctx, p, next)
	})
	return more, err
}

// adoptInstead gives a payment the key and the amount of another lost transfer, or, of none, a key of its own that is not ordered.
func (c *change) adoptInstead(ctx context.Context, p *payment, next *lostTransfer) error {
	amount, err := pennies()
	if err != nil {
		return err
	}
	p.Key, p.Adoption = registration.NewID("shm"), new(adoptionRefused)
	if next != nil {
		p.Key, p.Adoption, amount = next.Key, new(adoptionAsked), next.Amount
	} else if err := c.find(ctx, c.tx, registration.FindingAdoptionRefused, p.ID, c.rec.AccountID,
		"each lost transfer to an account that ends in "+p.BankLast4+" was presented to the bank with the details of "+c.rec.ID+", and is not its"); err != nil {
		return err
	}
	if p.Amount, err = c.seal(ctx, c.tx, p.amountPlace(), amount); err != nil {
		return err
	}
	if _, err := c.tx.Exec(ctx, `update payments set key = $2, amount = $3 where id = $1`, p.ID, p.Key, p.Amount); err != nil {
		return err
	}
	return c.adopt(ctx, p, next)
}

// giveUpAdoption leaves a lost transfer, whose the bank has not said yet, to the next payment to its account.
func (c *change) giveUpAdoption(ctx context.Context, p *payment) error {
	if p.Adoption == nil || p.answered() {
		return nil
	}
	p.Key, p.Adoption = registration.NewID("shm"), nil
	if _, err := c.tx.Exec(ctx, `update payments set key = $2 where id = $1`, p.ID, p.Key); err != nil {
		return err
	}
	_, err := c.tx.Exec(ctx, `update lost_transfers set adopted_by = null where adopted_by = $1`, p.ID)
	return err
}

// adopted resolves what was found of a lost transfer that the bank has given a payment.
func (c *change) adopted(ctx context.Context, p *payment) error {
	if p.Adoption == nil || !p.answered() {
		return nil
	}
	return c.gone(ctx, c.tx, registration.FindingTransferLost, p.Key)
}

// releaseLost gives a lost transfer up by the word of whoever resolves what was found of it: the next payment to such an account is
// a new one. One that a payment has taken over is that payment's.
func (s *Store) releaseLost(ctx context.Context, tx pgx.Tx, f *Finding, by string) error {
	if f.Kind != registration.FindingTransferLost {
		return nil
	}
	_, err := tx.Exec(ctx, `update lost_transfers set released_at = $2, released_by = $3 where key = $1 and adopted_by is null and released_at is null`, f.Subject, s.now(), by)
	return err
}

// TransferFound records what the bank's statement says of a payment that this database knows: it may have been ordered after
// the restore point, so that nobody here has noted that it was. It was announced then, too. It reports whether it is news. A
// payment that takes over a lost transfer is left alone: whose the key was is for its own order to learn.
func (s *Store) TransferFound(ctx context.Context, paymentID, kind, reason string) (news bool, err error) {
	_, err = s.changePayment(ctx, paymentID, func(c *change, p *payment) error {
		if p.Adoption != nil && !p.answered() {
			return nil
		}
		if p.OrderedAt == nil {
			if err := c.orderedMeanwhile(ctx, p); err != nil {
				return err
			}
		}
		news = p.report(kind, reason, c.at)
		if c.rec.EndedAt == nil {
			return nil
		}
		return c.endedReturn(ctx, p)
	})
	return news, err
}

// orderedMeanwhile notes of a payment that it was announced and ordered. Nobody is told of it a second time.
func (c *change) orderedMeanwhile(ctx context.Context, p *payment) error {
	p.OrderedAt = &c.at
	if p.NotifiedAt != nil {
		return nil
	}
	window := c.cal.WorkingDays(c.at, registration.WindowDays)
	p.NotifiedAt, p.ExpectedBy, p.WindowClosesAt, p.WindowProvisional, p.Overdue = &c.at, &window.At, &window.At, window.Provisional, false
	_, err := c.tx.Exec(ctx, `update notices set skipped_at = $2 where event_key = $1 and held and `+noticeIsWaiting, paymentNoticeKey(p.ID), c.at)
	return err
}
