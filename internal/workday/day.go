package workday

import (
	"time"
)

// What kind of a day it is.
const (
	Plain        = "working day"
	Weekend      = "weekend"
	Holiday      = "holiday"
	MakeUp       = "make-up working day"
	Compensation = "compensation"
)

// Day is what the calendar makes of a day, and by what law.
type Day struct {
	Date        time.Time // 00:00 in Asia/Shanghai
	Kind        string    // one of the above
	Of          string    // the holiday that it belongs to; empty if it belongs to none, or nobody said
	Source      string    // the notice that states it, or the article of the regulation; of other days nothing but their kind
	Working     bool
	Provisional bool // a notice that may say otherwise is still to come
}

// describe says all there is to say of a day.
func (n notices) describe(d date, loc *time.Location) Day {
	day := Day{Date: d.midnight(loc)}
	day.Working, day.Provisional = n.day(d)
	l, off := n.legal(d)
	said, stated := n.days[d]
	switch {
	case stated:
		day.Kind, day.Of, day.Source = Holiday, said.name, said.source
		if said.working {
			day.Kind = MakeUp
		} else if off && day.Of == "" {
			day.Of = l.name
		}
	case off:
		day.Kind, day.Of, day.Source = Holiday, l.name, l.source()
		if l.compensates {
			day.Kind = Compensation
		}
	case d.weekend():
		day.Kind, day.Source = Weekend, Weekend
	default:
		day.Kind, day.Source = Plain, Plain
	}
	return day
}

// Day says what t's local date is, and by what law.
func (r *Real) Day(t time.Time) Day {
	return r.source.current().describe(dateOf(t.In(r.zone)), r.zone)
}

// Named lists the days of a year that are neither plain weekends nor plain working days, and those of the December before
// it that its notice states.
func (r *Real) Named(year int) []Day {
	n := r.source.current()
	var all []Day
	for d := (date{year - 1, time.December, 31}).plus(1 - reachesBack); d.year <= year; d = d.next() {
		if d.year < year && n.days[d].year != year {
			continue
		}
		if day := n.describe(d, r.zone); day.Kind != Plain && day.Kind != Weekend {
			all = append(all, day)
		}
	}
	return all
}

// Published tells what a year's notice is called; it is empty as long as there is none.
func (r *Real) Published(year int) string { return r.source.current().published[year] }
