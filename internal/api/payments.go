package api

import (
	"context"
	"net/http"
	"time"

	"shiming/internal/postgres"
	"shiming/internal/problem"
	"shiming/internal/workday"
	"shiming/registration"
)

// payments makes the routes by which ops sees every payment, and what was paid in a day.
func (s *server) payments() {
	register(s, route{
		id: "list-payments", method: http.MethodGet, path: "/v1/payments", tag: payoutsTag, summary: "List payments",
		description: "Every penny payment, the one asked for last first, with all that ops has said about it. No amount is ever told.",
		codes:       []problem.Code{registration.CodeInvalidRequest},
	}, s.listPayments)
	register(s, route{
		id: "total-payments", method: http.MethodGet, path: "/v1/payments/totals", tag: payoutsTag, summary: "Add up payments by day",
		description: "What went out and came back, a row a day of Asia/Shanghai, at most 31 days at once. The amount of a payment that somebody may still " +
			"have to enter is in no sum.",
		codes: []problem.Code{registration.CodeInvalidRequest},
	}, s.totalPayments)
	register(s, route{
		id: "get-payment", method: http.MethodGet, path: "/v1/payments/{id}", tag: payoutsTag, summary: "Read a payment",
		description: "One penny payment, with all that ops has said about it. Its amount is not told.",
	}, s.getPayment)
}

