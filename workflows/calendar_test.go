package workflows_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/deadlines"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// keeper does what the worker's job does, a round at a time.
func keeper(t *testing.T, w *workflowtest.World) *deadlines.Keeper {
	t.Helper()
	k := &deadlines.Keeper{Book: w.Store, Calendar: w.Cal, Every: time.Second, Now: w.Now, Log: slog.New(slog.DiscardHandler)}
	require.NoError(t, k.Round(context.Background()), "what the world began with")
	return k
}

// follow lets a change of the calendar have its effect, a second time without any.
func follow(t *testing.T, w *workflowtest.World, k *deadlines.Keeper, r *workflowtest.Run) {
	t.Helper()
	require.NoError(t, k.Round(context.Background()))
	r.Settle()
	before := w.Count(`select count(*) from deadline_moves`)
	require.NoError(t, k.Round(context.Background()))
	r.Settle()
	assert.Equal(t, before, w.Count(`select count(*) from deadline_moves`), "a second round finds nothing")
}

func moved(w *workflowtest.World, what string) int {
	return w.Count(`select count(*) from deadline_moves where what = $1`, what)
}

// newCalendar is a world whose calendar can be amended, on a Monday.
func newCalendar(t *testing.T) (*calendarFile, *workflowtest.World) {
	t.Helper()
	file, cal := newCalendarFile(t, plain2026)
	return file, workflowtest.New(t, workflowtest.Monday(), cal)
}

const thursdayOff = `"2026": {"source": "test", "holidays": ["2026-06-04"], "workdays": ["2026-07-01"]}`

func TestADepositsWindowFollowsTheCalendarAtOnce(t *testing.T) {
	t.Parallel()
	file, w := newCalendar(t)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDeposit(1)
	k := keeper(t, w)
	sameTime(t, "2026-06-05 00:00", r.View().DueAt)
	version := w.Count(`select version from registrations`)

	file.amend(thursdayOff)
	follow(t, w, k, r)
	v := r.View()
	sameTime(t, "2026-06-06 00:00", v.DueAt)
	sameTime(t, "2026-06-06 00:00", v.Payout.WindowClosesAt)
	assert.Equal(t, 1, w.Count(`select count(*) from payments where remind_at = '2026-06-04 12:00+08'`), "noon of the day before the last")
	assert.Greater(t, w.Count(`select version from registrations`), version)
	assert.Equal(t, 2, w.Notices("deadline_moved"), "one mail, one SMS")
	assert.Equal(t, 2, w.Count(`select count(*) from notices where kind = 'deadline_moved' and accepted_at is not null`))
	assert.Equal(t, []string{"calendar"}, w.Strings(`select actor from timeline where event = 'deadline_moved'`))
	assert.Equal(t, 1, w.Notices("calendar_changed"))
	r.AgreesWithTheDatabase()

	// Its timers ring by the new one: nothing at the old end, the reminder and the end a day later.
	before := w.Count(`select version from registrations`)
	r.Until(at(t, "2026-06-03 23:59"))
	assert.Zero(t, w.Notices("window_closing"))
	r.Until(at(t, "2026-06-04 12:01"))
	assert.Equal(t, 2, w.Notices("window_closing"))
	between := w.Count(`select version from registrations`)
	assert.Equal(t, before+1, between, "the reminder's step")
	r.Until(at(t, "2026-06-05 00:01"))
	assert.Equal(t, between, w.Count(`select version from registrations`), "the old end's timer is gone: no step was taken")
	r.Until(at(t, "2026-06-06 00:01"))
	assert.Equal(t, registration.DepositFailed, r.State())
}

// A window whose amount may be entered one working day from when the applicant could first be told of the money.
func TestAWindowCountedFromALateReportFollowsTheCalendar(t *testing.T) {
	t.Parallel()
	file, w := newCalendar(t)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToPayout(1)
	k := keeper(t, w)
	r.Until(at(t, "2026-06-08 15:00")) // three working days are long over
	r.BankSays("transfer.settled", "")
	sameTime(t, "2026-06-10 00:00", r.View().DueAt)
	file.amend(`"2026": {"source": "test", "holidays": ["2026-06-09"]}`)
	follow(t, w, k, r)
	sameTime(t, "2026-06-11 00:00", r.View().DueAt)
	assert.Equal(t, 1, moved(w, "deposit_window"))
	assert.Equal(t, 2, w.Notices("deadline_moved"))
	r.AgreesWithTheDatabase()
}

