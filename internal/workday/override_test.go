package workday_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/workday"
	"shiming/registration"
)

const notice2028 = `{"years": {"2028": {"source": "a made-up notice",
	"holidays": ["2028-01-01", "2028-01-02", "2028-01-03", "2028-01-04", "2028-10-01"], "workdays": ["2028-01-08"]}}}`

// write replaces a file in one step, as an operator's deployment does.
func write(t *testing.T, path, content string) {
	t.Helper()
	next := path + ".next"
	require.NoError(t, os.WriteFile(next, []byte(content), 0o600))
	require.NoError(t, os.Rename(next, path))
}

func TestLoadOverrideRefuses(t *testing.T) {
	t.Parallel()
	for want, content := range map[string]string{
		"EOF":                       ``,
		"something follows":         `{"years":{}} {}`,
		`no "years"`:                `{}`,
		`unknown field "year"`:      `{"year":{}}`,
		`unknown field "holiday"`:   `{"years":{"2027":{"source":"x","holiday":["2027-01-01"]}}}`,
		"year 27: not a year":       `{"years":{"27":{"source":"x","holidays":["2027-01-01"]}}}`,
		"year 20x7: not a year":     `{"years":{"20x7":{"source":"x","holidays":["2027-01-01"]}}}`,
		`year 2027: no "source"`:    `{"years":{"2027":{"source":" ","holidays":["2027-01-01"]}}}`,
		"year 2027: no days":        `{"years":{"2027":{"source":"x"}}}`,
		`"2027-02-30" is not a day`: `{"years":{"2027":{"source":"x","holidays":["2027-02-30"]}}}`,
		`"2027-1-1" is not a day`:   `{"years":{"2027":{"source":"x","workdays":["2027-1-1"]}}}`,
		"2026-12-24 is a day of another year: put it under 2026 (2027's notice reaches back to 2026-12-25": `{"years":{"2027":{"source":"x","holidays":["2026-12-24"]}}}`,
		"2026-01-01 is a day of another year: put it under 2026":                                           `{"years":{"2027":{"source":"x","holidays":["2026-01-01"]}}}`,
		"2028-01-01 is a day of another year: put it under 2028":                                           `{"years":{"2027":{"source":"x","holidays":["2028-01-01"]}}}`,
		"2025-12-31 is a day of another year: put it under 2025":                                           `{"years":{"2027":{"source":"x","workdays":["2025-12-31"]}}}`,
		"2026-12-31 is named twice":                                                                        `{"years":{"2027":{"source":"x","holidays":["2026-12-31","2026-12-31"]}}}`,
		"2026-12-30 is both a holiday and a workday":                                                       `{"years":{"2027":{"source":"x","holidays":["2026-12-30"],"workdays":["2026-12-30"]}}}`,
		"2027-01-03 is both a holiday and a workday":                                                       `{"years":{"2027":{"source":"x","holidays":["2027-01-03"],"workdays":["2027-01-03"]}}}`,
		"2027-01-03 is named twice":                                                                        `{"years":{"2027":{"source":"x","holidays":["2027-01-03","2027-01-03"]}}}`,
		`"2027" is there twice`:                                                                            `{"years":{"2027":{"source":"x","holidays":["2027-01-01"]},"2027":{"source":"y","holidays":["2027-10-01"]}}}`,
		`"holidays" is there twice`:                                                                        `{"years":{"2027":{"source":"x","holidays":["2027-01-01"],"Holidays":["2027-10-01"]}}}`,
		"cannot unmarshal":                                                                                 `{"years":{"2027":["2027-01-01"]}}`,
	} {
		path := filepath.Join(t.TempDir(), "override.json")
		write(t, path, content)
		_, err := workday.LoadOverride(path)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, path)
		_, err = workday.New(workday.WithOverride(path))
		require.Error(t, err, "nor does a program start with it")
	}
	_, err := workday.New(workday.WithOverride(filepath.Join(t.TempDir(), "missing.json")))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestAnOverridePublishesItsYear(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "override.json")
	write(t, path, notice2028)
	cal, err := workday.New(workday.WithOverride(path))
	require.NoError(t, err)
	assert.Equal(t, workday.Deadline{At: at(t, "2028-01-06 00:00")}, cal.WorkingDays(at(t, "2027-12-31 10:00"), 1))
	working, provisional := cal.IsWorkingDay(day(t, "2028-01-08"))
	assert.True(t, working && !provisional, "make-up Saturday")
	_, provisional = cal.IsWorkingDay(day(t, "2029-01-03"))
	assert.True(t, provisional, "the next year is not")
	_, provisional = cal.IsWorkingDay(day(t, "2028-12-28"))
	assert.True(t, provisional, "nor is this one's last week")
}

