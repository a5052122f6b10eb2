package statement_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/bank"
	"shiming/internal/postgres"
	"shiming/internal/statement"
	"shiming/registration"
)

// What the bank is merely ahead with is taken as its report would be, and is no difference.
func TestTheBanksNewerWordIsAReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paid("acct-1", 1234)
	require.Equal(t, "sent", w.bankState(p))
	w.twoDays()
	w.round()
	assert.Empty(t, w.open())
	assert.Equal(t, "settled", w.bankState(p))
	w.tell(http.MethodPost, "/bank/ledger/"+p.Key+"/return", `{"reason": "account_closed"}`)
	w.nextDay()
	w.round()
	assert.Empty(t, w.open(), "the registration takes it up")
	assert.Equal(t, "returned", w.bankState(p))
	assert.Equal(t, []string{"account_closed"}, w.Strings(`select failure from payments where id = $1`, p.id))
	assert.Equal(t, 1, w.Count(`select count(*) from outbox where kind = 'signal' and ref = $1`, p.registration), "its run is told")
}

func TestEachKindOfDifferenceIsFound(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		plant func(w *world, p payment)
		want  func(p payment) string
	}{
		"unknown": {func(w *world, p payment) { w.transfer("shm_stranger", 100, p.Company) }, func(payment) string { return "unknown shm_stranger" }},
		"missing": {func(w *world, p payment) { w.misstate(p, `{"missing": true}`) }, func(p payment) string { return "missing " + p.id }},
		"double":  {func(w *world, p payment) { w.misstate(p, `{"twice": true}`) }, func(p payment) string { return "double " + p.id }},
		"double under another key": {
			func(w *world, p payment) { w.transfer("shm_again", p.AmountFen, p.Company) }, func(p payment) string { return "double " + p.id },
		},
		"another amount":  {func(w *world, p payment) { w.misstate(p, `{"amount_fen": 12345}`) }, func(p payment) string { return "differs " + p.id }},
		"another account": {func(w *world, p payment) { w.misstate(p, `{"account_last4": "9999"}`) }, func(p payment) string { return "differs " + p.id }},
		"a state that cannot be taken": {
			func(w *world, p payment) {
				require.NoError(w.t, w.Store.OrderAnswered(w.t.Context(), p.id, "transfer.returned", "other"))
			}, func(p payment) string { return "differs " + p.id },
		},
		"returned late": {
			func(w *world, p payment) {
				_, err := w.Store.Steps().Withdraw(w.t.Context(), registration.Step{Subject: p.registration, Actor: registration.ByApplicant})
				require.NoError(w.t, err)
				w.tell(http.MethodPost, "/bank/ledger/"+p.Key+"/return", "")
			}, func(p payment) string { return "returned_late " + p.id },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.paid("acct-1", 1234)
			test.plant(w, p)
			w.twoDays()
			for range 3 {
				w.round()
				w.nextDay()
				require.Equal(t, []string{test.want(p)}, w.open())
			}
			require.Equal(t, 1, w.Count(`select count(*) from findings`), "seen again, found once")
			require.Equal(t, 1, w.Notices("finding"), "ops is told once")
		})
	}
}

// A bank that is away all day long is a finding after a day, and none once it is back.
func TestADayWithoutAStatementIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paid("acct-1", 1234)
	w.twoDays()
	w.tell(http.MethodPost, "/faults", `{"target": "bank", "mode": "down"}`)
	asked := 0
	for range 48 {
		err := w.job.Round(t.Context())
		if err != nil {
			asked++
		}
		w.Pass(30 * time.Minute)
	}
	require.Empty(t, w.open(), "not yet a day")
	assert.InDelta(t, 32, asked, 16, "two days, with pauses")
	for range 8 {
		_ = w.job.Round(t.Context()) // it is said what is met
		w.Pass(30 * time.Minute)
	}
	require.Contains(t, w.open(), "unavailable "+string(statement.DayOf(w.Now().Add(-72*time.Hour))))
	tried := w.Strings(`select tried from findings order by since limit 1`)[0]
	require.Contains(t, tried, "busy, status 503")
	w.tell(http.MethodDelete, "/faults", "")
	w.Pass(time.Hour)
	w.round()
	w.round()
	require.Empty(t, w.open())
	require.Equal(t, "settled", w.bankState(p))
}

// A difference that is mended is resolved; what a person has resolved stays so, unless it changes.
func TestADifferenceIsGoneWhenItIsMended(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paid("acct-1", 1234)
	w.misstate(p, `{"missing": true}`)
	w.twoDays()
	w.round()
	require.Equal(t, []string{"missing " + p.id}, w.open())
	w.misstate(p, `{}`)
	w.round()
	require.Len(t, w.open(), 1, "an hour between two looks")
	w.Pass(time.Hour)
	w.round()
	require.Empty(t, w.open())
	require.Equal(t, []string{postgres.ByReconciler}, w.Strings(`select resolved_by from findings`))
	w.misstate(p, `{"missing": true}`)
	w.nextDay()
	w.round()
	require.Equal(t, []string{"missing " + p.id}, w.open(), "a cause that comes back is found again")
}