func TestMoneyUnderWayFollowsTheCalendar(t *testing.T) {
	t.Parallel()
	file, w := newCalendar(t)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToPayout(1)
	k := keeper(t, w)
	sameTime(t, "2026-06-05 00:00", r.View().DueAt)
	file.amend(thursdayOff)
	follow(t, w, k, r)
	v := r.View()
	sameTime(t, "2026-06-06 00:00", v.DueAt)
	sameTime(t, "2026-06-06 00:00", v.Payout.ExpectedBy)
	sameTime(t, "2026-06-06 00:00", v.Payout.WindowClosesAt)
	assert.Equal(t, 2, w.Notices("deadline_moved"), "the notice had announced the day")
	r.AgreesWithTheDatabase()
	r.Until(at(t, "2026-06-05 00:01"))
	assert.False(t, r.View().Overdue)
	r.Until(at(t, "2026-06-06 00:01"))
	assert.True(t, r.View().Overdue)
}

// As long as no channel has taken the notice nobody was told a date, and nobody is told that it has moved.
func TestAnUnannouncedDateMovesInSilence(t *testing.T) {
	t.Parallel()
	file, w := newCalendar(t)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	w.Mail.Down(true)
	w.SMS.Down(true)
	r.ToPayout(1)
	k := keeper(t, w)
	sameTime(t, "2026-06-03 00:00", r.View().DueAt)
	file.amend(`"2026": {"source": "test", "holidays": ["2026-06-02"]}`)
	follow(t, w, k, r)
	sameTime(t, "2026-06-04 00:00", r.View().DueAt)
	assert.Equal(t, 1, moved(w, "payment_notice"))
	assert.Zero(t, w.Notices("deadline_moved"))
	assert.Equal(t, 1, w.Notices("calendar_changed"))
}

// What was announced is never taken back: a day that turns out to be worked moves nothing, and ops hears that nothing moved.
func TestADeadlineNeverFollowsTheCalendarEarlier(t *testing.T) {
	t.Parallel()
	file, cal := newCalendarFile(t, plain2026)
	w := workflowtest.New(t, at(t, "2026-06-05 10:00"), cal) // a Friday
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDeposit(1)
	k := keeper(t, w)
	version := w.Count(`select version from registrations`)
	file.amend(`"2026": {"source": "test", "workdays": ["2026-06-06", "2026-06-07"]}`)
	follow(t, w, k, r)
	sameTime(t, "2026-06-11 00:00", r.View().DueAt)
	assert.Equal(t, version, w.Count(`select version from registrations`))
	assert.Zero(t, w.Notices("deadline_moved"))
	assert.Equal(t, 1, w.Notices("calendar_changed"))
}

// The day stays and becomes certain: the row says so, its run knows, and nobody is written to.
func TestAPublishedNoticeMakesADeadlineCertain(t *testing.T) {
	t.Parallel()
	file, cal := newCalendarFile(t, plain2026)
	w := workflowtest.New(t, at(t, "2027-12-24 10:00"), cal)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDeposit(1)
	k := keeper(t, w)
	sameTime(t, "2027-12-30 00:00", r.View().DueAt)
	require.True(t, r.View().DueProvisional)
	file.amend(plain2026 + `, "2028": {"source": "test", "holidays": ["2028-01-01"]}`)
	follow(t, w, k, r)
	sameTime(t, "2027-12-30 00:00", r.View().DueAt)
	assert.False(t, r.View().DueProvisional)
	assert.Zero(t, w.Notices("deadline_moved"))
	r.AgreesWithTheDatabase()

	// A day of this December that the next notice gives off moves it.
	file.amend(plain2026 + `, "2028": {"source": "test", "holidays": ["2027-12-28", "2028-01-01"]}`)
	follow(t, w, k, r)
	sameTime(t, "2027-12-31 00:00", r.View().DueAt)
	assert.Equal(t, 2, w.Notices("deadline_moved"))
	assert.Equal(t, 2, w.Notices("calendar_changed"), "one summary a change")
}

func TestAReviewFollowsTheCalendar(t *testing.T) {
	t.Parallel()
	file, w := newCalendar(t)
	r := w.Individual("acct-1", 1)
	defer r.Close()
	r.ProveCard(1)
	r.ToReview(1)
	k := keeper(t, w)
	sameTime(t, "2026-06-05 00:00", r.View().DueAt)
	file.amend(thursdayOff)
	follow(t, w, k, r)
	sameTime(t, "2026-06-06 00:00", r.View().DueAt)
	sameTime(t, "2026-06-06 00:00", &r.View().Review.DueAt)
	assert.Zero(t, w.Notices("deadline_moved"), "the applicant was told no day")
	assert.Equal(t, 1, moved(w, "review"))
	assert.Equal(t, 1, w.Count(`select count(*) from timeline where event = 'deadline_moved'`))
	r.AgreesWithTheDatabase()
	r.Until(at(t, "2026-06-05 00:01"))
	assert.False(t, r.View().Overdue)
	r.Until(at(t, "2026-06-06 00:01"))
	assert.True(t, r.View().Overdue)
	file.amend(plain2026)
	require.NoError(t, k.Round(context.Background()))
	file.amend(`"2026": {"source": "test", "holidays": ["2026-06-04", "2026-06-05"]}`)
	follow(t, w, k, r)
	assert.True(t, r.View().Overdue, "what is late and was told of stays so")
}

