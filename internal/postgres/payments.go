package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"math/big"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/internal/vault"
	"shiming/registration"
)

// payment is a penny payment's row. Its amount stays sealed.
type payment struct {
	ID                string
	RegistrationID    string
	Key               string
	BankFingerprint   []byte
	BankLast4         string
	CompanyRef        string
	Amount            []byte
	State             registration.PayoutState
	BankState         string
	AttemptsLeft      int
	RequestedAt       time.Time
	NotifiedAt        *time.Time
	OrderedAt         *time.Time
	AcceptedAt        *time.Time
	SettledAt         *time.Time
	ConfirmedAt       *time.Time
	ReturnedAt        *time.Time
	VoidedAt          *time.Time
	ExpectedBy        *time.Time
	WindowClosesAt    *time.Time
	WindowProvisional bool
	RemindAt          *time.Time
	Failure           *string
	Overdue           bool
	Adoption          *string // adoptionAdopted or adoptionRefused; nil: lost transfers have nothing to do with it
}

const paymentColumns = `id, registration_id, key, bank_fingerprint, bank_last4, company_ref, amount, state, bank_state, attempts_left,
	requested_at, notified_at, ordered_at, accepted_at, settled_at, confirmed_at, returned_at, voided_at, expected_by, window_closes_at,
	window_provisional, remind_at, failure, overdue, adoption`

// newestPayment reads a registration's newest payment, nil if it has none.
func newestPayment(ctx context.Context, q querier, registrationID, lock string) (*payment, error) {
	return onePayment(ctx, q, `registration_id = $1 order by requested_at desc, id desc limit 1 `+lock, registrationID)
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
	return p, err
}

func (p *payment) save(ctx context.Context, q querier) error {
	_, err := q.Exec(ctx, `update payments set state = $2, bank_state = $3, attempts_left = $4, notified_at = $5, ordered_at = $6, accepted_at = $7,
		settled_at = $8, confirmed_at = $9, returned_at = $10, voided_at = $11, expected_by = $12, window_closes_at = $13,
		window_provisional = $14, remind_at = $15, failure = $16, overdue = $17, adoption = $18 where id = $1`,
		p.ID, p.State, p.BankState, p.AttemptsLeft, p.NotifiedAt, p.OrderedAt, p.AcceptedAt, p.SettledAt, p.ConfirmedAt, p.ReturnedAt,
		p.VoidedAt, p.ExpectedBy, p.WindowClosesAt, p.WindowProvisional, p.RemindAt, p.Failure, p.Overdue, p.Adoption)
	return err
}

// open reports whether the payment is still under way or awaited.
func (p *payment) open() bool {
	if p == nil {
		return false
	}
	switch p.State {
	case registration.PayoutRequestedState, registration.PayoutSent, registration.PayoutSettled:
		return true
	}
	return false
}

// ref is the payment as the workflow may know it.
func (p *payment) ref() *registration.PaymentRef {
	if p == nil {
		return nil
	}
	r := &registration.PaymentRef{ID: p.ID, State: p.State, Settled: p.SettledAt != nil, Overdue: p.Overdue, Remind: p.RemindAt}
	if p.ExpectedBy != nil {
		r.Expected = &registration.Deadline{At: *p.ExpectedBy, Provisional: p.WindowProvisional}
	}
	if p.SettledAt != nil && p.WindowClosesAt != nil {
		r.Closes = &registration.Deadline{At: *p.WindowClosesAt, Provisional: p.WindowProvisional}
	}
	return r
}

// owner is whose the payee and the amount are: the payment's own, so that no other payment's can take their place.
func (p *payment) owner() Owner { return Owner{Subject: p.RegistrationID, Row: p.ID} }

func (p *payment) amountPlace() vault.Place { return p.owner().place(dossier.PurposeAmount, p.ID) }

// void ends an open payment whose amount nobody may enter any more. What the bank later says of it is still recorded.
func (c *change) void(ctx context.Context) error {
	if !c.payment.open() {
		return nil
	}
	c.payment.State, c.payment.VoidedAt, c.payment.Overdue = registration.PayoutVoid, &c.at, false
	return c.payment.save(ctx, c.tx)
}

// request opens a new payment to the company on file, its amount and its key made here and now, before any bank is called.
func (c *change) request(ctx context.Context, company dossier.Company) error {
	if err := c.void(ctx); err != nil {
		return err
	}
	fen, err := rand.Int(rand.Reader, big.NewInt(99)) // uniform over 0.01–0.99 CNY
	if err != nil {
		return err
	}
	late := c.cal.WorkingDays(c.at, registration.NoticeOverdueDays)
	p := &payment{
		ID: registration.NewID("pay"), RegistrationID: c.rec.ID, Key: registration.NewID("shm"),
		BankFingerprint: c.bankFingerprint(company), BankLast4: dossier.Last4(company.Bank.AccountNumber),
		State: registration.PayoutRequestedState, BankState: "requested", AttemptsLeft: registration.AmountGuesses,
		RequestedAt: c.at, ExpectedBy: &late.At, WindowProvisional: late.Provisional,
	}
	if p.Amount, err = c.seal(ctx, c.tx, p.amountPlace(), dossier.Amount{Fen: fen.Int64() + 1}); err != nil {
		return err
	}
	if p.CompanyRef, err = c.put(ctx, c.tx, p.owner(), dossier.PurposeCompany, company); err != nil {
		return err
	}
	_, err = c.tx.Exec(ctx, `insert into payments (id, registration_id, key, bank_fingerprint, bank_last4, company_ref, amount, state, requested_at,
		expected_by, window_provisional) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, p.ID, p.RegistrationID, p.Key, p.BankFingerprint,
		p.BankLast4, p.CompanyRef, p.Amount, p.State, p.RequestedAt, p.ExpectedBy, p.WindowProvisional)
	if err != nil {
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

// bankFingerprint is of the account number alone: naming another bank for it must not refill the guesses.
func (s *Store) bankFingerprint(company dossier.Company) []byte {
	return s.keys.Fingerprint("bank_account", company.Bank.AccountNumber)
}
