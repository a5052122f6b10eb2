package workflows_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/notice"
	"shiming/internal/workday"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// at is a moment in mainland China.
func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", s, time.FixedZone("CST", 8*60*60))
	require.NoError(t, err)
	return v
}

func sameTime(t *testing.T, want string, got *time.Time) {
	t.Helper()
	require.NotNil(t, got)
	assert.WithinDuration(t, at(t, want), *got, 0)
}

// The National Day holiday lies in the window, and a Saturday that is worked: process.md's example.
func TestWindowCountsWorkingDays(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, at(t, "2026-09-30 10:00"), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDeposit(1)
	sameTime(t, "2026-10-11 00:00", r.View().DueAt)
	sameTime(t, "2026-10-11 00:00", r.View().Payout.WindowClosesAt)
	assert.False(t, r.View().DueProvisional)

	r.Until(at(t, "2026-10-09 11:59"))
	assert.Zero(t, w.Notices("window_closing"))
	r.Until(at(t, "2026-10-09 12:01"))
	assert.Equal(t, 2, w.Notices("window_closing"), "on the day before the last: one mail, one SMS")
	r.Until(at(t, "2026-10-10 23:59"))
	assert.Equal(t, registration.DepositRequired, r.State())
	assert.Equal(t, 2, w.Notices("window_closing"), "once")
	r.Until(at(t, "2026-10-11 00:01"))
	v := r.View()
	assert.Equal(t, registration.DepositFailed, v.State)
	assert.Equal(t, registration.PayoutVoid, v.Payout.State)
	assert.Equal(t, registration.CodeWindowClosed, v.LastError.Code)
	assert.Equal(t, 2, w.Notices("window_closed"))
	assert.Equal(t, w.Count(`select count(*) from notices where accepted_at is not null`), w.Mail.Sent()+w.SMS.Sent())
}

// Money that arrives late is never the applicant's fault.
func TestWindowOutlastsLateMoney(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToPayout(1)
	sameTime(t, "2026-06-05 00:00", r.View().Payout.ExpectedBy)
	sameTime(t, "2026-06-05 00:00", r.View().Payout.WindowClosesAt)
	r.Until(at(t, "2026-06-04 23:59"))
	assert.False(t, r.View().Overdue)
	assert.Zero(t, w.Bank.Lookups(), "the bank is not asked while its report may still come")

	r.Until(at(t, "2026-06-05 00:01"))
	v := r.View()
	assert.Equal(t, registration.PayoutPending, v.State, "the window stays open")
	assert.True(t, v.Overdue)
	assert.True(t, v.Payout.Overdue)
	assert.Nil(t, v.Payout.WindowClosesAt, "nobody knows yet")
	assert.Equal(t, 1, w.Bank.Lookups())
	assert.Equal(t, 1, w.Notices("payout_overdue"))
	assert.Equal(t, 1, w.Events("payout.overdue"))

	r.Until(at(t, "2026-06-08 15:00")) // a Monday
	assert.Equal(t, 1, w.Notices("payout_overdue"), "once")
	r.BankSays("transfer.settled", "")
	v = r.View()
	assert.Equal(t, registration.DepositRequired, v.State)
	assert.False(t, v.Overdue)
	assert.False(t, v.Payout.Overdue)
	sameTime(t, "2026-06-10 00:00", v.DueAt)
	sameTime(t, "2026-06-10 00:00", v.Payout.WindowClosesAt)
	require.Nil(t, r.Deposit(r.Amount()))
}

func aMinute(notice.Channel) time.Duration { return time.Minute }

// Announced by SMS in time and by mail days later, the money still on its way: the mail names no day that is over.
func TestLateAnnouncementNamesADayToCome(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	w.Mail.Down(true)
	r.ToPayout(1)
	mail := w.Strings(`select id from notices where kind = 'payment_requested' and channel = 'email'`)[0]
	early, err := w.Store.TakeNotice(t.Context(), mail, aMinute)
	require.NoError(t, err)
	sameTime(t, "2026-06-05 00:00", early.Data.Deadline)
	r.Until(at(t, "2026-06-08 15:00")) // a Monday
	late, err := w.Store.TakeNotice(t.Context(), mail, aMinute)
	require.NoError(t, err)
	sameTime(t, "2026-06-10 00:00", late.Data.Deadline)
	r.BankSays("transfer.settled", "")
	sameTime(t, "2026-06-10 00:00", r.View().Payout.WindowClosesAt)
}

// A report that was lost is made up for by asking, before anybody is alarmed.
func TestLostReportIsAskedFor(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToPayout(1)
	w.Bank.Progress(r.Payment().Key, "settled", "")
	r.Until(at(t, "2026-06-05 00:01"))
	assert.Equal(t, registration.DepositRequired, r.State())
	assert.Zero(t, w.Notices("payout_overdue"))
	sameTime(t, "2026-06-09 00:00", r.View().DueAt) // Friday's first minute, and Monday
}

// calendarFile is an override file that a test writes anew.
type calendarFile struct {
	t    *testing.T
	path string
}

