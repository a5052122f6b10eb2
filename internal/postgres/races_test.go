package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/bank"
	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// open makes a registration without a run: its steps are taken by the test.
func open(t *testing.T, w *workflowtest.World, kind registration.Kind, account string, n int) registration.Step {
	t.Helper()
	app := w.Application(kind, account, n)
	result, err := w.Store.Steps().Open(t.Context(), app)
	require.NoError(t, err)
	require.Nil(t, result.Refusal)
	return registration.Step{Subject: app.RegistrationID, Actor: registration.ByApplicant}
}

// put seals what an act hands in, and names the act.
func put(t *testing.T, w *workflowtest.World, step registration.Step, purpose string, v any) registration.Step {
	t.Helper()
	kinds := map[string]registration.Act{
		dossier.PurposeCard: registration.ActCard, dossier.PurposeCode: registration.ActCardCode, dossier.PurposeCompany: registration.ActCompany,
	}
	step.ActID = registration.NewID("act")
	begun, refusal, err := w.Store.BeginAct(t.Context(), postgres.Act{
		ID: step.ActID, RegistrationID: step.Subject, Act: kinds[purpose], Actor: step.Actor,
	}, purpose, v)
	require.NoError(t, err)
	require.Nil(t, refusal)
	step.InputRef = *begun.InputRef
	return step
}

// cardSent brings an individual to where the nth person's card awaits its code.
func cardSent(t *testing.T, w *workflowtest.World, account string, n int) registration.Step {
	t.Helper()
	step := open(t, w, registration.Individual, account, n)
	act := put(t, w, step, dossier.PurposeCard, workflowtest.Card(n))
	_, err := w.Store.CardAccepted(t.Context(), act, "bnd-"+account)
	require.NoError(t, err)
	return step
}

// atOnce runs functions as close together as can be.
func atOnce(do ...func()) {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for _, f := range do {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			f()
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
}

// Of two accounts racing to prove one person exactly one passes, whatever the timing.
func TestFiftyRacesForOneIdentity(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	for race := range 50 {
		var steps [2]registration.Step
		var results [2]registration.StepResult
		var errs [2]error
		var do []func()
		for i := range steps {
			steps[i] = cardSent(t, w, fmt.Sprintf("acct-%d-%d", race, i), race)
			act := put(t, w, steps[i], dossier.PurposeCode, dossier.Code{Code: "123456"})
			do = append(do, func() { results[i], errs[i] = w.Store.CardProven(context.Background(), act) })
		}
		atOnce(do...)
		require.NoError(t, errs[0])
		require.NoError(t, errs[1])
		passed := 0
		for i, r := range results {
			view, err := w.Store.View(t.Context(), steps[i].Subject)
			require.NoError(t, err)
			if r.Refusal == nil {
				passed++
				require.Equal(t, registration.DetailsRequired, view.State)
				continue
			}
			require.Equal(t, registration.CodeIdentityInUse, r.Refusal.Code)
			require.Equal(t, registration.IdentityRequired, view.State)
			require.Equal(t, registration.CodeIdentityInUse, view.LastError.Code)
		}
		require.Equal(t, 1, passed)
	}
	assert.Equal(t, 50, w.Count(`select count(*) from identity_claims`))
}

// Ten accounts ask for a payment to one bank account at once: two get one.
func TestPaymentLimitHoldsAgainstARush(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	var mu sync.Mutex
	codes := map[registration.Code]int{}
	var do []func()
	for i := range 10 {
		step := companyRequired(t, w, fmt.Sprintf("acct-%d", i), i)
		company := workflowtest.Company(i)
		company.Bank.AccountNumber = workflowtest.Company(99).Bank.AccountNumber
		act := put(t, w, step, dossier.PurposeCompany, company)
		do = append(do, func() {
			result, err := w.Store.Steps().TakeCompany(context.Background(), act)
			mu.Lock()
			defer mu.Unlock()
			if !assert.NoError(t, err) {
				return
			}
			if result.Refusal != nil {
				codes[result.Refusal.Code]++
				return
			}
			codes["taken"]++
		})
	}
	atOnce(do...)
	assert.Equal(t, map[registration.Code]int{"taken": 2, registration.CodePayoutLimitReached: 8}, codes)
}

// rush has as many accounts as told try one card at once, and counts what they are answered.
func rush(t *testing.T, w *workflowtest.World, accounts int) map[registration.Code]int {
	t.Helper()
	var mu sync.Mutex
	codes := map[registration.Code]int{}
	var do []func()
	for range accounts {
		n := w.Count(`select count(*) from registrations`)
		account, card := fmt.Sprintf("acct-%d", n), workflowtest.Card(1)
		card.Phone = fmt.Sprintf("138%08d", n)
		act := put(t, w, open(t, w, registration.Individual, account, n), dossier.PurposeCard, card)
		act.AccountID = account
		do = append(do, func() {
			answer, err := w.Activities().Cards.BindCard(context.Background(), act)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				codes["failed"]++
			case answer.Refusal != nil:
				codes[answer.Refusal.Code]++
			default:
				codes["bound"]++
			}
		})
	}
	atOnce(do...)
	return codes
}

