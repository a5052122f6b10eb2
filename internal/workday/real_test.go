package workday_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"shiming/internal/workday"
	"shiming/registration"
)

func TestWorkingDays(t *testing.T) {
	t.Parallel()
	cal, err := workday.New()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		from string
		n    int
		want string
	}{
		"process.md: over National Day, with a make-up Saturday": {"2026-09-30 10:00", 3, "2026-10-11 00:00"},
		"process.md: Friday night":                               {"2026-11-27 23:59", 1, "2026-12-01 00:00"},
		"Friday midnight is Saturday":                            {"2026-11-28 00:00", 1, "2026-12-01 00:00"},
		"Monday's first moment":                                  {"2026-11-30 00:00", 1, "2026-12-02 00:00"},
		"over Spring Festival":                                   {"2026-02-13 18:00", 2, "2026-02-25 00:00"},
		"make-up Sunday after New Year":                          {"2026-01-01 09:00", 1, "2026-01-05 00:00"},
		"the year's last day, its successor's notice known":      {"2026-12-30 12:00", 1, "2027-01-01 00:00"},
		"over the new year, both notices known":                  {"2026-12-31 10:00", 1, "2027-01-05 00:00"},
		"over Spring Festival 2027, with a make-up Sunday":       {"2027-02-02 10:00", 3, "2027-02-15 00:00"},
		"over Labour Day 2027":                                   {"2027-04-30 10:00", 3, "2027-05-09 00:00"},
		"over National Day 2027":                                 {"2027-09-29 10:00", 3, "2027-10-10 00:00"},
		"Duanwu 2027, a Wednesday by itself":                     {"2027-06-08 23:59", 1, "2027-06-11 00:00"},
		"Mid-Autumn 2027, a Wednesday by itself":                 {"2027-09-13 08:00", 2, "2027-09-17 00:00"},
		"a make-up Sunday before Spring Festival 2027":           {"2027-01-29 12:00", 1, "2027-02-01 00:00"},
		"none: the day itself":                                   {"2026-11-28 12:00", 0, "2026-11-29 00:00"},
		"fewer than none likewise":                               {"2026-11-28 12:00", -3, "2026-11-29 00:00"},
	} {
		got := cal.WorkingDays(at(t, c.from), c.n)
		assert.Equal(t, at(t, c.want), got.At, name)
		assert.False(t, got.Provisional, name)
	}
}

func TestWorkingDaysGoByShanghaisDateWhateverTheZone(t *testing.T) {
	t.Parallel()
	cal, err := workday.New()
	require.NoError(t, err)
	// Thursday 16:30 UTC is Friday 00:30 in Shanghai, and next working day is Monday.
	got := cal.WorkingDays(time.Date(2026, 11, 26, 16, 30, 0, 0, time.UTC), 1)
	assert.Equal(t, "2026-12-01T00:00:00+08:00", got.At.Format(time.RFC3339))
	// Thursday 15:30 UTC still is Thursday there.
	got = cal.WorkingDays(time.Date(2026, 11, 26, 15, 30, 0, 0, time.UTC), 1)
	assert.Equal(t, "2026-11-28T00:00:00+08:00", got.At.Format(time.RFC3339))
}

// The notice of a year may reach back into the last week of December.
func TestADeadlineIsProvisionalByTheNoticesThatGovernItsDays(t *testing.T) {
	t.Parallel()
	cal, err := workday.New()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		from        string
		n           int
		want        string
		provisional bool
	}{
		"ends before the last week":                         {"2027-12-22 10:00", 2, "2027-12-25 00:00", false},
		"its last day is the week's first working day":      {"2027-12-24 10:00", 1, "2027-12-28 00:00", true},
		"begins in the last week, on its last working day":  {"2027-12-31 10:00", 1, "2028-01-05 00:00", true},
		"ends with the year":                                {"2027-12-29 10:00", 2, "2028-01-01 00:00", true},
		"looks into a year without a notice":                {"2028-02-01 10:00", 1, "2028-02-03 00:00", true},
		"the end of a year whose next notice is known":      {"2026-12-24 10:00", 3, "2026-12-30 00:00", false},
		"the end of a year that is past":                    {"2018-12-28 10:00", 1, "2018-12-30 00:00", false},
		"the last week's Saturday counts, though it is off": {"2027-12-24 23:00", 0, "2027-12-25 00:00", false},
	} {
		assert.Equal(t, workday.Deadline{At: at(t, c.want), Provisional: c.provisional}, cal.WorkingDays(at(t, c.from), c.n), name)
	}
}

