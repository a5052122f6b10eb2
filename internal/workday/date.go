package workday

import (
	"cmp"
	"fmt"
	"time"
)

// date is a day of the calendar, of no zone.
type date struct {
	year  int
	month time.Month
	day   int
}

func dateOf(t time.Time) date {
	y, m, d := t.Date()
	return date{y, m, d}
}

func (d date) next() date { return d.plus(1) }

func (d date) previous() date { return d.plus(-1) }

func (d date) plus(days int) date { return dateOf(d.midnight(time.UTC).AddDate(0, 0, days)) }

func (d date) compare(other date) int {
	return cmp.Or(cmp.Compare(d.year, other.year), cmp.Compare(d.month, other.month), cmp.Compare(d.day, other.day))
}

// midnight is 00:00 of the day, in loc.
func (d date) midnight(loc *time.Location) time.Time {
	return time.Date(d.year, d.month, d.day, 0, 0, 0, 0, loc)
}

func (d date) weekend() bool {
	wd := d.midnight(time.UTC).Weekday()
	return wd == time.Saturday || wd == time.Sunday
}

// String is like 2027-01-31.
func (d date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.year, d.month, d.day) }

// reachesBack is how many of a year's last days the next year's notice may arrange: 25 to 31 December. New Year's Day can
// be joined to the weekend before it, and a day of that weekend be worked for it; seven days hold one whole weekend
// whatever the year. The notices have never reached further back than 29 December (2001, 2007, 2018).
const reachesBack = 7

// governors are the years whose notices may say what the day is: its own, and at its end the next.
func (d date) governors() []int {
	if d.month == time.December && d.day > 31-reachesBack {
		return []int{d.year, d.year + 1}
	}
	return []int{d.year}
}
