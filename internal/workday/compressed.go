package workday

import (
	"fmt"
	"time"
)

// Compressed is a calendar whose days last a moment. Days begin at its epoch and every day's length from there, before
// it too. Every day is a working day, nothing is ever provisional, and half a year has 183 days. Times of day, minutes
// and hours are not its business: they stay real.
type Compressed struct {
	day   time.Duration
	epoch time.Time
	zone  *time.Location
}

// NewCompressed makes a calendar whose days last day and begin at epoch. It panics unless day is positive: a calendar
// without length would answer every question with the same moment. Parse checks what an operator writes.
func NewCompressed(day time.Duration, epoch time.Time) *Compressed {
	if day <= 0 {
		panic("workday: a compressed day must last some time")
	}
	loc, err := zone()
	if err != nil {
		loc = time.UTC // only how times print: no answer depends on it
	}
	return &Compressed{day: day, epoch: epoch.In(loc), zone: loc} // In drops the monotonic reading, which other processes lack
}

// WorkingDays implements Calendar: the end of the nth day after the one that from lies in.
func (c *Compressed) WorkingDays(from time.Time, n int) Deadline {
	day := c.index(from) + int64(max(n, 0))
	return Deadline{At: c.start(day + 1)}
}

// Days implements Calendar, in days of this calendar.
func (c *Compressed) Days(from time.Time, n int) time.Time {
	return from.In(c.zone).Add(time.Duration(n) * c.day)
}

// Months implements Calendar. A month has 30.5 days, an odd number of months rounded away from zero, so that six
// months are 183 days and going back ends where one came from.
func (c *Compressed) Months(from time.Time, n int) time.Time {
	const twoMonths = 61
	days := (n*twoMonths + 1) / 2
	if n < 0 {
		days = (n*twoMonths - 1) / 2
	}
	return c.Days(from, days)
}

// IsWorkingDay implements Calendar: every day is, for certain.
func (*Compressed) IsWorkingDay(time.Time) (working, provisional bool) { return true, false }

// Edition implements Calendar: there is one of each setting, and it never changes.
func (c *Compressed) Edition() Edition { return Edition{Version: c.String(), Words: c.String()} }

// String is the setting that makes this calendar.
func (c *Compressed) String() string {
	return fmt.Sprintf("%s:%s@%s", settingCompressed, c.day, c.epoch.UTC().Format(time.RFC3339Nano))
}

// index counts the day that t lies in from the epoch's; a day holds its first moment and not its last.
func (c *Compressed) index(t time.Time) int64 {
	since := t.Sub(c.epoch)
	i := int64(since / c.day)
	if since%c.day < 0 {
		i--
	}
	return i
}

func (c *Compressed) start(day int64) time.Time { return c.epoch.Add(time.Duration(day) * c.day) }
