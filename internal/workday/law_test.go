package workday_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/workday"
)

// The weekdays that the regulation gives off in years whose notice is far away, by published tables of the lunar calendar.
// In 2028 the fifth month, in 2033 the eleventh and in 2052 the eighth is followed by a leap month.
var byTheRegulation = map[int][]string{
	// 1 January and Duanwu (28 May) at a weekend; Mid-Autumn on National Day's third day, whose first is a Sunday.
	2028: {"01-03", "01-25", "01-26", "01-27", "01-28", "04-04", "05-01", "05-02", "05-29", "10-02", "10-03", "10-04", "10-05"},
	// New Year's Day of the lunar year is 3 February, a Sunday, though the moon was new on the 2nd elsewhere in the world.
	2030: {"01-01", "02-04", "02-05", "02-06", "02-07", "04-05", "05-01", "05-02", "06-05", "09-12", "10-01", "10-02", "10-03"},
	// Mid-Autumn on the first day of National Day.
	2031: {"01-01", "01-22", "01-23", "01-24", "01-27", "04-07", "05-01", "05-02", "06-24", "10-01", "10-02", "10-03", "10-06"},
	2033: {"01-03", "01-31", "02-01", "02-02", "02-03", "04-04", "05-02", "05-03", "06-01", "09-08", "10-03", "10-04", "10-05"},
	// Mid-Autumn on a Sunday that is National Day's second day, whose first is a Saturday.
	2039: {"01-03", "01-24", "01-25", "01-26", "01-27", "04-05", "05-02", "05-03", "05-27", "10-03", "10-04", "10-05", "10-06"},
	2052: {"01-01", "01-31", "02-01", "02-02", "02-05", "04-04", "05-01", "05-02", "06-03", "09-09", "10-01", "10-02", "10-03"},
}

func TestAnUnpublishedYearIsComputedFromTheRegulation(t *testing.T) {
	t.Parallel()
	cal, err := workday.New()
	require.NoError(t, err)
	for year, want := range byTheRegulation {
		var off []string
		for d := time.Date(year, 1, 1, 12, 0, 0, 0, shanghai(t)); d.Year() == year; d = d.AddDate(0, 0, 1) {
			working, provisional := cal.IsWorkingDay(d)
			weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
			assert.False(t, working && weekend, "nothing is worked at a weekend but by a notice: %s", d)
			assert.True(t, provisional, d.Format(time.DateOnly))
			if !working && !weekend {
				off = append(off, d.Format("01-02"))
			}
		}
		assert.Equal(t, want, off, year)
	}
}

// However the holidays fall, on weekends, on each other or in a leap year, there are thirteen days off.
func TestEveryUnpublishedYearHasThirteenDaysOff(t *testing.T) {
	t.Parallel()
	cal, err := workday.New()
	require.NoError(t, err)
	for year := 2028; year <= 2100; year++ {
		off := 0
		for d := time.Date(year, 1, 1, 12, 0, 0, 0, shanghai(t)); d.Year() == year; d = d.AddDate(0, 0, 1) {
			working, _ := cal.IsWorkingDay(d)
			if !working && d.Weekday() != time.Saturday && d.Weekday() != time.Sunday {
				off++
			}
		}
		assert.Equal(t, 13, off, year)
	}
}

// The practice that two holidays on one day are followed here by: of 2009's and 2020's autumns the notices made as many
// days off as of one in which Mid-Autumn came by itself.
func TestTwoHolidaysOnOneDayCostNobodyADay(t *testing.T) {
	t.Parallel()
	cal, err := workday.New()
	require.NoError(t, err)
	for _, year := range []int{2009, 2020, 2019} {
		off := 0
		for d := time.Date(year, 9, 1, 12, 0, 0, 0, shanghai(t)); d.Month() < time.November; d = d.AddDate(0, 0, 1) {
			working, _ := cal.IsWorkingDay(d)
			weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
			switch {
			case working && weekend:
				off--
			case !working && !weekend:
				off++
			}
		}
		assert.Equal(t, 4, off, "National Day's three and Mid-Autumn's, in %d", year)
	}
}

func TestDeadlinesInAnUnpublishedYear(t *testing.T) {
	t.Parallel()
	cal, err := workday.New()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		from string
		n    int
		want string
	}{
		"over New Year's Eve to the third":       {"2028-01-24 10:00", 1, "2028-02-01 00:00"}, // Tuesday to Friday off, then a weekend
		"over Qingming, a Tuesday":               {"2028-04-03 10:00", 1, "2028-04-06 00:00"},
		"over Duanwu, a Sunday, and its Monday":  {"2028-05-26 10:00", 1, "2028-05-31 00:00"},
		"not over the fifth of the leap month":   {"2028-06-26 10:00", 1, "2028-06-28 00:00"}, // 27 June
		"not over the 15th of the leap eighth":   {"2052-10-04 10:00", 1, "2052-10-08 00:00"}, // Monday 7 October
		"over National Day with Mid-Autumn":      {"2028-09-29 10:00", 1, "2028-10-07 00:00"},
		"three days before Mid-Autumn by itself": {"2029-09-20 10:00", 2, "2029-09-26 00:00"}, // Saturday, made up for on Monday
	} {
		assert.Equal(t, workday.Deadline{At: at(t, c.want), Provisional: true}, cal.WorkingDays(at(t, c.from), c.n), name)
	}
}

func TestManyMayAskForAYearAtOnce(t *testing.T) {
	t.Parallel()
	cal, err := workday.New()
	require.NoError(t, err)
	var asking sync.WaitGroup
	for year := range 40 {
		for range 4 {
			asking.Go(func() {
				working, _ := cal.IsWorkingDay(time.Date(2101+year, 10, 1, 12, 0, 0, 0, time.UTC))
				assert.False(t, working)
			})
		}
	}
	asking.Wait()
}