func TestWhatOpsHasResolvedIsNotFoundAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paid("acct-1", 1234)
	w.misstate(p, `{"amount_fen": 12345}`)
	w.twoDays()
	w.round()
	id := w.Strings(`select id from findings where resolved_at is null`)[0]
	require.NoError(t, w.Store.ResolveFinding(t.Context(), id, "ops:zhang", "the bank's misprint"))
	for range 3 {
		w.nextDay()
		w.round()
		require.Empty(t, w.open())
	}
	w.misstate(p, `{"amount_fen": 12346}`)
	w.nextDay()
	w.round()
	require.Equal(t, []string{"differs " + p.id}, w.open(), "it has changed")

	line, err := w.Store.Timeline(t.Context(), p.registration)
	require.NoError(t, err)
	last := line[len(line)-1]
	assert.Equal(t, "finding_resolved:statement_differs", last.Event)
	assert.Equal(t, "zhang", *last.By)
	assert.Equal(t, "the bank's misprint", *last.Reason)
}

// A day is compared once when it is over, and once a day for as long as money of it can come back.
func TestADayIsComparedOnceADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paid("acct-1", 1234)
	first := statement.DayOf(w.Now())
	w.round()
	require.LessOrEqual(t, w.asks, 3, "the day before, and what is around it")
	compared := func() int {
		return w.Count(`select count(*) from statement_days where day = $1::text::date and compared_at > $2`, first, w.Now().Add(-time.Minute))
	}
	for n := range statement.Lookback + 3 {
		w.nextDay()
		w.round()
		want := 1
		if n >= statement.Lookback {
			want = 0
		}
		require.Equal(t, want, compared(), "day %d", n+1)
		before := w.asks
		w.round()
		w.Pass(time.Minute)
		w.round()
		require.Equal(t, before, w.asks, "what was compared is not compared again")
	}
	require.Equal(t, "settled", w.bankState(p))
	require.Empty(t, w.open())
}

// Money that comes back weeks later is found by looking back.
func TestAReturnWeeksLaterIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paid("acct-1", 1234)
	w.twoDays()
	w.round()
	_, err := w.Store.Steps().Withdraw(t.Context(), registration.Step{Subject: p.registration, Actor: registration.ByApplicant})
	require.NoError(t, err)
	w.Pass(20 * 24 * time.Hour)
	w.round()
	require.Empty(t, w.open())
	w.tell(http.MethodPost, "/bank/ledger/"+p.Key+"/return", "")
	w.nextDay()
	w.round()
	require.Equal(t, []string{"returned_late " + p.id}, w.open())
	require.Equal(t, 1, w.Notices("payout_returned")/w.perNotice("payout_returned"), "ops hears of the money as of any return")
}

// perNotice is how many rows one telling has: one for each channel.
func (w *world) perNotice(kind string) int {
	w.t.Helper()
	return w.Count(`select count(distinct channel) from notices where kind = $1`, kind)
}

// A payment that is ordered and answered while the statement is on its way is no difference.
func TestAPaymentOrderedMeanwhileIsNoDifference(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.paid("acct-1", 1234)
	late := w.requested("acct-2", 5678)
	require.NoError(t, w.Store.AskStatement(t.Context(), statement.DayOf(w.Now()), "ops:zhang"))
	w.round() // of the first there is nothing left to ask
	w.Pass(time.Second)
	once := false
	w.meanwhile = func(statement.Day) {
		if !once {
			once = true
			w.order(&late)
		}
	}
	for range 3 { // today as far as it has come, and again
		require.NoError(t, w.Store.AskStatement(t.Context(), statement.DayOf(w.Now()), "ops:zhang"))
		w.round()
		require.Empty(t, w.open())
		w.Pass(time.Second)
	}
	require.True(t, once)
	d, err := w.Store.StatementDayOf(t.Context(), statement.DayOf(w.Now()))
	require.NoError(t, err)
	assert.False(t, d.Pending())
	assert.False(t, d.Whole())
	assert.Equal(t, []int{2, 2, 2}, []int{d.Entries, d.Matched, d.Withheld})
}