// Thirty accounts guess at one card at once: twenty are told that they are wrong. A busy bank costs none of the tries.
func TestMismatchesHoldAgainstARush(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.Bank.Ask(func(b *workflowtest.Bank) { b.Busy = -1 })
	for range 3 {
		require.Equal(t, map[registration.Code]int{"failed": 10}, rush(t, w, 10))
	}
	w.Bank.Ask(func(b *workflowtest.Bank) { b.Busy, b.RefuseCard = 0, bank.ReasonCardNotDebit })
	require.Equal(t, map[registration.Code]int{registration.CodeCardNotDebit: 10}, rush(t, w, 10))
	w.Bank.Ask(func(b *workflowtest.Bank) { b.RefuseCard = bank.ReasonCardElementsMismatch })
	assert.Equal(t, map[registration.Code]int{registration.CodeCardElementsMismatch: 20, registration.CodeCardAttemptsExceeded: 10}, rush(t, w, 30))
	w.Bank.Ask(func(b *workflowtest.Bank) { b.RefuseCard = "" })
	assert.Equal(t, map[registration.Code]int{registration.CodeCardAttemptsExceeded: 1}, rush(t, w, 1))
}

// The activity that has counted the last mismatch is tried again: its own does not stand in its way.
func TestATryDoesNotCountAgainstItself(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	card, act := workflowtest.Card(1).Number, ""
	for range registration.MismatchesAccount {
		act = registration.NewID("act")
		refusal, err := w.Store.TryCard(t.Context(), "acct-1", card, act)
		require.NoError(t, err)
		require.Nil(t, refusal)
		require.NoError(t, w.Store.CardMismatched(t.Context(), "acct-1", card, act))
	}
	for try, refused := range map[string]bool{act: false, registration.NewID("act"): true} {
		refusal, err := w.Store.TryCard(t.Context(), "acct-1", card, try)
		require.NoError(t, err)
		require.Equal(t, refused, refusal != nil)
	}
}

// A try whose outcome was lost with its worker counts for a minute, no longer.
func TestLostTryAtACardIsForgotten(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	try := func() *registration.Refusal {
		refusal, err := w.Store.TryCard(t.Context(), "acct-1", workflowtest.Card(1).Number, registration.NewID("act"))
		require.NoError(t, err)
		return refusal
	}
	for range registration.MismatchesAccount {
		require.Nil(t, try())
	}
	refusal := try()
	require.NotNil(t, refusal)
	require.Equal(t, registration.CodeCardAttemptsExceeded, refusal.Code)
	require.WithinDuration(t, w.Now().Add(time.Minute), *refusal.RetryAt, 0)
	w.Pass(time.Minute)
	require.Nil(t, try())
}

// companyRequired brings an enterprise to where its company information is awaited; the nth person is an agent.
func companyRequired(t *testing.T, w *workflowtest.World, account string, n int) registration.Step {
	t.Helper()
	step := open(t, w, registration.Enterprise, account, n)
	session := "qrs-" + step.Subject
	act := step
	act.ActID = registration.NewID("act")
	act.Role = registration.AuthorizedAgent
	_, _, err := w.Store.BeginAct(t.Context(), postgres.Act{ID: act.ActID, RegistrationID: step.Subject, Act: registration.ActAdminSession, Actor: step.Actor}, "", nil)
	require.NoError(t, err)
	_, err = w.Store.SessionOpened(t.Context(), act, postgres.AdminSession{SessionID: session, QRPayload: "x", ExpiresAt: w.Now()})
	require.NoError(t, err)
	p := workflowtest.Person(n)
	w.Report(postgres.Report{Source: "wallet", Type: "session.verified", Key: session, Person: dossier.WalletReport{Holder: p.Holder, IDNumber: p.IDNumber}})
	result, err := w.Store.Steps().Look(t.Context(), step)
	require.NoError(t, err)
	require.Equal(t, registration.CompanyRequired, result.State)
	return step
}