func newCalendarFile(t *testing.T, years string) (*calendarFile, workday.Calendar) {
	t.Helper()
	f := &calendarFile{t: t, path: filepath.Join(t.TempDir(), "holidays.json")}
	f.amend(years)
	cal, err := workday.New(workday.WithOverride(f.path))
	require.NoError(t, err)
	return f, cal
}

func (f *calendarFile) amend(years string) {
	f.t.Helper()
	next := f.path + ".next"
	require.NoError(f.t, os.WriteFile(next, []byte(`{"years": {`+years+`}}`), 0o600))
	require.NoError(f.t, os.Rename(next, f.path))
}

const plain2026 = `"2026": {"source": "test", "workdays": ["2026-07-01"]}`

func TestWindowMovesLaterWithTheCalendar(t *testing.T) {
	t.Parallel()
	file, cal := newCalendarFile(t, plain2026)
	w := workflowtest.New(t, workflowtest.Monday(), cal)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDeposit(1)
	sameTime(t, "2026-06-05 00:00", r.View().DueAt)

	r.Until(at(t, "2026-06-04 18:00"))
	file.amend(`"2026": {"source": "test", "holidays": ["2026-06-04"]}`)
	r.Until(at(t, "2026-06-05 00:01"))
	v := r.View()
	assert.Equal(t, registration.DepositRequired, v.State, "the last day has become a holiday")
	sameTime(t, "2026-06-06 00:00", v.DueAt)
	r.Until(at(t, "2026-06-06 00:01"))
	assert.Equal(t, registration.DepositFailed, r.State())
}

func TestWindowNeverMovesEarlier(t *testing.T) {
	t.Parallel()
	file, cal := newCalendarFile(t, plain2026)
	w := workflowtest.New(t, at(t, "2026-06-05 10:00"), cal) // a Friday
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDeposit(1)
	sameTime(t, "2026-06-11 00:00", r.View().DueAt)
	file.amend(`"2026": {"source": "test", "workdays": ["2026-06-06", "2026-06-07"]}`)
	r.Until(at(t, "2026-06-10 23:59"))
	assert.Equal(t, registration.DepositRequired, r.State(), "announced for the 10th's end")
	sameTime(t, "2026-06-11 00:00", r.View().DueAt)
	r.Until(at(t, "2026-06-11 00:01"))
	assert.Equal(t, registration.DepositFailed, r.State())
}

// Over the new year no calendar is published yet: the deadline is provisional, and corrected when it comes.
func TestWindowOverAnUnpublishedYear(t *testing.T) {
	t.Parallel()
	file, cal := newCalendarFile(t, plain2026)
	w := workflowtest.New(t, at(t, "2027-12-30 10:00"), cal)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDeposit(1)
	sameTime(t, "2028-01-06 00:00", r.View().DueAt)
	assert.True(t, r.View().DueProvisional)

	file.amend(plain2026 + `, "2028": {"source": "test", "holidays": ["2028-01-01", "2028-01-03", "2028-01-04"]}`)
	r.Until(at(t, "2028-01-06 00:01"))
	v := r.View()
	assert.Equal(t, registration.DepositRequired, v.State)
	sameTime(t, "2028-01-07 00:00", v.DueAt)
	assert.False(t, v.DueProvisional, "published meanwhile")
	r.Until(at(t, "2028-01-07 00:01"))
	assert.Equal(t, registration.DepositFailed, r.State())
}

// Unnoticed for a working day, then unsettled for three: two alarms, one each.
func TestPaymentIsFlaggedOverdueOnceEach(t *testing.T) {
	t.Parallel()
	const day = 10 * time.Minute
	start := workflowtest.Monday()
	w := workflowtest.New(t, start, workday.NewCompressed(day, start.Truncate(day)))
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	w.Mail.Down(true)
	w.SMS.Down(true)
	r.ToPayout(1)
	require.Nil(t, r.Payment().NotifiedAt, "no channel has taken the notice")
	r.Sleep(day)
	assert.False(t, r.View().Overdue)
	r.Sleep(day)
	v := r.View()
	assert.Equal(t, registration.PayoutPending, v.State)
	assert.True(t, v.Overdue)
	assert.Equal(t, 1, w.Notices("payout_overdue"))
	assert.Empty(t, w.Bank.Ledger(), "nothing is ordered before a channel has accepted the notice")

	w.SMS.Down(false)
	r.Sleep(time.Minute)
	require.NotNil(t, r.Payment().NotifiedAt)
	assert.False(t, r.View().Overdue, "the window starts now")
	assert.Len(t, w.Bank.Ledger(), 1)
	r.Sleep(5 * day)
	assert.True(t, r.View().Overdue)
	assert.Equal(t, 2, w.Notices("payout_overdue"))
	assert.Equal(t, 2, w.Events("payout.overdue"))
	w.Mail.Down(false)
	r.Settle()
	assert.Equal(t, w.Count(`select count(*) from notices`), w.Mail.Sent()+w.SMS.Sent(), "each notice once, when its provider was back")
}
