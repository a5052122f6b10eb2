package cli

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

type paymentsCommands struct {
	List   paymentsListCommand   `cmd:"" default:"withargs" help:"List payments, the one asked for last first. No amount is ever told."`
	Show   paymentsShowCommand   `cmd:"" help:"Show one payment, with all that ops has said about it."`
	Totals paymentsTotalsCommand `cmd:"" help:"Add up what went out and came back, a row a day."`
	Trace  paymentsTraceCommand  `cmd:"" help:"Ask the bank what it knows of a payment. What it says counts as if it had reported it."`
}

// byPayment names a payment.
type byPayment struct {
	ID string `arg:"" name:"id" help:"The payment's id, such as pay_k3v5…"`
}

func (c byPayment) path(rest string) string { return "/v1/payments/" + url.PathEscape(c.ID) + rest }

// payment is a penny payment without its amount.
type payment struct {
	ID               string              `json:"id"`
	RegistrationID   string              `json:"registration_id"`
	AccountID        string              `json:"account_id"`
	BankKey          string              `json:"bank_key"`
	BankAccountLast4 string              `json:"bank_account_last4"`
	State            string              `json:"state"`
	BankState        string              `json:"bank_state"`
	Failure          *string             `json:"failure"`
	AttemptsLeft     int                 `json:"attempts_left"`
	Overdue          bool                `json:"overdue"`
	RequestedAt      time.Time           `json:"requested_at"`
	NotifiedAt       *time.Time          `json:"notified_at"`
	OrderedAt        *time.Time          `json:"ordered_at"`
	AcceptedAt       *time.Time          `json:"accepted_at"`
	SettledAt        *time.Time          `json:"settled_at"`
	ConfirmedAt      *time.Time          `json:"confirmed_at"`
	ReturnedAt       *time.Time          `json:"returned_at"`
	VoidedAt         *time.Time          `json:"voided_at"`
	ExpectedBy       *time.Time          `json:"expected_by"`
	WindowClosesAt   *time.Time          `json:"window_closes_at"`
	Grants           []paymentGrant      `json:"grants"`
	Resolutions      []paymentResolution `json:"resolutions"`
}

type paymentGrant struct {
	RegistrationID string    `json:"registration_id"`
	Reason         *string   `json:"reason"`
	By             string    `json:"by"`
	At             time.Time `json:"at"`
	UsedBy         *string   `json:"used_by"`
}

type paymentResolution struct {
	Outcome string    `json:"outcome"`
	Reason  *string   `json:"reason"`
	By      *string   `json:"by"`
	At      time.Time `json:"at"`
}

func (v payment) standing() string {
	if v.Overdue {
		return v.State + ", overdue"
	}
	return v.State
}

func showPayment(p *page, v payment) {
	p.list(
		pair{"payment", v.ID}, pair{"registration", v.RegistrationID}, pair{"account", v.AccountID}, pair{"bank key", v.BankKey},
		pair{"to", "****" + v.BankAccountLast4}, pair{"state", v.standing()}, pair{"bank says", v.BankState}, pair{"failure", or(v.Failure)},
		pair{"tries left", strconv.Itoa(v.AttemptsLeft)}, pair{"requested", at(v.RequestedAt)}, pair{"announced", atOr(v.NotifiedAt)},
		pair{"ordered", atOr(v.OrderedAt)}, pair{"accepted", atOr(v.AcceptedAt)}, pair{"settled", atOr(v.SettledAt)},
		pair{"confirmed", atOr(v.ConfirmedAt)}, pair{"returned", atOr(v.ReturnedAt)}, pair{"void", atOr(v.VoidedAt)},
		pair{"expected by", atOr(v.ExpectedBy)}, pair{"window closes", atOr(v.WindowClosesAt)},
	)
	if len(v.Grants) > 0 {
		rows := make([][]string, len(v.Grants))
		for i, g := range v.Grants {
			rows[i] = []string{at(g.At), g.By, g.RegistrationID, or(g.UsedBy), or(g.Reason)}
		}
		p.section("granted to its bank account")
		p.table([]string{"AT", "BY", "REGISTRATION", "USED BY", "REASON"}, rows)
	}
	if len(v.Resolutions) > 0 {
		rows := make([][]string, len(v.Resolutions))
		for i, r := range v.Resolutions {
			rows[i] = []string{at(r.At), or(r.By), r.Outcome, or(r.Reason)}
		}
		p.section("resolved by hand")
		p.table([]string{"AT", "BY", "OUTCOME", "REASON"}, rows)
	}
}