// Reports, steps, refusals and payments of one registration meet from all sides: nothing deadlocks, nothing is lost.
func TestReportsAndStepsDoNotDeadlock(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	for round := range 20 {
		step := open(t, w, registration.Enterprise, fmt.Sprintf("acct-%d", round), round)
		act := step
		act.ActID = registration.NewID("act")
		session := fmt.Sprintf("qrs-%d", round)
		act.Role = registration.AuthorizedAgent
		_, _, err := w.Store.BeginAct(t.Context(), postgres.Act{ID: act.ActID, RegistrationID: step.Subject, Act: registration.ActAdminSession}, "", nil)
		require.NoError(t, err)
		p := workflowtest.Person(round)
		report := postgres.Report{Source: "wallet", Type: "session.verified", Key: session, Person: dossier.WalletReport{Holder: p.Holder, IDNumber: p.IDNumber}}
		atOnce(
			func() {
				_, err := w.Store.SessionOpened(context.Background(), act, postgres.AdminSession{SessionID: session, QRPayload: "x", ExpiresAt: w.Now()})
				assert.NoError(t, err)
			},
			func() {
				first := report
				first.MessageID = "a" + session
				_, err := w.Store.TakeReport(context.Background(), first)
				assert.NoError(t, err)
			},
			func() {
				again := report
				again.MessageID = "b" + session
				_, err := w.Store.TakeReport(context.Background(), again)
				assert.NoError(t, err)
			},
			func() {
				assert.NoError(t, w.Store.EndAct(context.Background(), act.ActID, registration.Refuse(registration.CodeProviderUnavailable)))
			},
		)
		if w.Count(`select count(*) from admin_sessions where registration_id = $1`, step.Subject) > 0 { // the act was not ended first
			require.Positive(t, w.Count(`select count(*) from outbox where kind = 'signal' and ref = $1`, step.Subject), "the run is told")
		}
	}
}

// A step that is repeated after others, as a lost workflow task repeats them, answers its act the same, and says where
// the registration stands by now.
func TestStepsRepeatedInAnotherOrder(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	step := cardSent(t, w, "acct-1", 1)
	wrong := put(t, w, step, dossier.PurposeCode, dossier.Code{Code: "000000"})
	first, err := w.Store.CodeIncorrect(t.Context(), wrong)
	require.NoError(t, err)
	right := put(t, w, step, dossier.PurposeCode, dossier.Code{Code: "123456"})
	second, err := w.Store.CardProven(t.Context(), right)
	require.NoError(t, err)
	require.Equal(t, registration.DetailsRequired, second.State)

	again, err := w.Store.CardProven(t.Context(), right)
	require.NoError(t, err)
	assert.Equal(t, second.Refusal, again.Refusal)
	assert.Equal(t, second.State, again.State)
	assert.Equal(t, second.Sequence, again.Sequence)
	late, err := w.Store.CodeIncorrect(t.Context(), wrong)
	require.NoError(t, err)
	assert.Equal(t, first.Refusal, late.Refusal)
	assert.Equal(t, registration.DetailsRequired, late.State, "where it stands by now")
	assert.Equal(t, 1, w.Count(`select count(*) from timeline where event = 'identity_verified'`))
}

func TestOpeningRepeated(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	app := w.Verified(w.Application(registration.Individual, "acct-1", 1), workflowtest.Person(1))
	first, err := w.Store.Steps().Open(t.Context(), app)
	require.NoError(t, err)
	second, err := w.Store.Steps().Open(t.Context(), app)
	require.NoError(t, err)
	assert.Equal(t, first.State, second.State)
	assert.True(t, first.Wake.Equal(*second.Wake))
	assert.Equal(t, 1, w.Count(`select count(*) from timeline`))
}
