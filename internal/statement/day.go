package statement

import (
	"fmt"
	"time"

	"shiming/internal/workday"
)

// Day is a day of Asia/Shanghai, written as 2026-11-27. Days compare as their strings do.
type Day string

// DayOf is the day that a moment falls into.
func DayOf(t time.Time) Day { return Day(t.In(workday.Shanghai()).Format(time.DateOnly)) }

// ParseDay reads a day; anything but a date of four, two and two digits is an error.
func ParseDay(s string) (Day, error) {
	if _, err := time.ParseInLocation(time.DateOnly, s, workday.Shanghai()); err != nil {
		return "", fmt.Errorf("statement: %q is no day such as 2026-11-27", s)
	}
	return Day(s), nil
}

// Start is 00:00 of the day. A Day that no function here has made may have none: then it is the zero time.
func (d Day) Start() time.Time {
	start, err := time.ParseInLocation(time.DateOnly, string(d), workday.Shanghai())
	if err != nil {
		return time.Time{}
	}
	return start
}

// End is 24:00 of the day.
func (d Day) End() time.Time { return d.Start().AddDate(0, 0, 1) }

// AfterMidnight is what the bank is given to close a day.
const AfterMidnight = 10 * time.Minute

// Closed is when the bank should have closed the day.
func (d Day) Closed() time.Time { return d.End().Add(AfterMidnight) }

// Add is the day n days later, or earlier if n is negative.
func (d Day) Add(n int) Day { return Day(d.Start().AddDate(0, 0, n).Format(time.DateOnly)) }