// Whoever asks while a comparison runs is answered by the next, which began afterwards.
func TestWhoAsksMeanwhileIsAnsweredByTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	today := statement.DayOf(w.Now())
	require.NoError(t, w.Store.AskStatement(t.Context(), today, "ops:zhang"))
	w.meanwhile = func(of statement.Day) {
		if of != today {
			return
		}
		w.Pass(time.Second)
		require.NoError(t, w.Store.AskStatement(t.Context(), today, "ops:chen"))
		w.meanwhile = nil
	}
	w.round()
	d, err := w.Store.StatementDayOf(t.Context(), today)
	require.NoError(t, err)
	require.True(t, d.Pending())
	w.Pass(time.Second)
	w.round()
	d, err = w.Store.StatementDayOf(t.Context(), today)
	require.NoError(t, err)
	require.False(t, d.Pending())
}

// broken is a book that loses what it is to keep.
type broken struct{ *postgres.Store }

var errLost = errors.New("the worker has died")

func (broken) SaveComparison(context.Context, statement.Comparison, time.Time, time.Time) (int, error) {
	return 0, errLost
}

// A worker that dies before it has kept what it found is followed by another, which compares the day from the beginning.
func TestAnotherWorkerGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paid("acct-1", 1234)
	w.misstate(p, `{"missing": true}`)
	w.twoDays()
	require.ErrorIs(t, w.keeper(broken{w.Store}).Round(t.Context()), errLost)
	require.Empty(t, w.open())
	asks := w.asks
	w.round()
	require.Equal(t, asks, w.asks, "the lease is another's")
	w.Pass(10 * time.Minute)
	w.round()
	require.Equal(t, []string{"missing " + p.id}, w.open())
}

// What was away is asked for again with growing pauses, and nobody is blamed for a worker that is told to stop.
func TestToldToStopIsNoTrouble(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.paid("acct-1", 1234)
	w.twoDays()
	ctx, stop := context.WithCancel(t.Context())
	w.meanwhile = func(statement.Day) { stop() }
	require.ErrorIs(t, w.job.Round(ctx), context.Canceled)
	require.Zero(t, w.Count(`select coalesce(sum(attempts), 0) from statement_days`))
}

// What a restore has lost is told as that, and not as a stranger's too.
func TestALostTransferIsFoundAsThatAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paid("acct-1", 1234)
	w.transfer("shm_lost", 100, p.Company)
	w.transfer("shm_stranger", 100, p.Company)
	require.NoError(t, w.Store.NewSubject(t.Context(), postgres.SystemSubject))
	_, err := w.Store.Pool().Exec(t.Context(), `insert into lost_transfers (key, at, account_last4, amount, sealed_for, state, found_at) values ('shm_lost', $1, '1234', '', $2, 'settled', $1)`,
		w.Now(), postgres.SystemSubject)
	require.NoError(t, err)
	w.twoDays()
	w.round()
	require.Equal(t, []string{"unknown shm_stranger"}, w.open())
}

// booked has a payment's transfer stand on the statement of a day as well, or, moved, there alone.
func (w *world) booked(p payment, on statement.Day, moved bool) {
	var kept []bank.StatementEntry
	w.rewrite = func(of statement.Day, entries []bank.StatementEntry) []bank.StatementEntry {
		for _, e := range entries {
			if e.Key == p.Key {
				kept = []bank.StatementEntry{e}
			}
		}
		switch {
		case of == on && len(kept) > 0:
			again := kept[0]
			again.Reference, again.At = "R-"+string(on), on.Start().Add(time.Hour)
			return append(entries, again)
		case moved && of < on:
			return nil
		}
		return entries
	}
}

// A key that the bank pays again days later is found, on the later day.
func TestTheSameKeyPaidDaysLaterIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paid("acct-1", 1234)
	first := statement.DayOf(w.Now())
	again := first.Add(5)
	w.booked(p, again, false)
	for statement.DayOf(w.Now()) <= again {
		require.Empty(t, w.open())
		w.nextDay()
		w.round()
	}
	require.Equal(t, []string{"double " + p.id}, w.open())
	require.Equal(t, []string{string(again)}, w.Strings(`select day::text from findings where resolved_at is null`))
	require.Contains(t, w.Strings(`select tried from findings`)[0], " on "+string(first)+", R-"+string(again)+" on "+string(again))
	w.rewrite = nil // the bank has mended it
	w.Pass(time.Hour)
	w.round()
	require.Empty(t, w.open())
}

// What the bank books days late is missing until then.
func TestWhatIsBookedDaysLateIsNotMissingForGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paid("acct-1", 1234)
	first := statement.DayOf(w.Now())
	w.round()
	w.booked(p, first.Add(4), true)
	for statement.DayOf(w.Now()) <= first.Add(4) {
		w.nextDay()
		w.round()
	}
	require.Equal(t, []string{"missing"}, w.Strings(`select substr(kind, 11) from findings where subject = $1`, p.id), "as it was")
	w.Pass(time.Hour)
	w.round()
	require.Empty(t, w.open())
	w.nextDay()
	w.round()
	require.Empty(t, w.open())
}