func TestADeadlineAcrossAnUnpublishedYearStaysProvisional(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "override.json")
	write(t, path, `{"years":{"2029":{"source":"x","holidays":["2029-01-01","2029-10-01"]}}}`)
	cal, err := workday.New(workday.WithOverride(path))
	require.NoError(t, err)
	got := cal.WorkingDays(at(t, "2027-12-31 10:00"), 300)
	assert.Equal(t, 2029, got.At.Year())
	assert.True(t, got.Provisional, "2028 was counted through")
}

func TestAnOverrideLiesOverTheBuiltInDaysOneByOne(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "override.json")
	write(t, path, `{"years":{"2026":{"source":"x","holidays":["2026-12-31","2026-10-10"],"workdays":["2026-10-07"]}}}`)
	cal, err := workday.New(workday.WithOverride(path))
	require.NoError(t, err)
	for s, want := range map[string]bool{"2026-12-31": false, "2026-10-10": false, "2026-10-07": true, "2026-10-06": false, "2026-09-20": true} {
		working, provisional := cal.IsWorkingDay(day(t, s))
		assert.Equal(t, want, working, s)
		assert.False(t, provisional, s)
	}
}

// A day belongs to the notice that states it, though it lies in the year before; that year need not be named.
func TestANoticeStatesDaysOfTheDecemberBefore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "override.json")
	write(t, path, `{"years":{"2028":{"source":"国办发明电〔2027〕9号","holidays":["2027-12-31","2028-01-01","2028-01-02"],"workdays":["2027-12-26"]}}}`)
	cal, err := workday.New(workday.WithOverride(path))
	require.NoError(t, err)
	for s, want := range map[string]workday.Day{
		"2027-12-26": {Kind: workday.MakeUp, Source: "国办发明电〔2027〕9号", Working: true},
		"2027-12-31": {Kind: workday.Holiday, Source: "国办发明电〔2027〕9号"},
		"2028-01-01": {Kind: workday.Holiday, Of: "元旦", Source: "国办发明电〔2027〕9号"},
		"2027-12-30": {Kind: workday.Plain, Source: workday.Plain, Working: true},
		"2027-10-07": {Kind: workday.Holiday, Of: "国庆节", Source: "国务院办公厅关于2027年部分节假日安排的通知"},
	} {
		want.Date = day(t, s)
		assert.Equal(t, want, cal.Day(day(t, s)), s)
	}
	assert.Equal(t, "2027-12-26", cal.Named(2028)[0].Date.Format(time.DateOnly))
	assert.Equal(t, workday.Deadline{At: at(t, "2027-12-27 00:00")}, cal.WorkingDays(at(t, "2027-12-24 10:00"), 1))
}

// Of a year that is not published otherwise, a December day stated by the next one's notice is certain and its own year
// is not published by it.
func TestANextNoticePublishesNothingButItsOwnYear(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "override.json")
	write(t, path, `{"years":{"2029":{"source":"x","holidays":["2028-12-29","2029-01-01"]}}}`)
	cal, err := workday.New(workday.WithOverride(path))
	require.NoError(t, err)
	for s, want := range map[string]bool{"2028-12-29": false, "2028-12-28": true, "2028-10-09": true, "2029-01-01": false} {
		_, provisional := cal.IsWorkingDay(day(t, s))
		assert.Equal(t, want, provisional, s)
	}
	assert.Empty(t, cal.Published(2028))
}

// Two notices may state one day of December: the later one was written last.
func TestTheLaterNoticeHasTheLastWord(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "override.json")
	write(t, path, `{"years":{"2029":{"source":"later","workdays":["2028-12-30"],"holidays":["2029-01-01"]},"2028":{"source":"earlier","holidays":["2028-12-30"]}}}`)
	cal, err := workday.New(workday.WithOverride(path))
	require.NoError(t, err)
	got := cal.Day(day(t, "2028-12-30"))
	assert.True(t, got.Working && !got.Provisional)
	assert.Equal(t, "later", got.Source)
}

