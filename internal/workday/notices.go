package workday

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/6tail/lunar-go/HolidayUtil"
)

// notices is what the State Council's yearly notices (国务院办公厅关于部分节假日安排的通知) say: which days are off or
// worked against the rule of weekends, and which years are published.
type notices struct {
	days      map[date]statement
	published map[int]string // year to what its notice is called
	override  []int          // years that an override names, in order
	once      func() Edition // see withEdition
}

// statement is what a notice says of a day.
type statement struct {
	working bool   // true: a make-up working day, false: a holiday
	name    string // of the holiday it is about; empty if nobody said
	year    int    // that the notice arranges: the day's own or, of days at a year's end, the next
	source  string // the notice
}

// Years that lunar-go's table is searched for; it begins with 2002 and ends where the library's version does.
const (
	firstNoticeYear = 2002
	lastNoticeYear  = 2100
)

// numbers are those that the General Office's notices go by, of the years whose deadlines may still be open.
func numbers() map[int]string {
	return map[int]string{2025: "国办发明电〔2024〕12号", 2026: "国办发明电〔2025〕7号"}
}

// titleOf is what a year's notice is called, with its number where that is known.
func titleOf(year int) string {
	title := fmt.Sprintf("国务院办公厅关于%d年部分节假日安排的通知", year)
	if number, known := numbers()[year]; known {
		title += "（" + number + "）"
	}
	return title
}

// builtInNotices copies lunar-go's table, so that nothing done to that package's globals later can move a deadline.
func builtInNotices() (notices, error) {
	n := notices{days: map[date]statement{}, published: map[int]string{}}
	for year := firstNoticeYear - 1; year <= lastNoticeYear; year++ { // 2002's notice reaches back into 2001
		records := HolidayUtil.GetHolidaysByYear(year)
		for e := records.Front(); e != nil; e = e.Next() {
			h, ok := e.Value.(*HolidayUtil.Holiday)
			if !ok {
				return notices{}, fmt.Errorf("workday: lunar-go gave a %T for a holiday", e.Value)
			}
			if err := n.add(h); err != nil {
				return notices{}, fmt.Errorf("workday: lunar-go's holiday: %w", err)
			}
		}
		// New Year's notice may reach back into December, so a stray record publishes no year. National Day does.
		if s, known := n.days[date{year, time.October, 1}]; known && !s.working {
			n.published[year] = titleOf(year)
		}
	}
	return n, nil
}

// add takes a record over. The notice that states it is that of the year whose holiday it is about.
func (n notices) add(h *HolidayUtil.Holiday) error {
	day, err := time.Parse(time.DateOnly, h.GetDay())
	if err != nil {
		return err
	}
	about, err := time.Parse(time.DateOnly, h.GetTarget())
	if err != nil {
		return err
	}
	n.days[dateOf(day)] = statement{working: h.IsWork(), name: nameOf(h.GetName()), year: about.Year(), source: titleOf(about.Year())}
	return nil
}

// nameOf gives a holiday the name that the notices give it.
func nameOf(recorded string) string {
	switch recorded {
	case "元旦节":
		return newYear
	case "国庆中秋":
		return nationalDay + "、" + midAutumn
	}
	return recorded
}

// with lays an override over the notices, day by day.
func (n notices) with(o Override) notices {
	merged := notices{days: maps.Clone(n.days), published: maps.Clone(n.published), override: o.notices.override}
	maps.Copy(merged.days, o.notices.days)
	maps.Copy(merged.published, o.notices.published)
	return merged
}

// day tells whether d is worked, and whether a notice may yet say otherwise.
func (n notices) day(d date) (working, provisional bool) {
	said, stated := n.days[d]
	if stated {
		return said.working, !n.certain(d, said)
	}
	_, off := n.legal(d)
	return !d.weekend() && !off, !n.certain(d, said)
}

// certain reports whether d will stay as it is: every notice that governs it is known, or the last of them has named it.
func (n notices) certain(d date, said statement) bool {
	governors := d.governors()
	if said.year == governors[len(governors)-1] {
		return true
	}
	return !slices.ContainsFunc(governors, func(year int) bool { return n.published[year] == "" })
}

// legal is what the regulation alone makes of a day. As long as the year's notice is unknown that is all there is. Once
// it is known it has arranged what is compensated and when; the holidays themselves stand, whatever it leaves out.
func (n notices) legal(d date) (legal, bool) {
	published := n.published[d.year] != ""
	if published && d.year < lawSince {
		return legal{}, false
	}
	l, off := law(d.year)[d]
	return l, off && (!published || !l.compensates)
}
