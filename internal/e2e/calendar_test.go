package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/workday"
)

// holidaysFile is a HOLIDAYS_FILE that names some days off, each under its own year.
type holidaysFile struct {
	t    *testing.T
	path string
}

func newHolidays(t *testing.T) *holidaysFile {
	t.Helper()
	f := &holidaysFile{t, filepath.Join(t.TempDir(), "holidays.json")}
	f.write()
	return f
}

func (f *holidaysFile) write(off ...time.Time) {
	f.t.Helper()
	type year struct {
		Source   string   `json:"source"`
		Holidays []string `json:"holidays"`
	}
	years := map[string]year{}
	for _, day := range off {
		name := strconv.Itoa(day.Year())
		years[name] = year{"a notice of today", append(years[name].Holidays, day.Format(time.DateOnly))}
	}
	raw, err := json.Marshal(map[string]any{"years": years})
	require.NoError(f.t, err)
	require.NoError(f.t, os.WriteFile(f.path+".next", raw, 0o600))
	require.NoError(f.t, os.Rename(f.path+".next", f.path))
}

// dueAt is a moment that an answer names.
func dueAt(t *testing.T, a answer, path ...string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, a.at(path...).(string))
	require.NoError(t, err)
	return at.UTC()
}

// aDayLater is the end of the working day after the one that a deadline ends.
func aDayLater(t *testing.T, deadline time.Time) time.Time {
	t.Helper()
	cal, err := workday.New()
	require.NoError(t, err)
	return cal.WorkingDays(deadline.Add(-time.Minute), 1).At.UTC()
}

// moves waits until a registration is due at another moment.
func (r *reg) moves(to time.Time) answer {
	r.t.Helper()
	return r.untilThat("due at "+to.String(), func(a answer) bool {
		at, err := time.Parse(time.RFC3339, a.Body["due_at"].(string))
		return err == nil && at.Equal(to)
	})
}

// subjects counts the mails to an address whose subject has a word.
func (w *world) subjects(t testing.TB, to, word string) (n int) {
	t.Helper()
	for _, m := range w.inbox(t, to) {
		if strings.Contains(m.Subject, word) {
			n++
		}
	}
	return n
}

// The last day of open deadlines becomes a holiday, first by an amendment of the file while the worker runs, then by a
// release that knows another calendar.
func TestOpenDeadlinesFollowAnotherCalendarAtOnce(t *testing.T) {
	t.Parallel()
	file := newHolidays(t)
	w := newWorld(t, withHolidays(file.path))
	paid, reviewed := w.paid(t, "6789"), w.submitted(t)
	paid.announced(4) // the payment and the money's arrival, by mail and SMS
	first := dueAt(t, paid.get(), "due_at")
	require.Equal(t, first, dueAt(t, reviewed.get(), "due_at"), "three working days each")
	require.Zero(t, w.subjects(t, opsMailbox, "日历"), "nothing has changed yet")

	file.write(first.Add(-time.Minute))
	second := aDayLater(t, first)
	changed := time.Now()
	require.Equal(t, second, dueAt(t, paid.moves(second), "payout", "window_closes_at"))
	require.Equal(t, second, dueAt(t, reviewed.moves(second), "review", "due_at"))
	require.Less(t, time.Since(changed), 30*time.Second, "at once, and not when the timers ring")
	paid.announced(6)
	require.Equal(t, 1, w.subjects(t, paid.who.Email, "顺延"))
	require.Zero(t, w.subjects(t, reviewed.who.Email, "顺延"), "who was told no date is told of none")
	require.Equal(t, 1, paid.count("deadline_moved"))
	require.Equal(t, 1, reviewed.count("deadline_moved"))
	w.eventually(t, func() bool { return w.subjects(t, opsMailbox, "日历") == 1 }, func() string { return "ops is told once" })

	next := newHolidays(t)
	next.write(first.Add(-time.Minute), second.Add(-time.Minute))
	w.workerConfig.Holidays = next.path
	w.restartWorker(t)
	third := aDayLater(t, second)
	require.Equal(t, third, dueAt(t, paid.moves(third), "payout", "window_closes_at"))
	reviewed.moves(third)
	paid.announced(8)
	w.eventually(t, func() bool { return w.subjects(t, opsMailbox, "日历") == 2 }, func() string { return "one summary a change" })

	paid.deposit(paid.amount()).inState("details_required") // it goes on as ever
	reviewed.approve()
	reviewed.until("approved")
}
