package workday

import "time"

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

func (d date) next() date { return dateOf(d.midnight(time.UTC).AddDate(0, 0, 1)) }

// midnight is 00:00 of the day, in loc.
func (d date) midnight(loc *time.Location) time.Time {
	return time.Date(d.year, d.month, d.day, 0, 0, 0, 0, loc)
}

func (d date) weekend() bool {
	wd := d.midnight(time.UTC).Weekday()
	return wd == time.Saturday || wd == time.Sunday
}

// fixedHoliday tells the public holidays of fixed date (全国年节及纪念日放假办法, article 2, as in force since 2025):
// 1 January, 1 and 2 May, 1 to 3 October. Those of the lunar calendar are left to the year's notice.
func (d date) fixedHoliday() bool {
	return d.month == time.January && d.day == 1 ||
		d.month == time.May && d.day <= 2 ||
		d.month == time.October && d.day <= 3
}
