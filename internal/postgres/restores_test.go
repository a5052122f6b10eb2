package postgres_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// The mark rises with what is committed, and an idle product raises none.
func TestTheMarkRisesWithWhatIsCommitted(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	raise := func() int64 {
		t.Helper()
		a, err := w.Store.RaiseMark(t.Context(), false)
		require.NoError(t, err)
		return a.Number
	}
	companyRequired(t, w, "acct-1", 1)
	first := raise()
	require.Positive(t, first)
	require.Equal(t, first, raise(), "nothing was committed since")
	a, err := w.Store.RaiseMark(t.Context(), true)
	require.NoError(t, err)
	require.Equal(t, first+1, a.Number, "a backup raises it in any case")
	companyRequired(t, w, "acct-2", 2)
	require.Equal(t, first+2, raise())
	require.NoError(t, w.Store.MarkKept(t.Context(), first+1, "cluster/namespace"))
	a, err = w.Store.AnchorNow(t.Context())
	require.NoError(t, err)
	require.Equal(t, first+1, a.Acknowledged)
	require.Equal(t, "cluster/namespace", a.EngineID)
}

// While the database is held nothing is opened, asked for or ordered; the hold is one, is told once, and ends by a person's word.
func TestAHeldDatabaseOpensAndPaysNothing(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	ready := announcedPayments(t, w, 1)[0]
	step := companyRequired(t, w, "acct-9", 9)
	require.NoError(t, w.Store.Hold(t.Context(), "older", time.Time{}))
	require.NoError(t, w.Store.Hold(t.Context(), "older still", time.Time{}))
	hold, err := w.Store.HoldNow(t.Context())
	require.NoError(t, err)
	require.Equal(t, "older", hold.Why)
	require.Equal(t, 1, findings(t, w.Store, registration.FindingHeld, "database"))
	require.Equal(t, 1, mailed(t, w.Store, registration.FindingHeld))

	refusal, err := w.Store.MayRegister(t.Context(), "acct-new", "reg_new")
	require.NoError(t, err)
	require.Equal(t, registration.CodeHeldAfterRestore, refusal.Code)
	_, refusal, err = w.Store.MayClear(t.Context(), "acct-new")
	require.NoError(t, err)
	require.Equal(t, registration.CodeHeldAfterRestore, refusal.Code)
	result, err := takeCompany(w, step, 9)
	require.NoError(t, err)
	require.Equal(t, registration.CodeHeldAfterRestore, result.Refusal.Code)
	_, err = w.Store.TakeOrder(t.Context(), ready)
	require.ErrorIs(t, err, postgres.ErrRestored)

	require.NoError(t, w.Store.EndHold(t.Context(), "ops:chen", "repaired", 12))
	require.ErrorIs(t, w.Store.EndHold(t.Context(), "ops:chen", "repaired", 13), postgres.ErrNotHeld)
	a, err := w.Store.AnchorNow(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 12, a.Number)
	require.Equal(t, 0, findings(t, w.Store, registration.FindingHeld, "database"))
	order, err := w.Store.TakeOrder(t.Context(), ready)
	require.NoError(t, err)
	require.NotNil(t, order)
}

// lose keeps a lost transfer to the account of the n-th company, of so many fen.
func lose(t *testing.T, w *workflowtest.World, key, last4 string, fen int64, state string) {
	t.Helper()
	free, err := w.Store.KeepLost(t.Context(), postgres.LostTransfer{Key: key, At: w.Now().Add(-time.Hour), AccountLast4: last4, AmountFen: fen, State: state})
	require.NoError(t, err)
	require.True(t, free)
}

// Of several the settled one is shown first, then the oldest; those of other digits are none.
func TestWhichLostTransfersAreShown(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	step := companyRequired(t, w, "acct-1", 1)
	lose(t, w, "shm_older", companyLast4(1), 11, "sent")
	lose(t, w, "shm_settled", companyLast4(1), 22, "settled")
	lose(t, w, "shm_elsewhere", "0000", 33, "settled")
	_, err := takeCompany(w, step, 1)
	require.NoError(t, err)
	order, err := w.Store.TakeOrder(t.Context(), newest(w, step))
	require.NoError(t, err)
	require.Equal(t, []postgres.Lost{{Key: "shm_settled", AmountFen: 22}, {Key: "shm_older", AmountFen: 11}}, order.Lost)
	require.False(t, order.Judge)
	require.NoError(t, w.Store.LostRefused(t.Context(), newest(w, step), "shm_settled"))
	require.NoError(t, w.Store.LostRefused(t.Context(), newest(w, step), "shm_settled"))
	require.NoError(t, w.Store.LostRefused(t.Context(), newest(w, step), "shm_older"))
	order, err = w.Store.TakeOrder(t.Context(), newest(w, step))
	require.NoError(t, err)
	require.Empty(t, order.Lost)
	require.True(t, order.Judge)
	require.False(t, order.Asked, "nothing was ordered")
	left, err := w.Store.LostTransfers(t.Context())
	require.NoError(t, err)
	require.Equal(t, 3, left, "they are held for whose they are")
}

