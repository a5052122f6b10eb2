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

// The notices of the General Office of the State Council: those of 2025 and 2026 copied from their text, not from lunar-go. The text of
// 2027 was not at hand: its days are those of lunar-go, held to the regulation below.
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
	// Its number is not known here. The days are held to the regulation below, like the others.
	2027: {
		{"元旦", "2027-01-01", "2027-01-03", nil},
		{"春节", "2027-02-05", "2027-02-13", []string{"2027-01-31", "2027-02-14"}},
		{"清明节", "2027-04-03", "2027-04-05", nil},
		{"劳动节", "2027-05-01", "2027-05-05", []string{"2027-05-08"}},
		{"端午节", "2027-06-09", "2027-06-09", nil},
		{"中秋节", "2027-09-15", "2027-09-15", nil},
		{"国庆节", "2027-10-01", "2027-10-07", []string{"2027-09-26", "2027-10-09"}},
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
			awaitsNext := d.Month() == time.December && d.Day() >= 25 && published[year+1] == nil
			assert.Equal(t, awaitsNext, provisional, d.Format(time.DateOnly))
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

// What a notice arranges contains what the regulation gives: each of its days is off.
func TestAPublishedYearGivesEveryHolidayOfTheRegulation(t *testing.T) {
	t.Parallel()
	cal, err := workday.New()
	require.NoError(t, err)
	for _, s := range []string{
		"2025-01-01", "2025-01-28", "2025-01-31", "2025-04-04", "2025-05-02", "2025-05-31", "2025-10-03", "2025-10-06",
		"2026-01-01", "2026-02-16", "2026-02-19", "2026-04-05", "2026-05-02", "2026-06-19", "2026-09-25", "2026-10-03",
		"2027-01-01", "2027-02-05", "2027-02-08", "2027-04-05", "2027-05-02", "2027-06-09", "2027-09-15", "2027-10-03",
	} {
		working, provisional := cal.IsWorkingDay(day(t, s))
		assert.False(t, working || provisional, s)
	}
}

func TestADayKnowsItsSource(t *testing.T) {
	t.Parallel()
	cal, err := workday.New()
	require.NoError(t, err)
	for s, want := range map[string]workday.Day{
		"2025-10-06": {Kind: workday.Holiday, Of: "国庆节、中秋节", Source: "国务院办公厅关于2025年部分节假日安排的通知（国办发明电〔2024〕12号）"},
		"2026-02-28": {Kind: workday.MakeUp, Of: "春节", Source: "国务院办公厅关于2026年部分节假日安排的通知（国办发明电〔2025〕7号）", Working: true},
		"2027-02-14": {Kind: workday.MakeUp, Of: "春节", Source: "国务院办公厅关于2027年部分节假日安排的通知", Working: true},
		"2027-01-01": {Kind: workday.Holiday, Of: "元旦", Source: "国务院办公厅关于2027年部分节假日安排的通知"},
		"2018-12-29": {Kind: workday.MakeUp, Of: "元旦", Source: "国务院办公厅关于2019年部分节假日安排的通知", Working: true},
		"2018-12-31": {Kind: workday.Holiday, Of: "元旦", Source: "国务院办公厅关于2019年部分节假日安排的通知"},
		"2013-05-02": {Kind: workday.Plain, Source: workday.Plain, Working: true}, // no holiday before 2025
		"2027-03-06": {Kind: workday.Weekend, Source: workday.Weekend},
		"2027-03-08": {Kind: workday.Plain, Source: workday.Plain, Working: true},
		"2028-05-28": {Kind: workday.Holiday, Of: "端午节", Source: "《全国年节及纪念日放假办法》（2024年修订）第二条", Provisional: true},
		"2028-05-29": {Kind: workday.Compensation, Of: "端午节", Source: "《全国年节及纪念日放假办法》（2024年修订）第六条", Provisional: true},
		"2028-10-03": {Kind: workday.Holiday, Of: "国庆节、中秋节", Source: "《全国年节及纪念日放假办法》（2024年修订）第二条", Provisional: true},
	} {
		want.Date = day(t, s)
		assert.Equal(t, want, cal.Day(day(t, s)), s)
	}
	assert.NotEmpty(t, cal.Published(2027))
	assert.Empty(t, cal.Published(2028))
}

// The days of a year's notice include those of the December before.
func TestNamedListsWhatANoticeStates(t *testing.T) {
	t.Parallel()
	cal, err := workday.New()
	require.NoError(t, err)
	var dates []string
	for _, d := range cal.Named(2019)[:4] {
		dates = append(dates, d.Date.Format(time.DateOnly)+" "+d.Kind)
	}
	assert.Equal(t, []string{"2018-12-29 make-up working day", "2018-12-30 holiday", "2018-12-31 holiday", "2019-01-01 holiday"}, dates)
	named := 0
	for _, s := range published[2027] {
		for d := day(t, s.from); !d.After(day(t, s.to)); d = d.AddDate(0, 0, 1) {
			named++
		}
		named += len(s.makeUp)
	}
	assert.Len(t, cal.Named(2027), named)
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
