package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/notice"
	"shiming/registration"
)

// What we say of a payment that the bank has not answered. Either stands only until it does.
const (
	bankDropped    = "dropped"     // it had never heard of it when it was asked, and it was not sent
	bankWrittenOff = "written_off" // ops called it failed
)

// stage orders what can be said of a payment; a later stage wins (docs: penny-payment rules).
var stage = map[string]int{"requested": 0, bankWrittenOff: 1, bankDropped: 1, "sent": 2, "settled": 3, "failed": 4, "returned": 4}

// answered reports whether the bank has ever said anything of the payment.
func (p *payment) answered() bool { return stage[p.BankState] >= stage["sent"] }

// resolve applies ops' word as if it were the bank's, but for a failure of what the bank never answered.
func (p *payment) resolve(kind, reason string, at time.Time) (news bool) {
	answered := p.answered()
	news = p.report(kind, reason, at)
	if p.BankState == "failed" && !answered {
		p.BankState = bankWrittenOff
	}
	return news
}

// report applies what the bank says and reports whether it says anything new. Failed after sent counts as returned.
func (p *payment) report(kind, reason string, at time.Time) bool {
	said := map[string]string{
		"transfer.sent": "sent", "transfer.settled": "settled", "transfer.failed": "failed", "transfer.returned": "returned",
	}[kind]
	if said == "failed" && (p.BankState == "sent" || p.BankState == "settled") {
		said = "returned"
	}
	if stage[said] <= stage[p.BankState] {
		return false
	}
	p.BankState = said
	switch said {
	case "failed", "returned":
		p.wentWrong(said, reason, at)
	default:
		p.accepted(at)
		if said == "settled" {
			p.SettledAt, p.Overdue = &at, false
		}
		if p.open() {
			p.State = registration.PayoutState(said)
		}
	}
	return true
}

// accepted notes that the bank has taken the payment: from here on it counts.
func (p *payment) accepted(at time.Time) {
	if p.AcceptedAt == nil && p.OrderedAt != nil {
		p.AcceptedAt = &at
	}
}

func (p *payment) wentWrong(said, reason string, at time.Time) {
	p.Failure, p.Overdue, p.RemindAt = new(failureOf(reason)), false, nil
	p.State = registration.PayoutFailed
	if said == "returned" {
		p.accepted(at)
		p.State, p.ReturnedAt = registration.PayoutReturned, &at
	}
}

// failureOf maps the bank's reason to a code of ours; its own words go no further.
func failureOf(reason string) string {
	switch reason {
	case "account_not_found", "account_name_mismatch", "bank_not_found", "account_closed":
		return reason
	}
	return "other"
}

// tellOpsOfReturn tells ops, once, that money came back when nothing can be done about it in the registration.
func (c *change) tellOpsOfReturn(ctx context.Context, p *payment) error {
	if p.State != registration.PayoutReturned {
		return nil
	}
	if told, err := c.returnTold(ctx, p); told || err != nil {
		return err
	}
	if err := seen(ctx, c.tx, c.rec, "payout_returned", string(registration.ByBank), c.at); err != nil {
		return err
	}
	if err := c.emit(ctx, "payout.returned"); err != nil {
		return err
	}
	return c.tell(ctx, notice.PayoutReturned, "payout_returned/"+p.ID, notice.Data{BankAccountLast4: p.BankLast4})
}

// returnTold reports whether a payment's return has been answered: the applicant was asked for another account because of
// it, or ops was told.
func (c *change) returnTold(ctx context.Context, p *payment) (told bool, err error) {
	err = c.tx.QueryRow(ctx, `select exists (select from notices where event_key in ('payment_returned/' || $1, 'payout_returned/' || $1))`, p.ID).Scan(&told)
	return told, err
}

// tellOpsOfUnheard tells ops, at the registration's end, of money that has come back and that the run has not heard of yet.
func (c *change) tellOpsOfUnheard(ctx context.Context) error {
	rows, err := c.tx.Query(ctx, `select `+paymentColumns+` from payments where registration_id = $1 and state = 'returned'`, c.rec.ID)
	if err != nil {
		return err
	}
	returned, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[payment])
	if err != nil {
		return err
	}
	for _, p := range returned {
		if err := c.tellOpsOfReturn(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (c *change) endedReturn(ctx context.Context, p *payment) error {
	before := c.rec.Sequence
	if err := c.tellOpsOfReturn(ctx, p); err != nil {
		return err
	}
	return c.rec.save(ctx, c.tx, before)
}
