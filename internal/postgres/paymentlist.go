package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/registration"
)

// PaymentView is a payment as ops sees it: everything but its payee and its amount.
type PaymentView struct {
	ID               string
	RegistrationID   string
	AccountID        string
	BankKey          string // by which the bank knows it
	BankAccountLast4 string
	State            registration.PayoutState
	BankState        string // what is known of the bank's side
	Failure          *string
	AttemptsLeft     int
	Overdue          bool
	RequestedAt      time.Time
	NotifiedAt       *time.Time
	OrderedAt        *time.Time
	AcceptedAt       *time.Time
	SettledAt        *time.Time
	ConfirmedAt      *time.Time
	ReturnedAt       *time.Time
	VoidedAt         *time.Time
	ExpectedBy       *time.Time
	WindowClosesAt   *time.Time
	Grants           []PaymentGrant      // of its bank account, newest first
	Resolutions      []PaymentResolution // of itself, newest first
}

// PaymentFilter chooses payments. Empty fields choose all; From and Until bound when they were asked for, Until is not included.
type PaymentFilter struct {
	State          registration.PayoutState
	Overdue        *bool
	RegistrationID string
	AccountID      string
	Key            string
	From, Until    time.Time
	Cursor         string
	Limit          int
}

// paymentRow is a payment with the account that it belongs to.
type paymentRow struct {
	payment
	AccountID string
}

const paymentRowColumns = paymentColumns + `, (select r.account_id from registrations r where r.id = payments.registration_id) as account_id`

func (r *paymentRow) view() *PaymentView {
	p := &r.payment
	return &PaymentView{
		ID: p.ID, RegistrationID: p.RegistrationID, AccountID: r.AccountID, BankKey: p.Key, BankAccountLast4: p.BankLast4, State: p.State,
		BankState: p.BankState, Failure: p.Failure, AttemptsLeft: p.AttemptsLeft, Overdue: p.Overdue, RequestedAt: p.RequestedAt,
		NotifiedAt: p.NotifiedAt, OrderedAt: p.OrderedAt, AcceptedAt: p.AcceptedAt, SettledAt: p.SettledAt, ConfirmedAt: p.ConfirmedAt,
		ReturnedAt: p.ReturnedAt, VoidedAt: p.VoidedAt, ExpectedBy: p.ExpectedBy, WindowClosesAt: p.WindowClosesAt,
		Grants: []PaymentGrant{}, Resolutions: []PaymentResolution{},
	}
}

// where puts the filter into a query, whose order is that of an index for each combination of what selects much.
func (f PaymentFilter) where(q *listing) error {
	if f.State != "" {
		q.where("state = ?", f.State)
	}
	if f.Key != "" {
		q.where("key = ?", f.Key)
	}
	if f.RegistrationID != "" {
		q.where("registration_id = ?", f.RegistrationID)
	}
	if f.AccountID != "" {
		q.where("registration_id in (select id from registrations where account_id = ?)", f.AccountID)
	}
	if f.Overdue != nil {
		q.conditions = append(q.conditions, map[bool]string{true: "overdue", false: "not overdue"}[*f.Overdue])
	}
	if !f.From.IsZero() {
		q.where("requested_at >= ?", f.From)
	}
	if !f.Until.IsZero() {
		q.where("requested_at < ?", f.Until)
	}
	return q.beyond(f.Cursor, "(requested_at, id) < (?, ?)")
}

// Payments lists payments, the one that was asked for last first.
func (s *Store) Payments(ctx context.Context, f PaymentFilter) (Page[*PaymentView], error) {
	var page Page[*PaymentView]
	q := listing{from: "payments", columns: paymentRowColumns, order: "requested_at desc, id desc", limit: f.Limit + 1}
	if err := f.where(&q); err != nil {
		return page, err
	}
	err := s.inSnapshot(ctx, func(tx querier) error {
		rows, err := paymentRows(ctx, tx, q.sql(), q.args...)
		if err != nil {
			return err
		}
		rows, page.NextCursor = trim(rows, f.Limit, func(r *paymentRow) (time.Time, string) { return r.RequestedAt, r.ID })
		page.Items, err = s.paymentViews(ctx, tx, rows)
		return err
	})
	return page, err
}

// PaymentOf returns one payment.
func (s *Store) PaymentOf(ctx context.Context, id string) (view *PaymentView, err error) {
	err = s.inSnapshot(ctx, func(tx querier) error {
		rows, err := paymentRows(ctx, tx, `select `+paymentRowColumns+` from payments where id = $1`, id)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return ErrNotFound
		}
		views, err := s.paymentViews(ctx, tx, rows)
		if err == nil {
			view = views[0]
		}
		return err
	})
	return view, err
}

func paymentRows(ctx context.Context, q querier, sql string, args ...any) ([]*paymentRow, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[paymentRow])
}

// paymentViews completes payments with what ops has said about them, in one round trip a table however many they are.
func (s *Store) paymentViews(ctx context.Context, q querier, rows []*paymentRow) ([]*PaymentView, error) {
	views := make([]*PaymentView, len(rows))
	for i, r := range rows {
		views[i] = r.view()
	}
	if len(rows) == 0 {
		return views, nil
	}
	if err := s.addGrants(ctx, q, rows, views); err != nil {
		return nil, err
	}
	return views, s.addResolutions(ctx, q, views)
}

// Traceable is a payment as the bank can be asked about it.
type Traceable struct {
	ID, RegistrationID, Key string
	Ordered                 bool // the bank may have heard of it
}

// ToTrace reads a payment for the bank to be asked about.
func (s *Store) ToTrace(ctx context.Context, paymentID string) (*Traceable, error) {
	p, err := onePayment(ctx, s.pool, `id = $1`, paymentID)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, ErrNotFound
	}
	return p.traceable(), nil
}

// NewestToTrace is ToTrace for the newest payment of a registration, nil if it has none, and says how that stands.
func (s *Store) NewestToTrace(ctx context.Context, registrationID string) (*Traceable, registration.State, error) {
	rec, err := load(ctx, s.pool, registrationID, "")
	if err != nil {
		return nil, "", err
	}
	p, err := newestPayment(ctx, s.pool, registrationID)
	if p == nil || err != nil {
		return nil, rec.State, err
	}
	return p.traceable(), rec.State, nil
}

func (p *payment) traceable() *Traceable {
	return &Traceable{ID: p.ID, RegistrationID: p.RegistrationID, Key: p.Key, Ordered: p.OrderedAt != nil}
}
