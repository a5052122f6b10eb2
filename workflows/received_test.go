package workflows_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// received notes an amount as the API does when it comes, and leaves it to be judged later: the workers are away.
func received(t *testing.T, w *workflowtest.World, r *workflowtest.Run, fen int64) registration.ActArgs {
	t.Helper()
	args := registration.ActArgs{ActID: registration.NewID("act"), RegistrationID: r.App.RegistrationID, Actor: registration.ByApplicant}
	begun, refusal, err := w.Store.BeginAct(t.Context(), postgres.Act{
		ID: args.ActID, RegistrationID: args.RegistrationID, Act: registration.ActDeposit, Actor: args.Actor,
	}, dossier.PurposeAmount, dossier.Amount{Fen: fen})
	require.NoError(t, err)
	require.Nil(t, refusal)
	deferred, err := w.Store.DeferAct(t.Context(), args.ActID)
	require.NoError(t, err)
	require.True(t, deferred)
	args.InputRef = *begun.InputRef
	return args
}

// An amount that came before the window's end is judged by then, however late the workers are: the window waits for it.
func TestAnAmountIsJudgedByTheMomentItWasReceived(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDeposit(1)
	closes := *r.Payment().WindowClosesAt
	r.Until(closes.Add(-time.Minute))
	args := received(t, w, r, r.Amount())
	r.Until(closes.Add(time.Hour))
	require.Equal(t, registration.DepositRequired, r.State(), "an amount waits to be judged")
	act := r.Begin(registration.ActDeposit, args)
	r.Wait(act)
	require.NoError(t, act.Err)
	assert.Equal(t, registration.DetailsRequired, r.State())
}

// An amount that came after the window's end is too late, also if the window has not been closed yet.
func TestAnAmountAfterTheWindowIsTooLate(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDeposit(1)
	early := received(t, w, r, r.WrongAmount()) // keeps the window from closing
	r.Until(r.Payment().WindowClosesAt.Add(time.Minute))
	late := received(t, w, r, r.Amount())
	require.Equal(t, registration.DepositRequired, r.State())
	act := r.Begin(registration.ActDeposit, late)
	r.Wait(act)
	require.ErrorContains(t, act.Err, "wrong_state")
	assert.Equal(t, registration.DepositFailed, r.State())
	assert.Equal(t, "void", r.Payment().State)
	act = r.Begin(registration.ActDeposit, early)
	r.Wait(act)
	require.Error(t, act.Err)
}

// Money that settled while no worker ran is announced with a day to read it back, not with a deadline that has passed.
func TestAWindowIsNotAnnouncedInThePast(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToPayout(1)
	w.Report(postgres.Report{Source: "bank", Type: "transfer.settled", Key: r.Payment().Key})
	later := w.Now().Add(10 * 24 * time.Hour) // nobody relays, and no run wakes
	store := w.Store.WithClock(func() time.Time { return later })
	result, err := store.Steps().Look(t.Context(), registration.Step{Subject: r.App.RegistrationID, Actor: registration.ByBank})
	require.NoError(t, err)
	require.Equal(t, registration.DepositRequired, result.State)
	assert.True(t, result.Due.At.Equal(w.Cal.WorkingDays(later, 1).At), "%s", result.Due.At)
	assert.True(t, result.Wake.Equal(result.Due.At), "closing tomorrow is in the announcement itself: %s", result.Wake)
}

// An act that was answered "not done" is not done, whenever its step comes: nothing is counted, no guess is burnt.
func TestAClosedActBurnsNothing(t *testing.T) {
	t.Parallel()
	for _, later := range []time.Duration{time.Second, 10 * time.Minute} { // within the act's own time, and after it
		t.Run(later.String(), func(t *testing.T) {
			t.Parallel()
			aClosedActBurnsNothing(t, later)
		})
	}
}

func aClosedActBurnsNothing(t *testing.T, later time.Duration) {
	t.Helper()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDeposit(1)
	args := registration.ActArgs{ActID: registration.NewID("act"), RegistrationID: r.App.RegistrationID, Actor: registration.ByApplicant}
	begun, _, err := w.Store.BeginAct(t.Context(), postgres.Act{
		ID: args.ActID, RegistrationID: args.RegistrationID, Act: registration.ActDeposit, Actor: args.Actor,
	}, dossier.PurposeAmount, dossier.Amount{Fen: r.WrongAmount()})
	require.NoError(t, err)
	args.InputRef = *begun.InputRef
	closed, err := w.Store.CloseAct(t.Context(), args.ActID)
	require.NoError(t, err)
	require.True(t, closed)
	r.Sleep(later)
	act := r.Begin(registration.ActDeposit, args)
	r.Wait(act)
	require.Error(t, act.Err)
	assert.Equal(t, 3, r.Payment().AttemptsLeft)
	assert.Zero(t, w.Count(`select count(*) from deposit_entries`))
}

