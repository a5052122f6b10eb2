package workday

import (
	"fmt"
	"maps"
	"time"

	"github.com/6tail/lunar-go/HolidayUtil"
)

// notices is what the State Council's yearly notices (国务院办公厅关于部分节假日安排的通知) say: which days are off or
// worked against the rule of weekends, and which years are published.
type notices struct {
	working   map[date]bool // true: a make-up working day, false: a holiday
	published map[int]bool
}

// Years that lunar-go's table is searched for; it begins with 2002 and ends where the library's version does.
const (
	firstNoticeYear = 2001
	lastNoticeYear  = 2100
)

// builtInNotices copies lunar-go's table, so that nothing done to that package's globals later can move a deadline.
func builtInNotices() (notices, error) {
	n := notices{working: map[date]bool{}, published: map[int]bool{}}
	for year := firstNoticeYear; year <= lastNoticeYear; year++ {
		records := HolidayUtil.GetHolidaysByYear(year)
		for e := records.Front(); e != nil; e = e.Next() {
			h, ok := e.Value.(*HolidayUtil.Holiday)
			if !ok {
				return notices{}, fmt.Errorf("workday: lunar-go gave a %T for a holiday", e.Value)
			}
			day, err := time.Parse(time.DateOnly, h.GetDay())
			if err != nil {
				return notices{}, fmt.Errorf("workday: lunar-go's holiday: %w", err)
			}
			n.working[dateOf(day)] = h.IsWork()
		}
		// New Year's notice may reach back into December, so a stray record publishes no year. National Day does.
		if works, known := n.working[date{year, time.October, 1}]; known && !works {
			n.published[year] = true
		}
	}
	return n, nil
}

// with lays an override over the notices, day by day.
func (n notices) with(o Override) notices {
	merged := notices{working: map[date]bool{}, published: map[int]bool{}}
	for _, from := range []notices{n, o.notices} {
		maps.Copy(merged.working, from.working)
		for year := range from.published {
			merged.published[year] = true
		}
	}
	return merged
}

// day tells whether d is worked, and whether the year's notice may yet say otherwise.
func (n notices) day(d date) (working, provisional bool) {
	provisional = !n.published[d.year]
	if works, named := n.working[d]; named {
		return works, provisional
	}
	return !d.weekend() && !d.fixedHoliday(), provisional
}
