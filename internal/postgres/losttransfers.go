package postgres

import (
	"context"
	"errors"
	"strings"
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

// What a payment has to do with lost transfers.
const (
	adoptionAdopted = "adopted" // it has the key and the amount of one, by the bank's word
	adoptionRefused = "refused" // none is what its company asks for, and one may be its all the same: a person must judge
)

// Lost is a lost transfer that the bank is to be shown as what a company asks for. Its amount exists in memory only.
type Lost struct {
	Key       string
	AmountFen int64
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

// shown is a fingerprint of all by which the bank tells a transfer from another. The same company typed otherwise has another.
func (s *Store) shown(company dossier.Company) []byte {
	b := company.Bank
	return s.keys.Fingerprint("lost transfer", strings.Join([]string{b.AccountNumber, b.AccountName, b.BankName, b.CNAPSCode}, "\n"))
}

// inTheWay is true of a lost transfer l that may have gone to the account of a payment, by its digits $1, and that no person has said
// to have gone to another than $2.
const inTheWay = `l.account_last4 = $1 and l.adopted_by is null and l.released_at is null
	and not exists (select from lost_transfer_refusals r where r.key = l.key and r.bank_fingerprint = $2 and r.cleared_at is not null)`

// lostFor lists the lost transfers that may be what a payment asks for and that the bank was not shown as such, a settled one first, then
// the oldest. judge: none is left to be shown, but there are some that stand in its way until a person has judged.
func (c *regChange) lostFor(ctx context.Context, p *payment, company dossier.Company) (all []Lost, judge bool, err error) {
	rows, err := c.tx.Query(ctx, `select key, amount, sealed_for, exists (select from lost_transfer_refusals r where r.key = l.key and r.details = $3)
		from lost_transfers l where `+inTheWay+` order by state = 'settled' desc, at, key`, p.BankLast4, p.BankFingerprint, c.shown(company))
	if err != nil {
		return nil, false, err
	}
	type row struct {
		Key       string
		Amount    []byte
		SealedFor string
		Refused   bool
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	for _, l := range found {
		if l.Refused {
			continue
		}
		amount, err := c.lostAmount(ctx, l.Key, l.SealedFor, l.Amount)
		if err != nil {
			return nil, false, err
		}
		all = append(all, Lost{Key: l.Key, AmountFen: amount.Fen})
	}
	return all, len(found) > 0 && len(all) == 0, err
}

func (c *regChange) lostAmount(ctx context.Context, key, sealedFor string, sealed []byte) (amount dossier.Amount, err error) {
	keys, err := keysOf(ctx, c.tx, sealedFor)
	if err != nil {
		return amount, err
	}
	err = c.openAbout(keys, sealedFor, key, key, dossier.PurposeAmount, sealed, &amount)
	return amount, err
}

// LostRefused notes that the bank does not know a lost transfer as what a payment asks for: it went to another account, or to this one
// as somebody typed it otherwise.
func (s *Store) LostRefused(ctx context.Context, paymentID, key string) error {
	return s.changePayment(ctx, paymentID, func(c *regChange, p *payment) error {
		company, err := c.payee(ctx, p)
		if err != nil {
			return err
		}
		_, err = c.tx.Exec(ctx, `insert into lost_transfer_refusals (key, details, bank_fingerprint, at) values ($1, $2, $3, $4) on conflict do nothing`,
			key, c.shown(company), p.BankFingerprint, c.at)
		return err
	})
}

// LostAdopted gives a payment a lost transfer which the bank knows as what it asks for, and how that stands at the bank. One that another
// payment to the same account has meanwhile is left to that one, and a payment that nobody wants any more takes none.
func (s *Store) LostAdopted(ctx context.Context, paymentID, key, kind, reason string) error {
	return s.changePayment(ctx, paymentID, func(c *regChange, p *payment) error {
		if p.Answered() || !p.open() {
			return nil
		}
		var sealed []byte
		var sealedFor string
		err := c.tx.QueryRow(ctx, `select amount, sealed_for from lost_transfers where key = $1 and adopted_by is null for update`, key).Scan(&sealed, &sealedFor)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		amount, err := c.lostAmount(ctx, key, sealedFor, sealed)
		if err != nil {
			return err
		}
		return c.adopt(ctx, p, key, amount, kind, reason)
	})
}

// adopt has a payment stand where a lost transfer stands.
func (c *regChange) adopt(ctx context.Context, p *payment, key string, amount dossier.Amount, kind, reason string) (err error) {
	if p.Amount, err = c.seal(ctx, c.tx, p.amountPlace(), amount); err != nil {
		return err
	}
	p.Key, p.Adoption = key, new(adoptionAdopted)
	if p.OrderedAt == nil {
		p.OrderedAt = &c.at
	}
	if _, err := c.tx.Exec(ctx, `update payments set key = $2, amount = $3 where id = $1`, p.ID, p.Key, p.Amount); err != nil {
		return err
	}
	if _, err := c.tx.Exec(ctx, `update lost_transfers set adopted_by = $2, released_at = null, released_by = null where key = $1`, key, p.ID); err != nil {
		return err
	}
	if err := c.gone(ctx, c.tx, registration.FindingTransferLost, key); err != nil {
		return err
	}
	p.Report(said(kind), reason, c.at)
	if c.rec.EndedAt != nil {
		if err := c.endedReturn(ctx, p); err != nil {
			return err
		}
	}
	return c.orderAgain(ctx, c.tx, `bank_last4 = $1`, p.BankLast4)
}

// LeaveToJudge has a payment wait for a person: none of the lost transfers is what it asks for, and one may be its all the same. To pay
// anew could be to pay a second time.
func (s *Store) LeaveToJudge(ctx context.Context, paymentID string) error {
	return s.changePayment(ctx, paymentID, func(c *regChange, p *payment) error {
		if p.Answered() || !p.open() {
			return nil
		}
		p.Adoption = new(adoptionRefused)
		return c.find(ctx, c.tx, registration.FindingAdoptionRefused, p.ID, c.rec.AccountID,
			"each lost transfer to an account that ends in "+p.BankLast4+" was presented to the bank with the details of "+c.rec.ID+", and is not known as that")
	})
}

// orderAgain has payments ordered again that wait for a person's judgement, where it may not be needed any more.
func (s *Store) orderAgain(ctx context.Context, tx pgx.Tx, where string, args ...any) error {
	rows, err := tx.Query(ctx, `select id from payments where adoption = 'refused' and bank_state = 'requested' and state = 'requested' and `+where+` order by id`, args...)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, id := range ids {
		if err := enqueue(ctx, tx, s.now(), MessagePayout, id, again); err != nil {
			return err
		}
	}
	return err
}

// judged does what follows when a person resolves a finding about lost transfers: one is given up, so that the next payment to such an
// account is a new one, or those that were refused to a payment's account went to others. What waited goes on.
func (s *Store) judged(ctx context.Context, tx pgx.Tx, f *Finding, by string) error {
	switch f.Kind {
	case registration.FindingTransferLost:
		_, err := tx.Exec(ctx, `update lost_transfers set released_at = $2, released_by = $3 where key = $1 and adopted_by is null and released_at is null`, f.Subject, s.now(), by)
		if err != nil {
			return err
		}
		return s.orderAgain(ctx, tx, `bank_last4 = (select account_last4 from lost_transfers where key = $1)`, f.Subject)
	case registration.FindingAdoptionRefused:
		_, err := tx.Exec(ctx, `update lost_transfer_refusals set cleared_at = $2, cleared_by = $3
			where cleared_at is null and bank_fingerprint = (select bank_fingerprint from payments where id = $1)`, f.Subject, s.now(), by)
		if err != nil {
			return err
		}
		return s.orderAgain(ctx, tx, `bank_fingerprint = (select bank_fingerprint from payments where id = $1)`, f.Subject)
	}
	return nil
}

// TransferFound records what the bank's statement says of a payment that this database knows: it may have been ordered after
// the restore point, so that nobody here has noted that it was. It was announced then, too. It reports whether it is news.
func (s *Store) TransferFound(ctx context.Context, paymentID, kind, reason string) (news bool, err error) {
	err = s.changePayment(ctx, paymentID, func(c *regChange, p *payment) error {
		if p.OrderedAt == nil {
			if err := c.orderedMeanwhile(ctx, p); err != nil {
				return err
			}
		}
		news = p.Report(said(kind), reason, c.at)
		if c.rec.EndedAt == nil {
			return nil
		}
		return c.endedReturn(ctx, p)
	})
	return news, err
}

// orderedMeanwhile notes of a payment that it was announced and ordered. Nobody is told of it a second time.
func (c *regChange) orderedMeanwhile(ctx context.Context, p *payment) error {
	p.OrderedAt = &c.at
	if p.NotifiedAt != nil {
		return nil
	}
	window := c.cal.WorkingDays(c.at, registration.WindowDays)
	p.NotifiedAt, p.ExpectedBy, p.WindowClosesAt, p.WindowProvisional, p.Overdue = &c.at, &window.At, &window.At, window.Provisional, false
	_, err := c.tx.Exec(ctx, `update notices set skipped_at = $2 where event_key = $1 and held and `+noticeIsWaiting, paymentNoticeKey(p.ID), c.at)
	return err
}