// The bank has some minutes to close a day before its statement is asked for.
func TestTheBankHasTimeToCloseADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.paid("acct-1", 1234)
	w.round()
	today := statement.DayOf(w.Now())
	w.Pass(today.End().Add(3 * time.Second).Sub(w.Now()))
	w.asks = 0
	w.round()
	require.Zero(t, w.asks, "not yet closed")
	w.Pass(statement.AfterMidnight)
	w.round()
	d, err := w.Store.StatementDayOf(t.Context(), today)
	require.NoError(t, err)
	require.True(t, d.Whole())
}

// While the database is held after a restore nothing is compared: what the rows have lost is the repair's to find.
func TestNothingIsComparedWhileTheDatabaseIsHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paid("acct-1", 1234)
	w.transfer("shm_stranger", 100, p.Company)
	w.twoDays()
	require.NoError(t, w.Store.Hold(t.Context(), "restored", time.Time{}))
	w.round()
	require.Zero(t, w.asks)
	require.Equal(t, "sent", w.bankState(p))
	require.NoError(t, w.Store.EndHold(t.Context(), "ops:chen", "repaired", 0))
	w.Pass(10 * time.Minute)
	w.round()
	require.Equal(t, []string{"unknown shm_stranger"}, w.open())
}

// Money that comes back when its day is compared no more wakes the day.
func TestAReturnAfterTheLookbackIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paid("acct-1", 1234)
	first := statement.DayOf(w.Now())
	w.twoDays()
	w.round()
	_, err := w.Store.Steps().Withdraw(t.Context(), registration.Step{Subject: p.registration, Actor: registration.ByApplicant})
	require.NoError(t, err)
	w.Pass((statement.Lookback + 10) * 24 * time.Hour)
	w.round()
	d, err := w.Store.StatementDayOf(t.Context(), first)
	require.NoError(t, err)
	require.Nil(t, d.NextAt)

	w.Pass(time.Second)
	w.tell(http.MethodPost, "/bank/ledger/"+p.Key+"/return", "")
	err = w.Store.OrderAnswered(t.Context(), p.id, "transfer.returned", "other")
	require.NoError(t, err)
	w.Pass(time.Second)
	w.round()
	require.Equal(t, []string{"returned_late " + p.id}, w.open())
	w.asks = 0
	w.Pass(time.Minute)
	w.round()
	require.Zero(t, w.asks, "once")
}

// One kind of difference about one payment on two days is two, and each day shows its own.
func TestTwoDaysDifferencesOfOneKindAreTwo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paid("acct-1", 1234)
	today := statement.DayOf(w.Now())
	save := func(of statement.Day, facts ...string) (open int) {
		c := statement.Comparison{Day: of, At: w.Now(), Whole: true}
		for _, f := range facts {
			c.Differences = append(c.Differences, statement.Difference{Kind: registration.FindingStatementDiffers, Subject: p.id, Tried: f, Facts: f})
		}
		open, err := w.Store.SaveComparison(t.Context(), c, w.Now().Add(time.Hour), time.Time{})
		require.NoError(t, err)
		return open
	}
	require.Equal(t, 1, save(today, "A"))
	require.Equal(t, 1, save(today.Add(1), "A"))
	require.Equal(t, 1, save(today.Add(1), "A"), "seen again")
	require.Len(t, w.open(), 2)
	require.Equal(t, 0, save(today))
	require.Len(t, w.open(), 1, "the other day's is still there")
}

// What ops has resolved, and changes, and is again what it was, leaves nothing open.
func TestWhatIsAgainAsOpsHasResolvedItIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paid("acct-1", 1234)
	w.misstate(p, `{"amount_fen": 12345}`)
	w.twoDays()
	w.round()
	id := w.Strings(`select id from findings where resolved_at is null`)[0]
	require.NoError(t, w.Store.ResolveFinding(t.Context(), id, "ops:zhang", "the bank's misprint"))
	w.misstate(p, `{"amount_fen": 12346}`)
	w.nextDay()
	w.round()
	require.Len(t, w.open(), 1)
	w.misstate(p, `{"amount_fen": 12345}`)
	w.Pass(time.Hour)
	w.round()
	require.Empty(t, w.open())
}

// A day on which only strangers' transfers are open is looked at no more often than any other.
func TestStrangersTransfersAreNotAskedForEveryHour(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paid("acct-1", 1234)
	w.transfer("theirs", 100, p.Company)
	w.nextDay()
	w.round()
	require.Equal(t, []string{"unknown theirs"}, w.open())
	w.asks = 0
	w.Pass(time.Hour)
	w.round()
	require.Zero(t, w.asks)
	w.nextDay()
	w.round()
	require.NotZero(t, w.asks)
	require.Equal(t, []string{"unknown theirs"}, w.open())
}