// Payment is a penny payment without its amount.
type Payment struct {
	ID               string                   `json:"id" doc:"The payment's id" example:"pay_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	RegistrationID   string                   `json:"registration_id" doc:"The registration that it is for" example:"reg_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	AccountID        string                   `json:"account_id" doc:"The platform account" example:"acct-1001"`
	BankKey          string                   `json:"bank_key" doc:"The key by which the bank knows it" example:"shm_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	BankAccountLast4 string                   `json:"bank_account_last4" doc:"The last four digits of the account it goes to" example:"6789"`
	State            registration.PayoutState `json:"state" enum:"requested,sent,settled,confirmed,failed,returned,void" doc:"How it stands" example:"sent"`
	BankState        string                   `json:"bank_state" enum:"requested,written_off,dropped,sent,settled,failed,returned" doc:"What is known of the bank's side. requested: it has not answered; written_off: nor when ops called it failed; dropped: it had never heard of it, and it is not sent any more" example:"sent"`
	Failure          *string                  `json:"failure" doc:"Why it came to nothing; null unless it has" example:"account_closed"`
	AttemptsLeft     int                      `json:"attempts_left" doc:"How often its amount may still be entered" example:"3"`
	Overdue          bool                     `json:"overdue" doc:"Whether it should have arrived, or been announced, by now" example:"false"`
	Void             bool                     `json:"void" doc:"Whether its amount can be entered no more, without having been confirmed" example:"false"`
	RequestedAt      time.Time                `json:"requested_at" doc:"When it was asked for" example:"2026-09-30T10:00:00+08:00"`
	NotifiedAt       *time.Time               `json:"notified_at" doc:"When it was announced" example:"2026-09-30T10:00:01+08:00"`
	OrderedAt        *time.Time               `json:"ordered_at" doc:"Just before the bank was first called" example:"2026-09-30T10:00:02+08:00"`
	AcceptedAt       *time.Time               `json:"accepted_at" doc:"When the bank is known to have taken it" example:"2026-09-30T10:00:03+08:00"`
	SettledAt        *time.Time               `json:"settled_at" doc:"When the money is known to have arrived" example:"2026-09-30T14:00:00+08:00"`
	ConfirmedAt      *time.Time               `json:"confirmed_at" doc:"When its amount was entered" example:"2026-09-30T16:00:00+08:00"`
	ReturnedAt       *time.Time               `json:"returned_at" doc:"When the money is known to have come back" example:"2026-10-09T10:00:00+08:00"`
	VoidedAt         *time.Time               `json:"voided_at" doc:"When it became void" example:"2026-10-09T10:00:00+08:00"`
	ExpectedBy       *time.Time               `json:"expected_by" doc:"When it is overdue" example:"2026-10-10T00:00:00+08:00"`
	WindowClosesAt   *time.Time               `json:"window_closes_at" doc:"Until when its amount can be entered" example:"2026-10-10T00:00:00+08:00"`
	Grants           []PaymentGrant           `json:"grants" doc:"Further payments that ops has allowed its bank account, newest first"`
	Resolutions      []PaymentResolution      `json:"resolutions" doc:"What ops has said of it in the bank's place, newest first"`
}

// PaymentGrant is one more payment that ops has allowed a bank account.
type PaymentGrant struct {
	RegistrationID string    `json:"registration_id" doc:"The registration that it was granted to" example:"reg_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	Reason         *string   `json:"reason" doc:"Why; null once it was erased" example:"A stranger had used up the account's payments."`
	By             string    `json:"by" doc:"Who granted it" example:"ops:zhang"`
	At             time.Time `json:"at" doc:"When" example:"2026-09-30T10:00:00+08:00"`
	UsedBy         *string   `json:"used_by" doc:"The payment that was made by it; null: none yet" example:"pay_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
}

// PaymentResolution is what ops has said of a payment in the bank's place.
type PaymentResolution struct {
	Outcome string    `json:"outcome" enum:"settled,failed,returned" doc:"What has become of it" example:"settled"`
	Reason  *string   `json:"reason" doc:"Why it was resolved by hand; null once it was erased" example:"The bank confirmed by phone."`
	By      *string   `json:"by" doc:"Who said so; null once it was erased" example:"ops:zhang"`
	At      time.Time `json:"at" doc:"When" example:"2026-09-30T10:00:00+08:00"`
}

func paymentOf(p *postgres.PaymentView) Payment {
	out := Payment{
		ID: p.ID, RegistrationID: p.RegistrationID, AccountID: p.AccountID, BankKey: p.BankKey, BankAccountLast4: p.BankAccountLast4,
		State: p.State, BankState: p.BankState, Failure: p.Failure, AttemptsLeft: p.AttemptsLeft, Overdue: p.Overdue, Void: p.VoidedAt != nil,
		RequestedAt: p.RequestedAt, NotifiedAt: p.NotifiedAt, OrderedAt: p.OrderedAt, AcceptedAt: p.AcceptedAt, SettledAt: p.SettledAt,
		ConfirmedAt: p.ConfirmedAt, ReturnedAt: p.ReturnedAt, VoidedAt: p.VoidedAt, ExpectedBy: p.ExpectedBy, WindowClosesAt: p.WindowClosesAt,
		Grants: make([]PaymentGrant, len(p.Grants)), Resolutions: make([]PaymentResolution, len(p.Resolutions)),
	}
	for i, g := range p.Grants {
		out.Grants[i] = PaymentGrant(g)
	}
	for i, r := range p.Resolutions {
		out.Resolutions[i] = PaymentResolution(r)
	}
	return out
}

type listPayments struct {
	State          registration.PayoutState `query:"state" enum:"requested,sent,settled,confirmed,failed,returned,void" doc:"Only those in this state" example:"sent"`
	Overdue        optional[bool]           `query:"overdue" doc:"Only those that are overdue, or that are not" example:"true"`
	RegistrationID string                   `query:"registration_id" maxLength:"64" doc:"Only those of this registration" example:"reg_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	AccountID      string                   `query:"account_id" maxLength:"64" doc:"Only those of this platform account" example:"acct-1001"`
	Key            string                   `query:"key" maxLength:"255" doc:"Only the one that the bank knows by this key" example:"shm_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	From           string                   `query:"from" format:"date" doc:"Only those asked for on this day of Asia/Shanghai or later" example:"2026-09-01"`
	To             string                   `query:"to" format:"date" doc:"Only those asked for on this day of Asia/Shanghai or earlier" example:"2026-09-30"`
	Paging
}

// filter puts the query into the store's terms.
func (in *listPayments) filter() (postgres.PaymentFilter, error) {
	f := postgres.PaymentFilter{
		State: in.State, Overdue: in.Overdue.pointer(), RegistrationID: in.RegistrationID, AccountID: in.AccountID, Key: in.Key,
		Cursor: in.Cursor, Limit: in.Limit,
	}
	var c days
	c.opaque("registration_id", in.RegistrationID)
	c.opaque("account_id", in.AccountID)
	if in.Key != "" && !visible(in.Key) {
		c.wrong("key", "Send a key as the bank knows it.")
	}
	f.From = c.take("from", in.From)
	if until := c.take("to", in.To); !until.IsZero() {
		f.Until = until.AddDate(0, 0, 1)
	}
	if !f.From.IsZero() && !f.Until.IsZero() && !f.From.Before(f.Until) {
		c.wrong("to", "Send a day that is not before from.")
	}
	return f, c.problem()
}

// PaymentPage is a page of payments.
type PaymentPage struct {
	Items      []Payment `json:"items" doc:"Payments, the one asked for last first"`
	NextCursor *string   `json:"next_cursor" doc:"Where the next page begins; null on the last" example:"MjAyNi0wOS0zMFQwMjowMDowMFp8cGF5X2szdjU"`
}

func (s *server) listPayments(ctx context.Context, in *listPayments) (*struct{ Body PaymentPage }, error) {
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	page, err := s.Store.Payments(ctx, f)
	if err != nil {
		return nil, err
	}
	return &struct{ Body PaymentPage }{PaymentPage{Items: shown(page.Items, paymentOf), NextCursor: next(page.NextCursor)}}, nil
}

// ByPayment names a payment in the path.
type ByPayment struct {
	ID string `path:"id" doc:"The payment's id" example:"pay_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
}