func TestAClearingsReviewAndObjectionFollowTheCalendar(t *testing.T) {
	t.Parallel()
	file, w := newCalendar(t)
	w.ApproveEnterprise("corp-1", 1)
	k := keeper(t, w)
	c := w.Clear("corp-1", 2)
	defer c.Abandon()
	c.ToReview(registration.AuthorizationLetter)
	sameTime(t, "2026-06-05 00:00", &c.Seen().Review.DueAt)
	file.amend(thursdayOff)
	follow(t, w, k, c.Run)
	sameTime(t, "2026-06-06 00:00", &c.Seen().Review.DueAt)
	assert.Equal(t, 1, moved(w, "clearing_review"))
	assert.Zero(t, w.Notices("deadline_moved"))

	require.Nil(t, c.ApproveAs("reviewer-1"))
	require.Nil(t, c.ApproveAs("reviewer-2"))
	c.Settle()
	sameTime(t, "2026-06-06 00:00", c.Seen().ObjectionUntil)
	file.amend(`"2026": {"source": "test", "holidays": ["2026-06-03", "2026-06-04"]}`)
	follow(t, w, k, c.Run)
	sameTime(t, "2026-06-09 00:00", c.Seen().ObjectionUntil)
	assert.Equal(t, 1, moved(w, "objection"))
	assert.Equal(t, 2, w.Notices("deadline_moved"), "the holder is told, by mail and SMS")
	assert.Contains(t, w.Mail.Last(), "you may object")
	assert.Equal(t, 2, w.Count(`select count(*) from clearing_timeline where event = 'deadline_moved'`))

	c.Until(at(t, "2026-06-06 00:01"))
	assert.Equal(t, registration.ObjectionPeriod, c.Seen().State)
	c.Until(at(t, "2026-06-09 00:01"))
	assert.Equal(t, registration.Cleared, c.Seen().State)
}

// The days of a holder whom nobody has reached yet have not begun: the notice, when it comes, says the right one.
func TestAnObjectionThatNobodyWasToldOfMovesInSilence(t *testing.T) {
	t.Parallel()
	file, w := newCalendar(t)
	w.ApproveEnterprise("corp-1", 1)
	k := keeper(t, w)
	c := w.Clear("corp-1", 2)
	defer c.Abandon()
	c.ToReview(registration.AuthorizationLetter)
	w.Mail.Down(true)
	w.SMS.Down(true)
	require.Nil(t, c.ApproveAs("reviewer-1"))
	require.Nil(t, c.ApproveAs("reviewer-2"))
	c.Settle()
	sameTime(t, "2026-06-05 00:00", c.Seen().ObjectionUntil)
	file.amend(thursdayOff)
	require.NoError(t, k.Round(context.Background()))
	sameTime(t, "2026-06-06 00:00", c.Seen().ObjectionUntil)
	w.Mail.Down(false)
	w.SMS.Down(false)
	c.Sleep(time.Minute)
	assert.Zero(t, w.Notices("deadline_moved"))
	assert.Contains(t, w.SMS.Last(), "24:00 on 5 Jun 2026")
}

// A notice that waited for its provider while the day moved says the day that holds.
func TestALateNoticeSaysTheDayThatHolds(t *testing.T) {
	t.Parallel()
	file, w := newCalendar(t)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToPayout(1)
	k := keeper(t, w)
	w.Mail.Down(true)
	r.BankSays("transfer.settled", "")
	require.Equal(t, registration.DepositRequired, r.State())
	file.amend(thursdayOff)
	require.NoError(t, k.Round(context.Background()))
	file.amend(`"2026": {"source": "test", "holidays": ["2026-06-03", "2026-06-04"]}`)
	require.NoError(t, k.Round(context.Background()))
	sameTime(t, "2026-06-09 00:00", r.View().DueAt)
	arrived := w.Strings(`select id from notices where kind = 'money_arrived' and channel = 'email'`)[0]
	n, err := w.Store.TakeNotice(t.Context(), arrived, aMinute)
	require.NoError(t, err)
	sameTime(t, "2026-06-09 00:00", n.Data.Deadline)
	moves := w.Strings(`select id from notices where kind = 'deadline_moved' and channel = 'email' order by created_at, event_key`)
	require.Len(t, moves, 2)
	first, err := w.Store.TakeNotice(t.Context(), moves[0], aMinute)
	require.NoError(t, err)
	assert.Nil(t, first, "it has moved on: another notice says so")
	second, err := w.Store.TakeNotice(t.Context(), moves[1], aMinute)
	require.NoError(t, err)
	sameTime(t, "2026-06-09 00:00", second.Data.Deadline)
}
