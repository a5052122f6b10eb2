package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/internal/workday"
)

// PaymentDay is what was paid on a day of Asia/Shanghai.
type PaymentDay struct {
	Day       time.Time // 00:00 in Asia/Shanghai
	Requested int       // payments asked for
	Ordered   int       // of which the bank was first called
	Out       PaymentSum
	Back      PaymentSum
}

// PaymentSum adds up payments without telling what anybody may still have to enter: the amount of a payment that is open is left
// out of the sum, and so is one that was erased.
type PaymentSum struct {
	Payments int   // how many
	Untold   int   // of these, those that are not in the sum
	Fen      int64 // 1 CNY = 100 fen
}

func (p *PaymentSum) add(fen int64, told bool) {
	p.Payments++
	if !told {
		p.Untold++
		return
	}
	p.Fen += fen
}

// Add puts another day's payments to these.
func (d *PaymentDay) Add(other PaymentDay) {
	d.Requested, d.Ordered = d.Requested+other.Requested, d.Ordered+other.Ordered
	d.Out.join(other.Out)
	d.Back.join(other.Back)
}

func (p *PaymentSum) join(other PaymentSum) {
	p.Payments, p.Untold, p.Fen = p.Payments+other.Payments, p.Untold+other.Untold, p.Fen+other.Fen
}

// PaymentDays adds up what went out and came back from one day to another, both included, a row a day, the earliest first. Out are
// payments that the bank has accepted, on the day it did; back those that were returned, on the day that became known.
func (s *Store) PaymentDays(ctx context.Context, from, to time.Time) ([]PaymentDay, error) {
	first, end := midnight(from), midnight(to).AddDate(0, 0, 1)
	days := []PaymentDay{}
	index := map[time.Time]int{}
	for day := first; day.Before(end); day = day.AddDate(0, 0, 1) {
		index[day] = len(days)
		days = append(days, PaymentDay{Day: day})
	}
	at := func(t time.Time) *PaymentDay { return &days[index[midnight(t)]] }
	err := s.inSnapshot(ctx, func(q querier) error {
		for column, count := range map[string]func(*PaymentDay) *int{
			"requested_at": func(d *PaymentDay) *int { return &d.Requested }, "ordered_at": func(d *PaymentDay) *int { return &d.Ordered },
		} {
			if err := eachTime(ctx, q, column, first, end, func(t time.Time) { *count(at(t))++ }); err != nil {
				return err
			}
		}
		if err := s.eachAmount(ctx, q, "accepted_at", first, end, func(t time.Time, fen int64, told bool) { at(t).Out.add(fen, told) }); err != nil {
			return err
		}
		return s.eachAmount(ctx, q, "returned_at", first, end, func(t time.Time, fen int64, told bool) { at(t).Back.add(fen, told) })
	})
	return days, err
}

// midnight is when the day of Asia/Shanghai began that a moment falls into.
func midnight(t time.Time) time.Time {
	t = t.In(workday.Shanghai())
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, workday.Shanghai())
}

// eachTime reads the times in a column that fall between two moments, the second not included.
func eachTime(ctx context.Context, q querier, column string, first, end time.Time, do func(time.Time)) error {
	rows, err := q.Query(ctx, `select `+column+` from payments where `+column+` >= $1 and `+column+` < $2`, first, end)
	if err != nil {
		return err
	}
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&at}, func() error {
		do(at)
		return nil
	})
	return err
}

// eachAmount opens the amounts of payments whose time in a column falls between two moments, the second not included. It tells none
// that somebody may still have to enter.
func (s *Store) eachAmount(ctx context.Context, q querier, column string, first, end time.Time, do func(at time.Time, fen int64, told bool)) error {
	rows, err := q.Query(ctx, `select p.id, p.registration_id, p.amount, p.state, p.`+column+`, k.wrapped
		from payments p join vault_keys k on k.subject = p.registration_id where p.`+column+` >= $1 and p.`+column+` < $2`, first, end)
	if err != nil {
		return err
	}
	var p payment
	var at time.Time
	var wrapped []byte
	_, err = pgx.ForEachRow(rows, []any{&p.ID, &p.RegistrationID, &p.Amount, &p.State, &at, &wrapped}, func() error {
		if p.open() || wrapped == nil {
			do(at, 0, false)
			return nil
		}
		var amount dossier.Amount
		if err := s.unsealWith(wrapped, p.amountPlace(), p.Amount, &amount); err != nil {
			return err
		}
		do(at, amount.Fen, true)
		return nil
	})
	return err
}