func (s *server) getPayment(ctx context.Context, in *ByPayment) (*struct{ Body Payment }, error) {
	if err := mustBeID(in.ID); err != nil {
		return nil, err
	}
	p, err := s.Store.PaymentOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &struct{ Body Payment }{paymentOf(p)}, nil
}

// mostDays are added up at once: every amount is opened for it.
const mostDays = 31

type totalPayments struct {
	From string `query:"from" required:"true" format:"date" doc:"The first day of Asia/Shanghai" example:"2026-09-01"`
	To   string `query:"to" required:"true" format:"date" doc:"The last day of Asia/Shanghai, at most 30 days later" example:"2026-09-30"`
}

// PaymentTotals are the payments of some days, added up.
type PaymentTotals struct {
	Days  []PaymentDay `json:"days" doc:"Each day, the earliest first"`
	Total PaymentDay   `json:"total" doc:"All of them together; its day is the first"`
}

// PaymentDay is what was paid in a day.
type PaymentDay struct {
	Day       string     `json:"day" format:"date" doc:"The day of Asia/Shanghai" example:"2026-09-30"`
	Requested int        `json:"requested" doc:"Payments that were asked for" example:"12"`
	Ordered   int        `json:"ordered" doc:"Payments of which the bank was called for the first time" example:"12"`
	Out       PaymentSum `json:"out" doc:"Payments that the bank took on this day"`
	Back      PaymentSum `json:"back" doc:"Payments that are known since this day to have come back"`
}

// PaymentSum adds up payments.
type PaymentSum struct {
	Payments int    `json:"payments" doc:"How many" example:"12"`
	Untold   int    `json:"untold" doc:"How many of them are not in the amount: somebody may still have to enter theirs, or it was erased" example:"3"`
	Amount   string `json:"amount" doc:"CNY, of those that are told" example:"4.17"`
}

func sumOf(p postgres.PaymentSum) PaymentSum {
	return PaymentSum{Payments: p.Payments, Untold: p.Untold, Amount: yuan(p.Fen)}
}

func dayOf(d postgres.PaymentDay) PaymentDay {
	return PaymentDay{Day: d.Day.Format(time.DateOnly), Requested: d.Requested, Ordered: d.Ordered, Out: sumOf(d.Out), Back: sumOf(d.Back)}
}

func (s *server) totalPayments(ctx context.Context, in *totalPayments) (*struct{ Body PaymentTotals }, error) {
	var c days
	from, to := c.take("from", in.From), c.take("to", in.To)
	switch {
	case from.IsZero() || to.IsZero():
	case to.Before(from):
		c.wrong("to", "Send a day that is not before from.")
	case !to.Before(from.AddDate(0, 0, mostDays)):
		c.wrong("to", "Send a day at most 30 days after from.")
	}
	if err := c.problem(); err != nil {
		return nil, err
	}
	all, err := s.Store.PaymentDays(ctx, from, to)
	if err != nil {
		return nil, err
	}
	out, total := PaymentTotals{Days: make([]PaymentDay, len(all))}, postgres.PaymentDay{Day: from}
	for i, d := range all {
		out.Days[i] = dayOf(d)
		total.Add(d)
	}
	out.Total = dayOf(total)
	return &struct{ Body PaymentTotals }{out}, nil
}

// days collects what is wrong with the days, and with what else is asked for, in a query.
type days struct{ errs []registration.FieldError }

func (c *days) wrong(name, message string) {
	c.errs = append(c.errs, registration.FieldError{Location: "query." + name, Code: codeInvalid, Message: message})
}

// take reads a day as its first moment; one that was not sent is zero.
func (c *days) take(name, in string) time.Time {
	if in == "" {
		return time.Time{}
	}
	day, err := time.ParseInLocation(time.DateOnly, in, workday.Shanghai())
	if err != nil || day.Year() < 2000 || day.Year() > 9000 {
		c.wrong(name, "Send a day such as 2026-09-30.")
		return time.Time{}
	}
	return day
}

// opaque refuses what none of our ids, and no account's, can look like.
func (c *days) opaque(name, in string) {
	if in != "" && !opaque(in) {
		c.wrong(name, "The value is not valid.")
	}
}

func (c *days) problem() error {
	if len(c.errs) == 0 {
		return nil
	}
	return problem.FromFields(c.errs...)
}
