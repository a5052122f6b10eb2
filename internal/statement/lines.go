package statement

import (
	"cmp"
	"maps"
	"slices"

	"shiming/internal/bank"
)

// line is one transfer with the day whose statement is the first to have it.
type line struct {
	bank.StatementEntry
	day Day
}

// linesOf returns the transfers of all statements, by day and then in the bank's order. What two days' statements both
// have, by reference and time, is one transfer; what one statement has twice is two.
func linesOf(statements Statements) []line {
	var lines []line
	for _, day := range slices.Sorted(maps.Keys(statements)) {
		before := len(lines)
		for _, e := range statements[day].Entries {
			if !slices.ContainsFunc(lines[:before], func(l line) bool { return l.sameAs(e) }) {
				lines = append(lines, line{e, day})
			}
		}
	}
	return lines
}

// sameAs reports whether an entry of another day's statement is this transfer.
func (l line) sameAs(e bank.StatementEntry) bool {
	return l.Key == e.Key && l.Reference == e.Reference && l.At.Equal(e.At) && l.AmountFen == e.AmountFen && l.AccountLast4 == e.AccountLast4
}

// sighting is the transfer as one of a payment of ours.
func (l line) sighting(p Payment) Sighting {
	s := Sighting{PaymentID: p.ID, Day: l.day}
	if l.Reference != "" {
		s.Reference = named(l.Reference)
	}
	return s
}

// compare orders differences, so that the same ones come in the same order.
func (d Difference) compare(other Difference) int {
	return cmp.Or(cmp.Compare(d.Kind, other.Kind), cmp.Compare(d.Subject, other.Subject), cmp.Compare(d.Facts, other.Facts))
}
