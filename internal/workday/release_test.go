package workday_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/workday"
)

// toBeBuiltIn are the years whose notice a release must have: the current one, and from 15 December on, in mainland China,
// the next. The State Council publishes in October or November; a release without it in the middle of December would count
// the first deadlines of the year by the regulation alone.
func toBeBuiltIn(now time.Time) []int {
	now = now.In(time.FixedZone("CST", 8*60*60))
	years := []int{now.Year()}
	if now.Month() == time.December && now.Day() >= 15 {
		years = append(years, now.Year()+1)
	}
	return years
}

func TestWhichYearsAReleaseNeeds(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][]int{
		"2027-12-14T23:59:59+08:00": {2027},
		"2027-12-15T00:00:00+08:00": {2027, 2028},
		"2027-12-14T16:00:00Z":      {2027, 2028}, // the 15th in Shanghai
		"2027-12-14T15:59:59Z":      {2027},
		"2027-12-31T15:59:59Z":      {2027, 2028},
		"2027-12-31T16:00:00Z":      {2028},
		"2028-11-30T12:00:00Z":      {2028},
	} {
		now, err := time.Parse(time.RFC3339, s)
		require.NoError(t, err)
		assert.Equal(t, want, toBeBuiltIn(now), s)
	}
}

// This test reads the real clock, on purpose: it fails when a release would be a year behind.
func TestTheReleaseHasTheNoticesOfItsTime(t *testing.T) {
	t.Parallel()
	cal, err := workday.New()
	require.NoError(t, err)
	for _, year := range toBeBuiltIn(time.Now()) {
		assert.NotEmpty(t, cal.Published(year), "the notice of %d is not built in: raise lunar-go in go.mod to a version that has it, "+
			"and add its days to notices_test.go from the notice's text", year)
	}
}
