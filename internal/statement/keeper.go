package statement

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"shiming/internal/bank"
	"shiming/internal/rounds"
	"shiming/registration"
)

const (
	// Lookback is for how many days after its own a day is compared again, for money that comes back. Banks return a
	// transfer within some working days; the longest holidays and a slow branch fit into thirty days, which is also for how
	// long a bank account's payments are counted.
	Lookback = 30
	// Every is how often the job looks whether a day is due, and so how long ops waits for one that it asks for.
	Every = 3 * time.Second

	lease  = "statement"
	leased = 5 * time.Minute // longer than the comparison of one day takes; renewed with each

	openAgain    = time.Hour   // between two looks at a day with open differences
	firstPause   = time.Minute // after the bank gave no statement; doubles up to longestPause
	longestPause = time.Hour
)

// Book is the database's part.
type Book interface {
	Lease(ctx context.Context, name, holder string, within time.Duration) (bool, error)
	IsHeld(ctx context.Context) (bool, error)
	// StatementDaysDue lists the days to compare now, those longest due first; from first on it makes those that are over known.
	// A day is due when its time has come, or when money of it has come back since it was compared.
	StatementDaysDue(ctx context.Context, first, last Day) ([]Day, error)
	// StatedPayments reads the payments that have one of the keys, or that the bank has taken on the day, with where each was seen.
	StatedPayments(ctx context.Context, day Day, keys []string) ([]Payment, error)
	OrderAnswered(ctx context.Context, paymentID, kind, reason string) error
	// SaveComparison keeps what became of a day: where payments were seen, findings opened and resolved, and when to look next,
	// which is again if differences of it are open that are not all of strangers, else later; a zero later is never.
	SaveComparison(ctx context.Context, c Comparison, again, later time.Time) (open int, err error)
	// NoStatement notes that the bank gave none, and makes a finding of it once that has gone on for a day after the day's end.
	NoStatement(ctx context.Context, day Day, why string, pause func(attempts int) time.Duration) error
}

// Bank is the bank's part.
type Bank interface {
	Statement(ctx context.Context, day time.Time) ([]bank.StatementEntry, error)
	FindTransfer(ctx context.Context, key string) (status bank.TransferStatus, found bool, err error)
}

// Keeper is the job, of one worker.
type Keeper struct {
	Book   Book
	Bank   Bank
	Every  time.Duration
	Now    func() time.Time
	Log    *slog.Logger
	holder string
}

// Run compares days until ctx ends. Trouble is logged and met again in a later round.
func (k *Keeper) Run(ctx context.Context) {
	rounds.Every(ctx, k.Every, k.Log, "statement: a round met trouble; a later one goes on", k.Round)
}

// Round compares every day that is due, if no other process does, and the database is not held after a restore. It ends at
// the first day that the bank has no statement of: the others will fare no better.
func (k *Keeper) Round(ctx context.Context) error {
	if k.holder == "" {
		k.holder = registration.NewID("stm")
	}
	if mine, err := k.mine(ctx); err != nil || !mine {
		return err
	}
	today := DayOf(k.Now())
	days, err := k.Book.StatementDaysDue(ctx, today.Add(-Lookback), today.Add(-1))
	if err != nil {
		return err
	}
	had := Statements{}
	for _, day := range days {
		if mine, err := k.mine(ctx); err != nil || !mine {
			return err
		}
		if err := k.compare(ctx, day, had); err != nil {
			if ctx.Err() != nil { // told to stop, which is nobody's fault
				return ctx.Err()
			}
			return errors.Join(fmt.Errorf("statement of %s: %w", day, err), k.Book.NoStatement(ctx, day, why(err), pause))
		}
	}
	return nil
}

// mine reports whether this process is to compare the next day.
func (k *Keeper) mine(ctx context.Context) (bool, error) {
	if first, err := k.Book.Lease(ctx, lease, k.holder, leased); err != nil || !first {
		return false, err
	}
	held, err := k.Book.IsHeld(ctx)
	return !held, err
}