type paymentsListCommand struct {
	apiFlags
	pagingFlags
	State        string `enum:",requested,sent,settled,confirmed,failed,returned,void" default:"" placeholder:"STATE" help:"Only those in this state: requested, sent, settled, confirmed, failed, returned or void."`
	Overdue      *bool  `negatable:"" help:"Only those that are overdue, or that are not."`
	Registration string `placeholder:"ID" help:"Only those of this registration."`
	Account      string `placeholder:"ID" help:"Only those of this platform account."`
	Key          string `placeholder:"KEY" help:"Only the one that the bank knows by this key."`
	From         string `placeholder:"DAY" help:"Only those asked for on this day of Asia/Shanghai or later, such as 2026-09-01."`
	To           string `placeholder:"DAY" help:"Only those asked for on this day of Asia/Shanghai or earlier."`
}

// Run lists payments.
func (c *paymentsListCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	path := c.query("/v1/payments", c.Overdue, pair{"state", c.State}, pair{"registration_id", c.Registration}, pair{"account_id", c.Account},
		pair{"key", c.Key}, pair{"from", c.From}, pair{"to", c.To})
	return get(ctx, s, path, func(p *page, l listed[payment]) {
		showList(p, "payments", []string{"ID", "ACCOUNT", "TO", "STATE", "BANK SAYS", "REQUESTED", "BANK KEY"}, l, func(v payment) []string {
			return []string{v.ID, v.AccountID, "****" + v.BankAccountLast4, v.standing(), v.BankState, at(v.RequestedAt), v.BankKey}
		})
	})
}

type paymentsShowCommand struct {
	apiFlags
	byPayment
}

// Run shows a payment.
func (c *paymentsShowCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return get(ctx, s, c.path(""), showPayment)
}

// paymentDay is what was paid in a day.
type paymentDay struct {
	Day       string     `json:"day"`
	Requested int        `json:"requested"`
	Ordered   int        `json:"ordered"`
	Out       paymentSum `json:"out"`
	Back      paymentSum `json:"back"`
}

type paymentSum struct {
	Payments int    `json:"payments"`
	Untold   int    `json:"untold"`
	Amount   string `json:"amount"`
}

// told is an amount, and of how many more it says nothing.
func (v paymentSum) told() string {
	if v.Untold == 0 {
		return v.Amount
	}
	return fmt.Sprintf("%s and %d untold", v.Amount, v.Untold)
}

func (v paymentDay) row(name string) []string {
	return []string{name, strconv.Itoa(v.Requested), strconv.Itoa(v.Ordered), strconv.Itoa(v.Out.Payments), v.Out.told(), strconv.Itoa(v.Back.Payments), v.Back.told()}
}

type paymentTotals struct {
	Days  []paymentDay `json:"days"`
	Total paymentDay   `json:"total"`
}

func showTotals(p *page, v paymentTotals) {
	var rows [][]string
	for _, d := range v.Days {
		rows = append(rows, d.row(d.Day))
	}
	p.table([]string{"DAY", "REQUESTED", "ORDERED", "OUT", "CNY OUT", "BACK", "CNY BACK"}, append(rows, v.Total.row("total")))
}

type paymentsTotalsCommand struct {
	apiFlags
	From string `arg:"" help:"The first day of Asia/Shanghai, such as 2026-09-01."`
	To   string `arg:"" optional:"" help:"The last day, at most 30 days later; left out: the first alone."`
}

// Run adds up payments.
func (c *paymentsTotalsCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	if c.To == "" {
		c.To = c.From
	}
	return get(ctx, s, "/v1/payments/totals?"+url.Values{"from": {c.From}, "to": {c.To}}.Encode(), showTotals)
}

// paymentTrace is what the bank says of a payment now.
type paymentTrace struct {
	State         string    `json:"state"`
	BankReference *string   `json:"bank_reference"`
	CheckedAt     time.Time `json:"checked_at"`
}

func showTrace(p *page, v paymentTrace) {
	says := map[string]string{"unknown": "it has never heard of it", "not_ordered": "it has never heard of it: the payment has not been ordered"}[v.State]
	if says == "" {
		says = v.State
	}
	p.list(pair{"bank says", says}, pair{"bank reference", or(v.BankReference)}, pair{"asked", exactly(v.CheckedAt)})
}

type paymentsTraceCommand struct {
	apiFlags
	byPayment
}

// Run asks the bank about a payment.
func (c *paymentsTraceCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return get(ctx, s, c.path("/trace"), showTrace)
}

type payoutTraceCommand struct {
	apiFlags
	byID
}

// Run asks the bank about a registration's newest payment.
func (c *payoutTraceCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return get(ctx, s, registrationPath(c.ID, "/payout/trace"), showTrace)
}
