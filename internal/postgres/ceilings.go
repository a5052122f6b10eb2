package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/notice"
	"shiming/registration"
)

// Spending is a kind of what costs money.
type Spending string

// The kinds, also the subjects of findings about them.
const (
	SpendPayments Spending = "payments" // by the day in which they were asked for
	SpendSMS      Spending = "sms"      // ours: the bank's codes are bounded by account and phone
	SpendMails    Spending = "mails"    // to applicants: what tells reviewers and ops must get through
)

// Spent is how much of a day's ceiling is used.
type Spent struct {
	Kind          Spending
	Used, Ceiling int64
}

// CeilingError says that all that may be spent of a kind was spent, until the day ends.
type CeilingError struct {
	Kind  Spending
	Until time.Time
}

func (e *CeilingError) Error() string {
	return fmt.Sprintf("postgres: the day's ceiling of %s is met", e.Kind)
}

// WithCeilings returns the same store with other ceilings; what they leave out stays as it was.
func (s *Store) WithCeilings(c registration.Ceilings) *Store {
	other := *s
	other.ceilings = c.Or(s.ceilings)
	return &other
}

func (s *Store) ceilingOf(kind Spending) (ceiling int64, setting string) {
	switch kind {
	case SpendPayments:
		return int64(s.ceilings.Payments), "PAYMENTS_PER_DAY"
	case SpendSMS:
		return int64(s.ceilings.SMS), "SMS_PER_DAY"
	}
	return int64(s.ceilings.Mails), "MAILS_PER_DAY"
}

// dayEnds is 24:00 of a moment's day, which names the day.
func (s *Store) dayEnds(at time.Time) time.Time { return s.cal.WorkingDays(at, 0).At }

// SpentToday is what was spent of today, and when it ends.
func (s *Store) SpentToday(ctx context.Context) (all []Spent, ends time.Time, err error) {
	ends = s.dayEnds(s.now())
	for _, kind := range []Spending{SpendPayments, SpendSMS, SpendMails} {
		used, err := s.used(ctx, s.pool, kind, ends)
		if err != nil {
			return nil, ends, err
		}
		ceiling, _ := s.ceilingOf(kind)
		all = append(all, Spent{Kind: kind, Used: used, Ceiling: ceiling})
	}
	return all, ends, nil
}

func (s *Store) used(ctx context.Context, q querier, kind Spending, ends time.Time) (used int64, err error) {
	err = q.QueryRow(ctx, `select coalesce((select used from spending where kind = $1 and day_ends = $2), 0)`, kind, ends).Scan(&used)
	return used, err
}

// spend uses one of what a day has; the row of the day is locked to the end of the transaction, so that no two take the last.
// It returns a [*CeilingError] if nothing is left, and what ops is told of it must be committed all the same.
func (s *Store) spend(ctx context.Context, tx pgx.Tx, kind Spending, at time.Time) error {
	ends := s.dayEnds(at)
	ceiling, _ := s.ceilingOf(kind)
	const told = `used, high_at is not null, ceiling_at is not null`
	var day spentDay
	err := tx.QueryRow(ctx, `insert into spending (kind, day_ends, used) values ($1, $2, 1) on conflict (kind, day_ends)
		do update set used = spending.used + 1 where spending.used < $3 returning `+told, kind, ends, ceiling).Scan(&day.used, &day.toldHigh, &day.toldCeiling)
	met := errors.Is(err, pgx.ErrNoRows)
	if met {
		err = tx.QueryRow(ctx, `select `+told+` from spending where kind = $1 and day_ends = $2 for update`, kind, ends).
			Scan(&day.used, &day.toldHigh, &day.toldCeiling)
	}
	if err != nil {
		return err
	}
	if err := s.warn(ctx, tx, kind, ends, day, at); err != nil {
		return err
	}
	if met {
		return &CeilingError{Kind: kind, Until: ends}
	}
	return nil
}

// spentDay is a day's row, locked.
type spentDay struct {
	used                  int64
	toldHigh, toldCeiling bool
}

// warn tells ops, once a day each, that four fifths of a ceiling are used, and that all is.
func (s *Store) warn(ctx context.Context, tx pgx.Tx, kind Spending, ends time.Time, day spentDay, at time.Time) error {
	ceiling, setting := s.ceilingOf(kind)
	finding, column := registration.FindingSpendingHigh, "high_at"
	switch {
	case day.used >= ceiling && !day.toldCeiling:
		finding, column = registration.FindingSpendingCeiling, "ceiling_at"
	case day.used >= ceiling, day.used*5 < ceiling*4, day.toldHigh:
		return nil
	}
	if _, err := tx.Exec(ctx, `update spending set `+column+` = $3 where kind = $1 and day_ends = $2`, kind, ends, at); err != nil {
		return err
	}
	return s.alarm(ctx, tx, finding, string(kind), fmt.Sprintf("%d of %d %s (%s) of the day that ends %s", day.used, ceiling, kind, setting, ends.Format(time.RFC3339)))
}

// giveBack undoes a spend that came to nothing.
func (s *Store) giveBack(ctx context.Context, q querier, kind Spending, at time.Time) error {
	_, err := q.Exec(ctx, `update spending set used = used - 1 where kind = $1 and day_ends = $2 and used > 0`, kind, s.dayEnds(at))
	return err
}

// costs is what sending a notice spends; nothing, if it is for the house, which must hear of what goes wrong.
func costs(channel notice.Channel, recipient string) (kind Spending, any bool) {
	switch {
	case recipient == "reviewers" || recipient == "ops":
		return "", false
	case channel == notice.SMS:
		return SpendSMS, true
	}
	return SpendMails, true
}

// keepSpending is how long it is kept what was spent of a day.
const keepSpending = 30

// PruneSpending forgets days that were over long ago.
func (s *Store) PruneSpending(ctx context.Context) error {
	_, err := s.pool.Exec(ctx, `delete from spending where day_ends < $1`, s.cal.Days(s.now(), -keepSpending))
	return err
}

// ceilingRefusal is what a payment over the ceiling is answered.
func ceilingRefusal(err error) (*registration.Refusal, error) {
	if met, ok := errors.AsType[*CeilingError](err); ok {
		return registration.Refuse(registration.CodeSpendingPaused).Until(met.Until), nil
	}
	return nil, err
}
