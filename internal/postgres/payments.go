package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"math/big"
	"reflect"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/internal/vault"
	"shiming/registration"
)

// payment is a penny payment's row. Its amount stays sealed.
type payment struct {
	registration.Payment
	ID              string
	RegistrationID  string
	Key             string
	BankFingerprint []byte
	BankLast4       string
	CompanyRef      string
	Amount          []byte
	Adoption        *string // adoptionAdopted or adoptionRefused; nil: lost transfers have nothing to do with it

	stored *changeable // as it was read or saved last; nil: not known
}

// changeable is what of a payment can change.
type changeable struct {
	registration.Payment
	Adoption *string
}

func (p *payment) changeable() *changeable { return &changeable{p.Payment, p.Adoption} }

const paymentColumns = `id, registration_id, key, bank_fingerprint, bank_last4, company_ref, amount, state, bank_state, attempts_left,
	requested_at, notified_at, ordered_at, accepted_at, settled_at, confirmed_at, returned_at, voided_at, expected_by, window_closes_at,
	window_provisional, remind_at, failure, overdue, adoption`

// newestPayment reads a registration's newest payment, nil if it has none.
func newestPayment(ctx context.Context, q querier, registrationID string) (*payment, error) {
	return onePayment(ctx, q, `registration_id = $1 order by requested_at desc, id desc limit 1`, registrationID)
}

// onePayment reads the payment that the condition names, nil if there is none.
func onePayment(ctx context.Context, q querier, where string, args ...any) (*payment, error) {
	rows, err := q.Query(ctx, `select `+paymentColumns+` from payments where `+where, args...)
	if err != nil {
		return nil, err
	}
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[payment])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err == nil {
		p.stored = p.changeable()
	}
	return p, err
}

// save writes every column that can change, if any has.
func (p *payment) save(ctx context.Context, q querier) error {
	if p.stored != nil && reflect.DeepEqual(p.stored, p.changeable()) {
		return nil
	}
	p.stored = p.changeable()
	_, err := q.Exec(ctx, `update payments set state = $2, bank_state = $3, attempts_left = $4, notified_at = $5, ordered_at = $6, accepted_at = $7,
		settled_at = $8, confirmed_at = $9, returned_at = $10, voided_at = $11, expected_by = $12, window_closes_at = $13,
		window_provisional = $14, remind_at = $15, failure = $16, overdue = $17, adoption = $18 where id = $1`,
		p.ID, p.State, p.BankState, p.AttemptsLeft, p.NotifiedAt, p.OrderedAt, p.AcceptedAt, p.SettledAt, p.ConfirmedAt, p.ReturnedAt,
		p.VoidedAt, p.ExpectedBy, p.WindowClosesAt, p.WindowProvisional, p.RemindAt, p.Failure, p.Overdue, p.Adoption)
	return err
}

// open reports whether there is a payment that is under way or whose amount is awaited.
func (p *payment) open() bool { return p != nil && p.Open() }

// owner is whose the payee and the amount are: the payment's own, so that no other payment's can take their place.
func (p *payment) owner() Owner { return Owner{Subject: p.RegistrationID, Row: p.ID} }

func (p *payment) amountPlace() vault.Place { return p.owner().place(dossier.PurposeAmount, p.ID) }

// void ends an open payment whose amount nobody may enter any more.
func (c *regChange) void(ctx context.Context) error {
	if !c.payment.open() {
		return nil
	}
	c.payment.Void(c.at)
	return c.payment.save(ctx, c.tx)
}

// request opens a new payment to the company on file, its amount and its key made here and now, before any bank is called.
func (c *regChange) request(ctx context.Context, company dossier.Company) error {
	if err := c.void(ctx); err != nil {
		return err
	}
	fen, err := rand.Int(rand.Reader, big.NewInt(99)) // uniform over 0.01–0.99 CNY
	if err != nil {
		return err
	}
	p := &payment{
		Payment: registration.NewPayment(c.cal, c.at),
		ID:      registration.NewID("pay"), RegistrationID: c.rec.ID, Key: registration.NewID("shm"),
		BankFingerprint: c.bankFingerprint(company), BankLast4: dossier.Last4(company.Bank.AccountNumber),
	}
	if p.Amount, err = c.seal(ctx, c.tx, p.amountPlace(), dossier.Amount{Fen: fen.Int64() + 1}); err != nil {
		return err
	}
	if p.CompanyRef, err = c.put(ctx, c.tx, p.owner(), dossier.PurposeCompany, company); err != nil {
		return err
	}
	if err := p.insert(ctx, c.tx); err != nil {
		return err
	}
	c.payment, c.rec.RefusedBank, c.rec.RefusedBankLast4 = p, nil, nil
	if err := c.useGrant(ctx, p); err != nil {
		return err
	}
	if err := c.notifyHeld(ctx, p); err != nil {
		return err
	}
	return enqueue(ctx, c.tx, c.at, MessagePayout, p.ID, nil)
}

func (p *payment) insert(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `insert into payments (id, registration_id, key, bank_fingerprint, bank_last4, company_ref, amount, state, bank_state, attempts_left,
		requested_at, expected_by, window_provisional) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, p.ID, p.RegistrationID, p.Key,
		p.BankFingerprint, p.BankLast4, p.CompanyRef, p.Amount, p.State, p.BankState, p.AttemptsLeft, p.RequestedAt, p.ExpectedBy, p.WindowProvisional)
	return err
}

// bankFingerprint is of the account number alone: naming another bank for it must not refill the guesses.
func (s *Store) bankFingerprint(company dossier.Company) []byte {
	return s.keys.Fingerprint("bank_account", company.Bank.AccountNumber)
}
