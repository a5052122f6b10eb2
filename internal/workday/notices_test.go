package workday_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/workday"
)

// stretch is one holiday as a notice puts it: off from one day to another, and the days worked for it.
type stretch struct {
	name     string
	from, to string
	makeUp   []string
}

// The notices of the General Office of the State Council, copied from their text and not from lunar-go.
var published = map[int][]stretch{
	// 国办发明电〔2024〕12号
	2025: {
		{"元旦", "2025-01-01", "2025-01-01", nil},
		{"春节", "2025-01-28", "2025-02-04", []string{"2025-01-26", "2025-02-08"}},
		{"清明节", "2025-04-04", "2025-04-06", nil},
		{"劳动节", "2025-05-01", "2025-05-05", []string{"2025-04-27"}},
		{"端午节", "2025-05-31", "2025-06-02", nil},
		{"国庆节、中秋节", "2025-10-01", "2025-10-08", []string{"2025-09-28", "2025-10-11"}},
	},
	// 国办发明电〔2025〕7号
	2026: {
		{"元旦", "2026-01-01", "2026-01-03", []string{"2026-01-04"}},
		{"春节", "2026-02-15", "2026-02-23", []string{"2026-02-14", "2026-02-28"}},
		{"清明节", "2026-04-04", "2026-04-06", nil},
		{"劳动节", "2026-05-01", "2026-05-05", []string{"2026-05-09"}},
		{"端午节", "2026-06-19", "2026-06-21", nil},
		{"中秋节", "2026-09-25", "2026-09-27", nil},
		{"国庆节", "2026-10-01", "2026-10-07", []string{"2026-09-20", "2026-10-10"}},
	},
}

func TestEveryDayOfThePublishedYearsIsAsTheNoticeSays(t *testing.T) {
	t.Parallel()
	cal, err := workday.New()
	require.NoError(t, err)
	for year, stretches := range published {
		named := map[string]bool{}
		for _, s := range stretches {
			for d := day(t, s.from); !d.After(day(t, s.to)); d = d.AddDate(0, 0, 1) {
				named[d.Format(time.DateOnly)] = false
			}
			for _, m := range s.makeUp {
				require.Contains(t, []time.Weekday{time.Saturday, time.Sunday}, day(t, m).Weekday(), "the list itself")
				named[m] = true
			}
		}
		for d := time.Date(year, 1, 1, 12, 0, 0, 0, shanghai(t)); d.Year() == year; d = d.AddDate(0, 0, 1) {
			want, isNamed := named[d.Format(time.DateOnly)]
			if !isNamed {
				want = d.Weekday() != time.Saturday && d.Weekday() != time.Sunday
			}
			working, provisional := cal.IsWorkingDay(d)
			assert.Equal(t, want, working, d.Format(time.DateOnly))
			assert.False(t, provisional, d.Format(time.DateOnly))
		}
	}
}

// The regulation gives 13 public holidays a year since 2025; every other weekday off is made up for at a weekend. This
// catches a slip in the lists above that lunar-go happens to share.
func TestAYearHasAsManyWorkingDaysAsTheRegulationGives(t *testing.T) {
	t.Parallel()
	cal, err := workday.New()
	require.NoError(t, err)
	for year := range published {
		working, weekends := 0, 0
		for d := time.Date(year, 1, 1, 12, 0, 0, 0, shanghai(t)); d.Year() == year; d = d.AddDate(0, 0, 1) {
			if works, _ := cal.IsWorkingDay(d); works {
				working++
			}
			if d.Weekday() == time.Saturday || d.Weekday() == time.Sunday {
				weekends++
			}
		}
		assert.Equal(t, 365-weekends-13, working, year)
	}
}

func TestAnUnpublishedYearHasWeekendsAndFixedHolidays(t *testing.T) {
	t.Parallel()
	cal, err := workday.New()
	require.NoError(t, err)
	off := map[string]bool{"01-01": true, "05-01": true, "05-02": true, "10-01": true, "10-02": true, "10-03": true}
	for _, year := range []int{2001, 2050} { // 2001 has two stray days in lunar-go, of the notice for 2002
		for d := time.Date(year, 1, 1, 0, 0, 0, 0, shanghai(t)); d.Year() == year && d.YearDay() < 363; d = d.AddDate(0, 0, 1) {
			weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
			working, provisional := cal.IsWorkingDay(d)
			assert.Equal(t, !weekend && !off[d.Format("01-02")], working, d.Format(time.DateOnly))
			assert.True(t, provisional, d.Format(time.DateOnly))
		}
	}
}

func shanghai(t require.TestingT) *time.Location {
	loc, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	return loc
}

// day is the day's midnight in Shanghai.
func day(t require.TestingT, s string) time.Time {
	d, err := time.ParseInLocation(time.DateOnly, s, shanghai(t))
	require.NoError(t, err)
	return d
}

// at is a moment written like 2026-09-30 10:00 on Shanghai's clocks.
func at(t require.TestingT, s string) time.Time {
	m, err := time.ParseInLocation("2006-01-02 15:04", s, shanghai(t))
	require.NoError(t, err)
	return m
}