// What its own year's notice says of a day at the year's end may be said otherwise by the next.
func TestADayOfTheLastWeekWaitsForTheNextNotice(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "override.json")
	write(t, path, `{"years":{"2028":{"source":"x","holidays":["2028-12-29","2028-12-22"]}}}`)
	cal, err := workday.New(workday.WithOverride(path))
	require.NoError(t, err)
	for s, want := range map[string]bool{"2028-12-22": false, "2028-12-29": true, "2028-12-25": true, "2028-12-24": false} {
		_, provisional := cal.IsWorkingDay(day(t, s))
		assert.Equal(t, want, provisional, s)
	}
}

// What an override leaves out of a year's notice is off all the same if the regulation says so; on which days it is
// compensated is for the notice to say.
func TestTheRegulationStandsWhateverANoticeLeavesOut(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "override.json")
	write(t, path, `{"years":{"2028":{"source":"x","holidays":["2028-01-01"],"workdays":["2028-10-02"]}}}`)
	cal, err := workday.New(workday.WithOverride(path))
	require.NoError(t, err)
	for s, want := range map[string]bool{"2028-01-26": false, "2028-01-03": true, "2028-10-02": true, "2028-10-03": false, "2028-10-04": true} {
		working, provisional := cal.IsWorkingDay(day(t, s))
		assert.Equal(t, want, working, s)
		assert.False(t, provisional, s)
	}
}

func TestACalendarAmendedWhileAWindowRunsMovesItLaterOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "override.json")
	write(t, path, `{"years":{}}`)
	cal, err := workday.New(workday.WithOverride(path), workday.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, err)
	from := at(t, "2027-12-31 10:00")
	announced := cal.WorkingDays(from, 1)
	assert.Equal(t, workday.Deadline{At: at(t, "2028-01-05 00:00"), Provisional: true}, announced)

	write(t, path, notice2028) // Tuesday 4 January turns out to be off
	corrected := registration.Later(announced, cal.WorkingDays(from, 1))
	assert.Equal(t, workday.Deadline{At: at(t, "2028-01-06 00:00")}, corrected)

	write(t, path, `{"years":{"2028":{"source":"x","holidays":["2028-01-03"],"workdays":["2028-01-01"]}}}`)
	recomputed := cal.WorkingDays(from, 1)
	assert.Equal(t, at(t, "2028-01-02 00:00"), recomputed.At, "now a make-up Saturday comes first")
	assert.Equal(t, corrected, registration.Later(corrected, recomputed), "but what was announced stands")
}

func TestABrokenAmendmentLeavesTheLastGoodOneInForce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "override.json")
	write(t, path, notice2028)
	var log bytes.Buffer
	cal, err := workday.New(workday.WithOverride(path), workday.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	require.NoError(t, err)
	from, good := at(t, "2027-12-31 10:00"), workday.Deadline{At: at(t, "2028-01-06 00:00")}

	write(t, path, `{"years":`)
	for range 3 {
		assert.Equal(t, good, cal.WorkingDays(from, 1))
	}
	assert.ErrorContains(t, cal.Err(), path)
	assert.Equal(t, 1, strings.Count(log.String(), "level=ERROR"), "logged once a version")

	require.NoError(t, os.Remove(path))
	for range 3 {
		assert.Equal(t, good, cal.WorkingDays(from, 1))
	}
	assert.ErrorIs(t, cal.Err(), os.ErrNotExist)
	assert.Equal(t, 2, strings.Count(log.String(), "level=ERROR"))

	write(t, path, `{"years":{}}`)
	assert.NoError(t, cal.Err())
	assert.True(t, cal.WorkingDays(from, 1).Provisional, "taken up again")
}

func TestManyMayAskWhileTheFileChanges(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "override.json")
	write(t, path, notice2028)
	cal, err := workday.New(workday.WithOverride(path), workday.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, err)
	from := at(t, "2027-12-31 10:00")
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			for range 200 {
				got := cal.WorkingDays(from, 1)
				assert.Equal(t, got.Provisional, got.At.Equal(at(t, "2028-01-05 00:00")), "one answer, one calendar")
			}
		})
	}
	for i := range 50 {
		write(t, path, []string{`{"years":{}}`, notice2028}[i%2])
	}
	asking.Wait()
	assert.NoError(t, cal.Err())
}
