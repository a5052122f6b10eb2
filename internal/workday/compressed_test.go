package workday_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"shiming/internal/workday"
)

var epoch = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func TestCompressedWorkingDaysEndWithADay(t *testing.T) {
	t.Parallel()
	c := workday.NewCompressed(5*time.Second, epoch)
	for _, v := range []struct {
		from time.Duration
		n    int
		want time.Duration
	}{
		{0, 1, 10 * time.Second},
		{4999 * time.Millisecond, 1, 10 * time.Second},
		{5 * time.Second, 1, 15 * time.Second},
		{12 * time.Second, 3, 30 * time.Second}, // from within day 2 to the end of day 5
		{12 * time.Second, 0, 15 * time.Second},
		{12 * time.Second, -1, 15 * time.Second},
		{-time.Nanosecond, 1, 5 * time.Second},
		{-5 * time.Second, 1, 5 * time.Second},
		{-6 * time.Second, 1, 0},
	} {
		got := c.WorkingDays(epoch.Add(v.from), v.n)
		assert.True(t, got.At.Equal(epoch.Add(v.want)), "%s %+d: %s", v.from, v.n, got.At.Sub(epoch))
		assert.False(t, got.Provisional)
	}
	working, provisional := c.IsWorkingDay(day(t, "2026-10-01"))
	assert.True(t, working && !provisional)
}

func TestCompressedHalfAYearHas183Days(t *testing.T) {
	t.Parallel()
	c := workday.NewCompressed(5*time.Second, epoch)
	for months, days := range map[int]int{0: 0, 1: 31, 2: 61, 6: 183, 12: 366, -1: -31, -6: -183} {
		assert.True(t, c.Months(epoch, months).Equal(epoch.Add(time.Duration(days)*5*time.Second)), months)
	}
	assert.True(t, c.Days(epoch, -30).Equal(epoch.Add(-150*time.Second)))
}

func TestCompressedDaysFitTogether(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		length := time.Duration(rapid.Int64Range(1, int64(24*time.Hour)).Draw(t, "day"))
		c := workday.NewCompressed(length, epoch)
		from := epoch.Add(time.Duration(rapid.Int64Range(-1e16, 1e16).Draw(t, "from")))
		n := rapid.IntRange(0, 400).Draw(t, "n")
		end := c.WorkingDays(from, n).At
		assert.Zero(t, end.Sub(epoch)%length, "on a boundary")
		assert.True(t, end.After(c.Days(from, n)), "not before n whole days are over")
		assert.False(t, end.After(c.Days(from, n+1)), "and within one more")
		assert.True(t, c.Months(c.Months(from, n), -n).Equal(from), "there and back")
	})
}

func TestNewCompressedNeedsALength(t *testing.T) {
	t.Parallel()
	assert.Panics(t, func() { workday.NewCompressed(0, epoch) })
}

func TestParseGivesBackWhatStringSays(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "real", "real": "real", "\treal": "real",
		"compressed:5s@2026-11-23T10:00:00Z":                "compressed:5s@2026-11-23T10:00:00Z",
		"compressed:250ms@2026-11-23T18:00:00.123456+08:00": "compressed:250ms@2026-11-23T10:00:00.123456Z",
		"compressed:90s@2026-11-23T10:00:00Z":               "compressed:1m30s@2026-11-23T10:00:00Z",
	} {
		c, err := workday.Parse(in)
		require.NoError(t, err, in)
		assert.Equal(t, want, c.String(), in)
		again, err := workday.Parse(c.String())
		require.NoError(t, err, in)
		assert.Equal(t, c.WorkingDays(epoch, 3), again.WorkingDays(epoch, 3), in)
	}
	now := time.Now()
	assert.NotContains(t, workday.NewCompressed(5*time.Second, now).WorkingDays(now, 1).At.String(), "m=", "no monotonic reading")
	// A process makes its calendar of its clock's reading, another one of the setting: they must agree.
	own := workday.NewCompressed(5*time.Second, time.Now())
	other, err := workday.Parse(own.String())
	require.NoError(t, err)
	assert.Equal(t, own.WorkingDays(epoch, 3), other.WorkingDays(epoch, 3))
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"unreal", "real:5s", "compressed", "compressed:5s", "compressed:5@2026-11-23T10:00:00Z", "compressed:0s@2026-11-23T10:00:00Z",
		"compressed:-5s@2026-11-23T10:00:00Z", "compressed:5s@2026-11-23", "compressed:5s@",
	} {
		c, err := workday.Parse(bad)
		assert.Error(t, err, bad)
		assert.Nil(t, c, bad)
	}
	c, err := workday.Parse("real", workday.WithOverride("/nowhere/override.json"))
	assert.Error(t, err)
	assert.Nil(t, c)
}