// What a payment has taken over is found no more; what ops resolves is released.
func TestALostTransferIsTakenOverOrReleased(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	step := companyRequired(t, w, "acct-1", 1)
	lose(t, w, "shm_mine", companyLast4(1), 11, "settled")
	lose(t, w, "shm_other", "0000", 33, "settled")
	_, err := takeCompany(w, step, 1)
	require.NoError(t, err)
	err = w.Store.PaymentNotified(t.Context(), newest(w, step))
	require.NoError(t, err)
	err = w.Store.LostAdopted(t.Context(), newest(w, step), "shm_mine", "transfer.settled", "")
	require.NoError(t, err)
	require.Equal(t, 0, findings(t, w.Store, registration.FindingTransferLost, "shm_mine"))
	free, err := w.Store.KeepLost(t.Context(), postgres.LostTransfer{Key: "shm_mine", At: w.Now(), AccountLast4: companyLast4(1), AmountFen: 11, State: "settled"})
	require.NoError(t, err)
	require.False(t, free, "found again it stays whose it is")

	finding := one[string](t, w.Store, `select id from findings where subject = 'shm_other'`)
	require.NoError(t, w.Store.ResolveFinding(t.Context(), finding, "ops:chen", "the company has gone out of business"))
	left, err := w.Store.LostTransfers(t.Context())
	require.NoError(t, err)
	require.Equal(t, 0, left)
	require.Equal(t, "ops:chen", one[string](t, w.Store, `select released_by from lost_transfers where key = 'shm_other'`))
}

// An amount of a lost transfer opens for its key alone.
func TestLostTransfersOpenForTheirKeyAlone(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	p := &pair{t, w}
	lose(t, w, "shm_1", companyLast4(1), 11, "settled")
	lose(t, w, "shm_2", "0000", 22, "settled")
	step := companyRequired(t, w, "acct-1", 1)
	_, err := takeCompany(w, step, 1)
	require.NoError(t, err)
	p.swapped("lost_transfers", "amount", "key", "shm_1", "shm_2", func() error {
		_, err := w.Store.TakeOrder(t.Context(), newest(w, step))
		return err
	})
}

// companyLast4 are the last digits of the n-th company's account.
func companyLast4(n int) string { return dossier.Last4(workflowtest.Company(n).Bank.AccountNumber) }

// What the bank says of a payment that was ordered after the restore point is taken over, and nobody is told of it twice.
func TestATransferOfAfterTheRestorePointIsTakenOver(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	step := companyRequired(t, w, "acct-1", 1)
	_, err := takeCompany(w, step, 1)
	require.NoError(t, err)
	id := newest(w, step)
	all, err := w.Store.OpenPayments(t.Context(), w.Now())
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.True(t, all[0].Wanted)
	known, err := w.Store.KnownKeys(t.Context(), []string{all[0].Key, "shm_unknown"})
	require.NoError(t, err)
	require.Equal(t, map[string]string{all[0].Key: id}, known)
	for _, want := range []bool{true, false} {
		news, err := w.Store.TransferFound(t.Context(), id, "transfer.settled", "")
		require.NoError(t, err)
		require.Equal(t, want, news)
	}
	held, wanted, err := w.Store.HeldNotices(t.Context(), id)
	require.NoError(t, err)
	require.True(t, wanted)
	require.Empty(t, held, "it was announced then")
	require.Nil(t, func() *postgres.Order {
		o, err := w.Store.TakeOrder(t.Context(), id)
		require.NoError(t, err)
		return o
	}())
}

// reopened is the same database, opened by a process that has not seen it before.
func reopened(t *testing.T, w *workflowtest.World) *postgres.Store {
	t.Helper()
	store, err := w.Store.Traced(t.Context(), nil)
	require.NoError(t, err)
	t.Cleanup(store.Close)
	return store
}