// An act whose time was over before its step came is not done, and what was handed in with it is gone.
func TestAnActPastItsTimeIsForgotten(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDeposit(1)
	step := registration.Step{Subject: r.App.RegistrationID, ActID: registration.NewID("act"), Actor: registration.ByApplicant}
	begun, _, err := w.Store.BeginAct(t.Context(), postgres.Act{
		ID: step.ActID, RegistrationID: step.Subject, Act: registration.ActDeposit, Actor: step.Actor,
	}, dossier.PurposeAmount, dossier.Amount{Fen: r.WrongAmount()})
	require.NoError(t, err)
	r.Sleep(registration.ActAnswered)
	step.InputRef = *begun.InputRef
	late, err := w.Store.Steps().EnterAmount(t.Context(), step)
	require.NoError(t, err)
	require.NotNil(t, late.Refusal)
	assert.Equal(t, 3, r.Payment().AttemptsLeft)
	require.ErrorIs(t, w.Store.Get(t.Context(), postgres.Owner{Subject: step.Subject, Row: step.ActID}, *begun.InputRef, dossier.PurposeAmount, &dossier.Amount{}), postgres.ErrNotFound)
}

// Company information that was handed in earlier and comes to its step later does not overwrite what came after it.
func TestAnOvertakenActChangesNothing(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDetails(1)
	older := workflowtest.Company(1)
	older.Address = "厦门市思明区旧路1号"
	args := registration.ActArgs{ActID: registration.NewID("act"), RegistrationID: r.App.RegistrationID, Actor: registration.ByApplicant}
	begun, _, err := w.Store.BeginAct(t.Context(), postgres.Act{
		ID: args.ActID, RegistrationID: args.RegistrationID, Act: registration.ActCompany, Actor: args.Actor,
	}, dossier.PurposeCompany, older)
	require.NoError(t, err)
	args.InputRef = *begun.InputRef
	r.Sleep(time.Second)
	newer := workflowtest.Company(1)
	newer.Address = "厦门市思明区新路2号"
	require.Nil(t, r.Company(newer))
	act := r.Begin(registration.ActCompany, args)
	r.Wait(act)
	require.ErrorContains(t, act.Err, "wrong_state")
	assert.Equal(t, newer.Address, r.View().Company.Address)
}

// A run never goes back: while the database knows less than the run does, the run stands still, nothing is paid, and ops
// hears of it. When they agree again it goes on.
func TestARunAheadOfItsRowStandsStill(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	w.Bank.Ask(func(b *workflowtest.Bank) { b.Busy = -1 })
	r.ToPayout(1)
	older := func(by int) {
		for _, sql := range []string{
			`alter table registrations disable trigger registrations_guard`,
			fmt.Sprintf(`update registrations set acknowledged = 0, version = version - (%d)`, by),
			`alter table registrations enable trigger registrations_guard`,
		} {
			_, err := w.Store.Pool().Exec(t.Context(), sql)
			require.NoError(t, err)
		}
	}
	older(2)
	w.Bank.Ask(func(b *workflowtest.Bank) { b.Busy = 0 })
	act, refusal := r.BeginDo(registration.ActWithdraw, "", nil)
	require.Nil(t, refusal)
	_, err := w.Store.DeferAct(t.Context(), act.Args.ActID)
	require.NoError(t, err)
	r.Sleep(time.Hour)
	require.False(t, act.Done, "it stands still")
	assert.Equal(t, registration.PayoutPending, r.State())
	assert.Equal(t, 1, w.Count(`select count(*) from findings where kind = 'run_ahead' and resolved_at is null`))
	assert.Empty(t, w.Bank.Ledger(), "nothing is paid")
	second := r.Begin(registration.ActWithdraw, registration.ActArgs{Actor: registration.ByApplicant})
	r.Wait(second)
	require.ErrorContains(t, second.Err, "provider_unavailable", "and takes nothing more on")

	older(-2)
	_, err = w.Store.Pool().Exec(t.Context(), `insert into outbox (kind, ref, created_at, next_at) values ('signal', $1, $2, $2)`, r.App.RegistrationID, w.Now())
	require.NoError(t, err)
	r.Settle()
	require.True(t, act.Done)
	require.NoError(t, act.Err)
	assert.Equal(t, registration.Withdrawn, r.State())
}
