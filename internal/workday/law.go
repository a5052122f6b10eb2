package workday

import (
	"slices"
	"sync"
	"time"

	"github.com/6tail/lunar-go/calendar"
)

// The regulation that the yearly notices arrange: 全国年节及纪念日放假办法, as revised on 10 November 2024.
const (
	lawHolidays     = "《全国年节及纪念日放假办法》（2024年修订）第二条" // the holidays of all citizens
	lawCompensation = "《全国年节及纪念日放假办法》（2024年修订）第六条" // one on a Saturday or Sunday is made up for on a working day
	lawSince        = 2025                         // in force since its first day
)

// Holidays by the names that the notices give them.
const (
	newYear        = "元旦"
	springFestival = "春节"
	qingming       = "清明节"
	labourDay      = "劳动节"
	duanwu         = "端午节"
	midAutumn      = "中秋节"
	nationalDay    = "国庆节"
)

// legal is a day that the regulation gives off.
type legal struct {
	name        string // of the holiday
	compensates bool   // it is off in place of the holiday, by article 6
}

// source is the article by which the day is off.
func (l legal) source() string {
	if l.compensates {
		return lawCompensation
	}
	return lawHolidays
}

// law gives the days off of a year by the regulation alone, computed once: what holds as long as no notice has
// arranged the year. It is safe for use by many goroutines.
func law(year int) map[date]legal {
	once, _ := laws.LoadOrStore(year, sync.OnceValue(func() map[date]legal { return computeLaw(year) }))
	return once.(func() map[date]legal)() //nolint:forcetypeassert // nothing else is stored
}

var laws sync.Map // year to func() map[date]legal

// computeLaw applies articles 2 and 6. Article 6 says that a holiday on a Saturday or Sunday is made up for on a working
// day, and leaves open on which: here it is the next one that is off for nothing else. Two holidays on one day are made up
// for likewise. Nothing in the regulation says so, but its thirteen days are counted, and so the notices do: in 2009 and in
// 2020 Mid-Autumn fell on National Day's days, and the year had as many days off as any.
func computeLaw(year int) map[date]legal {
	off := map[date]legal{}
	type debt struct {
		on   date
		name string
	}
	var owed []debt
	for _, h := range holidays(year) {
		before, taken := off[h.on]
		if h.on.weekend() || taken {
			owed = append(owed, debt(h))
		}
		if taken && before.name != h.name {
			h.name = before.name + "、" + h.name
		}
		off[h.on] = legal{name: h.name}
	}
	slices.SortStableFunc(owed, func(a, b debt) int { return a.on.compare(b.on) })
	for _, o := range owed {
		day := o.on.next()
		for _, taken := off[day]; taken || day.weekend(); _, taken = off[day] {
			day = day.next()
		}
		off[day] = legal{name: o.name, compensates: true}
	}
	return off
}

// holiday is one day of article 2.
type holiday struct {
	on   date
	name string
}

// holidays are the thirteen days of article 2. Those of the lunar calendar are in its ordinary months: a leap month that
// follows the fifth or the eighth has no festival of its own.
func holidays(year int) []holiday {
	all := []holiday{{date{year, time.January, 1}, newYear}}
	first := lunar(year, 1, 1)
	for d, n := first.previous(), 0; n < 4; d, n = d.next(), n+1 { // New Year's Eve is the day before, of whichever length the year's last month is
		all = append(all, holiday{d, springFestival})
	}
	all = append(all, holiday{qingmingOf(year), qingming})
	for day := 1; day <= 2; day++ {
		all = append(all, holiday{date{year, time.May, day}, labourDay})
	}
	all = append(all, holiday{lunar(year, 5, 5), duanwu})
	for day := 1; day <= 3; day++ {
		all = append(all, holiday{date{year, time.October, day}, nationalDay})
	}
	return append(all, holiday{lunar(year, 8, 15), midAutumn})
}

// lunar is the day of a date of the lunar calendar, in an ordinary month.
func lunar(year, month, day int) date {
	return solar(calendar.NewLunarFromYmd(year, month, day).GetSolar())
}

// qingmingOf is the day in which the sun reaches 15° of ecliptic longitude, by Beijing's clocks.
func qingmingOf(year int) date {
	return solar(calendar.NewLunarFromYmd(year, 5, 5).GetJieQiTable()["清明"])
}

func solar(s *calendar.Solar) date {
	return date{s.GetYear(), time.Month(s.GetMonth()), s.GetDay()}
}