// A process that lives through a restore opens and orders nothing more, before anybody has held the database, and lets go once it is
// repaired, also where the engine had never heard of the newest mark.
func TestAProcessThatLivesThroughARestoreStops(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	ready := announcedPayments(t, w, 1)[0]
	for range 3 {
		_, err := w.Store.RaiseMark(t.Context(), true)
		require.NoError(t, err)
	}
	isHeld := func(s *postgres.Store) bool {
		t.Helper()
		held, err := s.IsHeld(t.Context())
		require.NoError(t, err)
		return held
	}
	exec := func(sql string) {
		t.Helper()
		_, err := w.Store.Pool().Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	require.False(t, isHeld(w.Store))
	exec(`update anchor set mark = 1`)
	require.True(t, isHeld(w.Store))
	require.False(t, isHeld(reopened(t, w)), "who has not seen it cannot tell")
	refusal, err := w.Store.MayRegister(t.Context(), "acct-new", "reg_new")
	require.NoError(t, err)
	require.Equal(t, registration.CodeHeldAfterRestore, refusal.Code)
	_, refusal, err = w.Store.MayClear(t.Context(), "acct-new")
	require.NoError(t, err)
	require.Equal(t, registration.CodeHeldAfterRestore, refusal.Code)
	_, err = w.Store.TakeOrder(t.Context(), ready)
	require.ErrorIs(t, err, postgres.ErrRestored)
	hold, err := w.Store.HoldNow(t.Context())
	require.NoError(t, err)
	require.Nil(t, hold, "whoever only reads writes none")

	require.NoError(t, w.Store.Hold(t.Context(), "older", time.Time{}))
	require.NoError(t, w.Store.EndHold(t.Context(), "ops:chen", "repaired", 2))
	require.False(t, isHeld(w.Store), "it was repaired")
	exec(`update anchor set mark = 1, acknowledged = 0`)
	require.True(t, isHeld(w.Store), "and fell again")
	exec(`update anchor set mark = 9`)
	require.False(t, isHeld(w.Store))
	exec(`update anchor set database_id = gen_random_uuid()`)
	require.True(t, isHeld(w.Store), "another's")
	exec(`delete from holds`)
	require.True(t, isHeld(w.Store), "of before the repair")
}

// Marks rise while many look: none of them takes that for a restore.
func TestManyLookWhileMarksRise(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				a, err := w.Store.RaiseMark(t.Context(), true)
				assert.NoError(t, err)
				assert.False(t, a.Fell)
			}
		})
		all.Go(func() {
			for range 100 {
				held, err := w.Store.IsHeld(t.Context())
				assert.NoError(t, err)
				assert.False(t, held)
			}
		})
	}
	all.Wait()
}

// What waited for the end of a hold goes on at its end, not minutes later.
func TestTheEndOfAHoldHastensWhatWaitedForIt(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	announcedPayments(t, w, 2)
	require.NoError(t, w.Store.Hold(t.Context(), "older", time.Time{}))
	taken, err := w.Store.TakeMessages(t.Context(), postgres.MessagePayout, 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, taken, 2)
	require.NoError(t, w.Store.MessageFailed(t.Context(), taken[0], "held_after_restore", time.Hour))
	require.NoError(t, w.Store.MessageFailed(t.Context(), taken[1], "failed", time.Hour))
	require.NoError(t, w.Store.EndHold(t.Context(), "ops:chen", "repaired", 12))
	again, err := w.Store.TakeMessages(t.Context(), postgres.MessagePayout, 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, again, 1)
	require.Equal(t, taken[0].ID, again[0].ID)
}

// The bank is not asked for every payment that was ever given up.
func TestPaymentsThatWereGivenUpLongAgoAreNotAskedFor(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	announcedPayments(t, w, 3)
	for n, state := range []string{"dropped", "written_off", "requested"} {
		_, err := w.Store.Pool().Exec(t.Context(), `update payments set bank_state = $1 where id = (select id from payments order by id offset $2 limit 1)`, state, n)
		require.NoError(t, err)
	}
	for point, want := range map[time.Time]int{w.Now(): 3, w.Now().AddDate(0, 0, 39): 3, w.Now().AddDate(0, 0, 41): 1} {
		all, err := w.Store.OpenPayments(t.Context(), point)
		require.NoError(t, err)
		require.Len(t, all, want)
	}
}

// A clearing whose run had begun attempts that its row has forgotten takes none of their keys again, and releases the hold of the last.
func TestAttemptsOfBeforeARestoreArePassedOver(t *testing.T) {
	t.Parallel()
	for said, want := range map[int]int{3: 3, 0: 1} {
		w := workflowtest.New(t, workflowtest.Monday(), nil)
		w.ApproveIndividual("acct-1", 1)
		app := w.ClearingApplication("acct-1", workflowtest.ClaimOf(1), false)
		_, err := w.Store.Steps().OpenClearing(t.Context(), app)
		require.NoError(t, err)
		_, err = w.Store.Pool().Exec(t.Context(), `update clearings set state = 'clearing', sequence = sequence + 1, version = version + 1`)
		require.NoError(t, err)
		require.NoError(t, w.Store.SkipAttempts(t.Context(), app.ClearingID, said))
		result, err := w.Store.Steps().ClearingAttempt(t.Context(), registration.Step{Subject: app.ClearingID, Actor: registration.ByWalletHub})
		require.NoError(t, err)
		require.Equal(t, []int{want, want + 1}, []int{result.Stale, result.Attempt})
		require.NoError(t, w.Store.SkipAttempts(t.Context(), app.ClearingID, 2))
		require.Equal(t, max(want+1, 2), one[int](t, w.Store, `select attempt from clearings`), "what the row knows stays")
	}
}
