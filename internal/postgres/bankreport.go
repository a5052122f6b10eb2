package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"shiming/internal/notice"
	"shiming/registration"
)

// said is what a bank's report says of a payment: sent, settled, failed or returned.
func said(report string) string { return strings.TrimPrefix(report, "transfer.") }

// tellOpsOfReturn tells ops, once, that money came back when nothing can be done about it in the registration.
func (c *regChange) tellOpsOfReturn(ctx context.Context, p *payment) error {
	if p.State != registration.PayoutReturned {
		return nil
	}
	if told, err := c.returnTold(ctx, p); told || err != nil {
		return err
	}
	if err := c.note(ctx, "payout_returned", string(registration.ByBank)); err != nil {
		return err
	}
	if err := c.emit(ctx, "payout.returned"); err != nil {
		return err
	}
	return c.tell(ctx, notice.PayoutReturned, "payout_returned/"+p.ID, notice.Data{BankAccountLast4: p.BankLast4})
}

// returnTold reports whether a payment's return has been answered: the applicant was asked for another account because of
// it, or ops was told.
func (c *regChange) returnTold(ctx context.Context, p *payment) (told bool, err error) {
	err = c.tx.QueryRow(ctx, `select exists (select from notices where event_key in ('payment_returned/' || $1, 'payout_returned/' || $1))`, p.ID).Scan(&told)
	return told, err
}

// tellOpsOfUnheard tells ops, at the registration's end, of money that has come back and that the run has not heard of yet.
func (c *regChange) tellOpsOfUnheard(ctx context.Context) error {
	if !c.anyReturned {
		return nil
	}
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

func (c *regChange) endedReturn(ctx context.Context, p *payment) error {
	before := c.rec.Sequence
	if err := c.tellOpsOfReturn(ctx, p); err != nil {
		return err
	}
	return c.rec.save(ctx, c.tx, before, nil)
}