// why is what a row keeps of trouble: the adapter's errors give nobody's data away, others are not the bank's.
func why(err error) string {
	if errors.Is(err, bank.ErrUnavailable) || errors.Is(err, bank.ErrUnknown) {
		return err.Error()
	}
	return "the comparison failed; see the worker's log"
}

// pause is how long to wait after the nth try in a row that brought no statement.
func pause(n int) time.Duration {
	wait := firstPause
	for ; n > 1 && wait < longestPause; n-- {
		wait *= 2
	}
	return min(wait, longestPause)
}

// compare compares one day. had keeps the statements of this round, for the days around.
func (k *Keeper) compare(ctx context.Context, day Day, had Statements) error {
	around := Statements{}
	if err := k.take(ctx, around, had, day, day.Add(-1), day.Add(1)); err != nil {
		return err
	}
	payments, err := k.Book.StatedPayments(ctx, day, keysOf(around))
	if err != nil {
		return err
	}
	// What an order's lost answer leads back to.
	before := len(around)
	if err := k.take(ctx, around, had, Needs(day, payments)...); err != nil {
		return err
	}
	asked, err := k.ask(ctx, around, Stale(day, around, payments), day)
	if err != nil {
		return err
	}
	if asked || len(around) > before {
		if payments, err = k.Book.StatedPayments(ctx, day, keysOf(around)); err != nil {
			return err
		}
	}
	return k.save(ctx, Compare(day, around, payments))
}

func (k *Keeper) save(ctx context.Context, c Comparison) error {
	now := k.Now()
	again, later := now.Add(openAgain), DayOf(now).Closed()
	switch {
	case !c.Whole:
		again, later = c.Day.Closed(), c.Day.Closed()
	case c.Waiting > 0:
		later = again
	case DayOf(now).Add(-Lookback) >= c.Day:
		later = time.Time{}
	}
	open, err := k.Book.SaveComparison(ctx, c, again, later)
	if err == nil && open > 0 {
		k.Log.Warn("statement: the bank's statement and the payments differ", "day", c.Day, "differences", open)
	}
	return err
}

// take adds the statements of days to those at hand. One that has not begun has none.
func (k *Keeper) take(ctx context.Context, to, had Statements, days ...Day) error {
	for _, day := range days {
		if k.Now().Before(day.Start()) {
			continue
		}
		if _, there := had[day]; !there {
			at := k.Now()
			entries, err := k.Bank.Statement(ctx, day.Start())
			if err != nil {
				return err
			}
			had[day] = Statement{Entries: entries, At: at}
		}
		to[day] = had[day]
	}
	return nil
}

// ask has the bank say by the key where each of the payments stands now. What it says and we did not know is taken as a
// report of its is; the statement's state is replaced by it.
func (k *Keeper) ask(ctx context.Context, around Statements, stale []Payment, day Day) (asked bool, err error) {
	entries := slices.Clone(around[day].Entries)
	for _, p := range stale {
		status, found, err := k.Bank.FindTransfer(ctx, p.Key)
		if err != nil {
			return false, err
		}
		if !found { // then the statement's word is all there is
			continue
		}
		if err := k.Book.OrderAnswered(ctx, p.ID, status.State.Report(), string(status.Reason)); err != nil {
			return false, err
		}
		for i := range entries {
			// A transfer on the statement that the bank says it refused is a contradiction of its own, and stays one.
			if entries[i].Key == p.Key && status.State != bank.TransferFailed {
				entries[i].State = status.State
			}
		}
	}
	around[day] = Statement{Entries: entries, At: around[day].At}
	return len(stale) > 0, nil
}

func keysOf(statements Statements) []string {
	keys := []string{}
	for _, s := range statements {
		for _, e := range s.Entries {
			if e.Key != "" {
				keys = append(keys, e.Key)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
