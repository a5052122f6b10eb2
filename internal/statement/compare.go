package statement

import (
	"slices"
	"time"

	"shiming/internal/bank"
	"shiming/registration"
)

// atTheEdge is how long before the end of a day a payment may have been taken and still stand on the next day's statement.
const atTheEdge = time.Hour

// Payment is one of ours, as far as a statement says anything about it.
type Payment struct {
	ID             string
	RegistrationID string
	AccountID      string
	Key            string // the order's, which the bank knows it by
	Last4          string // of the account paid to
	AmountFen      *int64 // nil: it was erased, so it is compared with nothing
	// BankState is what the bank has last said, as the payment's row has it: requested, dropped, written_off, sent, settled,
	// failed or returned.
	BankState string
	// Secret says that the applicant has still to enter the amount.
	Secret     bool
	OrderedAt  *time.Time // before the bank was called first
	AcceptedAt *time.Time // when we learned that the bank has taken it
	// ReturnedLate says that it came back after its registration had ended, or had gone on to another payment.
	ReturnedLate bool
	// Seen are its transfers on the statements of all days that were compared, as they were then.
	Seen []Sighting
}

// Sighting is a transfer of a payment of ours on the statement of the first day that has it.
type Sighting struct {
	PaymentID string
	Day       Day
	Reference string // by which the bank names it, as it may stand in a finding; empty if it gives none
}

// out reports whether the money is out by what the bank has said. What came back, or never went, is missed on no statement.
func (p Payment) out() bool {
	return p.BankState == string(bank.TransferSent) || p.BankState == string(bank.TransferSettled)
}

// Statement is what the bank has given of one day.
type Statement struct {
	Entries []bank.StatementEntry
	At      time.Time // when it was asked for
}

// whole reports whether nothing can be added to the statement any more: the day was over when the bank was asked.
func (s Statement) whole(day Day) bool { return !s.At.IsZero() && !s.At.Before(day.End()) }

// Statements are those of some days.
type Statements map[Day]Statement

// Difference is something that statement and payments do not agree on.
type Difference struct {
	Kind      registration.FindingKind
	Subject   string // our payment's id; the bank's key, or its reference, of what is none of ours
	AccountID string // empty if nobody's
	Tried     string // what was seen, in words for ops, without an amount
	// Facts tell this difference from another of the same kind and subject. They hold amounts: they are kept as a keyed
	// fingerprint only.
	Facts string
}

// Comparison is what became of one day.
type Comparison struct {
	Day   Day
	At    time.Time // when the day's statement was asked for
	Whole bool      // the day was over then
	// Entries counts the transfers that the statement of the day is the first to have, Matched those that are a payment of ours.
	Entries, Matched int
	// OutFen sums what went out, in fen, and BackFen what of it came back: of payments of ours whose amount is no secret any
	// more. Withheld counts the others.
	OutFen, BackFen int64
	Withheld        int
	// Waiting counts payments that are on no statement yet and may come to stand on one that the bank is still writing.
	Waiting     int
	Sightings   []Sighting // of payments of ours, on this day
	Differences []Difference
}

// Compare holds the statement of a day against the payments. Statements has those of the neighbouring days too, as far as
// they have begun, and of the days that [Needs] names; payments are all those whose key is on one of them or that the bank
// has taken on that day. Both are read in this order: then a payment that is ordered meanwhile is no difference. What all
// other days have of a payment is what was seen when they were compared.
func Compare(day Day, statements Statements, payments []Payment) Comparison {
	c := comparing{
		Comparison: Comparison{Day: day, At: statements[day].At, Whole: statements[day].whole(day)},
		statements: statements, payments: payments, lines: linesOf(statements),
	}
	for _, l := range c.lines {
		if l.day != day {
			continue
		}
		c.Entries++
		if p := c.payment(l.Key); p != nil {
			c.ours(l, *p)
		} else {
			c.nobodys(l)
		}
	}
	for _, p := range payments {
		c.doubled(p)
		c.missed(p)
	}
	slices.SortFunc(c.Differences, Difference.compare)
	return c.Comparison
}

// Stale returns the payments whose state a transfer on the statement of the day has otherwise: the bank is to be asked for
// its word of now, by the key, before that is a difference.
func Stale(day Day, statements Statements, payments []Payment) []Payment {
	lines := linesOf(statements)
	var stale []Payment
	for _, p := range payments {
		if slices.ContainsFunc(lines, func(l line) bool { return l.day == day && l.Key == p.Key && string(l.State) != p.BankState }) {
			stale = append(stale, p)
		}
	}
	return stale
}

// Needs returns the days beside day on whose statements the day's payments may stand: a payment whose answer was lost may
// have been taken up to [Lookback] days before we learned of it.
func Needs(day Day, payments []Payment) []Day {
	first, last := day.Add(-1), day.Add(1)
	for _, p := range payments {
		if p.OrderedAt != nil && p.AcceptedAt != nil && DayOf(*p.AcceptedAt) == day {
			first = min(first, max(DayOf(*p.OrderedAt).Add(-1), day.Add(-Lookback)))
		}
	}
	var days []Day
	for d := first; d <= last; d = d.Add(1) {
		if d != day {
			days = append(days, d)
		}
	}
	return days
}