func TestDaysAreOf24Hours(t *testing.T) {
	t.Parallel()
	cal, err := workday.New()
	require.NoError(t, err)
	from := at(t, "2026-11-23 10:15")
	assert.Equal(t, at(t, "2026-12-23 10:15"), cal.Days(from, 30))
	assert.Equal(t, at(t, "2026-10-24 10:15"), cal.Days(from.UTC(), -30))
}

func TestMonthsKeepTheDayOrTakeTheMonthsLast(t *testing.T) {
	t.Parallel()
	cal, err := workday.New()
	require.NoError(t, err)
	for _, c := range []struct {
		from string
		n    int
		want string
	}{
		{"2026-08-31 09:30", 6, "2027-02-28 09:30"},
		{"2027-08-31 09:30", 6, "2028-02-29 09:30"},
		{"2026-01-31 00:00", 1, "2026-02-28 00:00"},
		{"2026-05-15 23:59", 6, "2026-11-15 23:59"},
		{"2026-03-31 12:00", -1, "2026-02-28 12:00"},
		{"2026-05-31 12:00", -6, "2025-11-30 12:00"},
		{"2026-12-31 12:00", 0, "2026-12-31 12:00"},
	} {
		assert.Equal(t, at(t, c.want), cal.Months(at(t, c.from), c.n), "%s %+d", c.from, c.n)
	}
	// 31 August 20:00 UTC already is 1 September in Shanghai.
	assert.Equal(t, at(t, "2027-03-01 04:00"), cal.Months(time.Date(2026, 8, 31, 20, 0, 0, 0, time.UTC), 6))
}

func TestWorkingDaysAgreeWithCountingDays(t *testing.T) {
	t.Parallel()
	cal, err := workday.New()
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		from := at(t, "2024-06-01 00:00").Add(time.Duration(rapid.Int64Range(0, 3*365*24*60).Draw(t, "minutes")) * time.Minute)
		n := rapid.IntRange(1, 40).Draw(t, "n")
		got := cal.WorkingDays(from, n)

		counted, unsure := 0, false
		for d := from.AddDate(0, 0, 1); d.Before(got.At); d = d.AddDate(0, 0, 1) {
			working, provisional := cal.IsWorkingDay(d)
			unsure = unsure || provisional
			if working {
				counted++
			}
		}
		assert.Equal(t, n, counted)
		assert.Equal(t, unsure, got.Provisional)
		assert.Equal(t, "00:00:00", got.At.Format(time.TimeOnly))
		last, _ := cal.IsWorkingDay(got.At.Add(-time.Nanosecond))
		assert.True(t, last, "a deadline ends a working day")
		assert.True(t, cal.WorkingDays(from, n+1).At.After(got.At))
		assert.False(t, cal.WorkingDays(from.Add(time.Hour), n).At.Before(got.At), "later notice, no earlier deadline")
	})
}

func TestLater(t *testing.T) {
	t.Parallel()
	early, late := at(t, "2027-01-05 00:00"), at(t, "2027-01-06 00:00")
	for name, c := range map[string]struct{ announced, recomputed, want workday.Deadline }{
		"moves later":                    {workday.Deadline{At: early, Provisional: true}, workday.Deadline{At: late}, workday.Deadline{At: late}},
		"never earlier, now for certain": {workday.Deadline{At: late, Provisional: true}, workday.Deadline{At: early}, workday.Deadline{At: late}},
		"same day, now for certain":      {workday.Deadline{At: late, Provisional: true}, workday.Deadline{At: late}, workday.Deadline{At: late}},
		"still unsure":                   {workday.Deadline{At: early}, workday.Deadline{At: late, Provisional: true}, workday.Deadline{At: late, Provisional: true}},
	} {
		assert.Equal(t, c.want, registration.Later(c.announced, c.recomputed), name)
	}
}
