package workday_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"shiming/internal/workday"
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
		"the year's last day, its successor not looked at":       {"2026-12-30 12:00", 1, "2027-01-01 00:00"},
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

func TestADeadlineThatLooksIntoAnUnpublishedYearIsProvisional(t *testing.T) {
	t.Parallel()
	cal, err := workday.New()
	require.NoError(t, err)
	// 1 January 2027 is a Friday and a holiday, so Monday 4 is the first working day known of.
	assert.Equal(t, workday.Deadline{At: at(t, "2027-01-05 00:00"), Provisional: true}, cal.WorkingDays(at(t, "2026-12-31 10:00"), 1))
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
		assert.Equal(t, c.want, workday.Later(c.announced, c.recomputed), name)
	}
}
