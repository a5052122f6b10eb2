package postgres_test

import (
	"context"
	"fmt"
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

// begin notes an act and returns why it was not.
func begin(t *testing.T, w *workflowtest.World, step registration.Step, act registration.Act, input any) (string, *registration.Refusal) {
	t.Helper()
	id, purpose := registration.NewID("act"), ""
	if input != nil {
		purpose = dossier.PurposeCard
	}
	_, refusal, err := w.Store.BeginAct(context.Background(), postgres.Act{ID: id, RegistrationID: step.Subject, Act: act, Actor: step.Actor}, purpose, input)
	require.NoError(t, err)
	return id, refusal
}

func end(t *testing.T, w *workflowtest.World, step registration.Step) {
	t.Helper()
	result, err := w.Store.Steps().Withdraw(t.Context(), step)
	require.NoError(t, err)
	require.Equal(t, registration.Withdrawn, result.State)
}

// Withdrawing and opening anew resets nothing, whatever the acts were.
func TestAnAccountsActsCountOverItsRegistrations(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	kinds := []registration.Act{registration.ActAdminSession, registration.ActCompany, registration.ActPayout, registration.ActCardCode}
	done := 0
	for reg := 0; done < registration.VerificationActs; reg++ {
		step := open(t, w, registration.Enterprise, "acct-1", reg)
		for range min(3+reg, registration.VerificationActs-done) {
			_, refusal := begin(t, w, step, kinds[done%len(kinds)], nil)
			require.Nil(t, refusal)
			done++
			w.Pass(time.Minute)
		}
		end(t, w, step)
	}
	first := workflowtest.Monday()
	step := open(t, w, registration.Enterprise, "acct-1", 99)
	for _, act := range kinds {
		_, refusal := begin(t, w, step, act, nil)
		requireLimit(t, first.Add(24*time.Hour), refusal)
	}
	_, refusal := begin(t, w, step, registration.ActSubmit, nil)
	require.Nil(t, refusal, "what verifies nothing goes on")
	other := open(t, w, registration.Enterprise, "acct-2", 98)
	_, refusal = begin(t, w, other, registration.ActAdminSession, nil)
	require.Nil(t, refusal, "another account's")

	w.Pass(first.Add(24*time.Hour + time.Second).Sub(w.Now()))
	_, refusal = begin(t, w, step, registration.ActAdminSession, nil)
	require.Nil(t, refusal, "a day after the first")
	_, refusal = begin(t, w, step, registration.ActAdminSession, nil)
	requireLimit(t, first.Add(24*time.Hour+time.Minute), refusal)
}

func requireLimit(t *testing.T, free time.Time, refusal *registration.Refusal) {
	t.Helper()
	require.NotNil(t, refusal)
	require.Equal(t, registration.CodeAccountLimitReached, refusal.Code)
	require.NotNil(t, refusal.RetryAt)
	require.WithinDuration(t, free, *refusal.RetryAt, time.Millisecond)
}

// A registration that has used up its own share hears of that.
func TestARegistrationsOwnShareIsToldFirst(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	step := open(t, w, registration.Enterprise, "acct-1", 1)
	for range registration.VerificationActs {
		_, refusal := begin(t, w, step, registration.ActAdminSession, nil)
		require.Nil(t, refusal)
	}
	_, refusal := begin(t, w, step, registration.ActAdminSession, nil)
	require.Equal(t, registration.CodeActsExceeded, refusal.Code)
}

// What was answered "not done", or was refused because a provider stayed away, costs the account nothing.
func TestActsThatWereNotDoneCostTheAccountNothing(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	step := open(t, w, registration.Enterprise, "acct-1", 1)
	for range registration.VerificationActs {
		closed, refusal := begin(t, w, step, registration.ActAdminSession, nil)
		require.Nil(t, refusal)
		ok, err := w.Store.CloseAct(t.Context(), closed)
		require.NoError(t, err)
		require.True(t, ok)
		away, refusal := begin(t, w, step, registration.ActPayout, nil)
		require.Nil(t, refusal)
		refused := step
		refused.ActID = away
		_, err = w.Store.RefuseAct(t.Context(), registration.Refusing{Step: refused, Refusal: registration.Refusal{Code: registration.CodeProviderUnavailable}})
		require.NoError(t, err)
	}
	end(t, w, step)
	_, refusal := begin(t, w, open(t, w, registration.Enterprise, "acct-1", 2), registration.ActCompany, nil)
	require.Nil(t, refusal)
}

// Acts begun at once on several registrations of an account count each: of four, when one is left, one is begun.
func TestAnAccountsActsHoldAgainstARush(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	for round := range 10 {
		var steps []registration.Step
		for n := range 4 {
			steps = append(steps, open(t, w, registration.Enterprise, fmt.Sprintf("acct-%d", round), n))
			end(t, w, steps[n])
		}
		for n := range registration.VerificationActs - 1 {
			_, refusal := begin(t, w, steps[n%len(steps)], registration.ActAdminSession, nil)
			require.Nil(t, refusal)
		}
		codes := rushOf(len(steps), func(n int) registration.Code {
			_, refusal := begin(t, w, steps[n], registration.ActAdminSession, nil)
			return codeOf(refusal)
		})
		require.Equal(t, map[registration.Code]int{"": 1, registration.CodeAccountLimitReached: 3}, codes)
	}
}

func codeOf(refusal *registration.Refusal) registration.Code {
	if refusal == nil {
		return ""
	}
	return refusal.Code
}

// rushOf does something n times at once and counts the answers.
func rushOf(n int, do func(n int) registration.Code) map[registration.Code]int {
	var mu sync.Mutex
	codes := map[registration.Code]int{}
	var all []func()
	for i := range n {
		all = append(all, func() {
			code := do(i)
			mu.Lock()
			defer mu.Unlock()
			codes[code]++
		})
	}
	atOnce(all...)
	return codes
}

func TestAnAccountsOpeningsAreLimited(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	for n := range registration.OpeningsADay {
		kind := []registration.Kind{registration.Individual, registration.Enterprise}[n%2]
		app := w.Application(kind, "acct-1", n)
		for range 2 { // its first step, and the same again
			result, err := w.Store.Steps().Open(t.Context(), app)
			require.NoError(t, err)
			require.Nil(t, result.Refusal)
		}
		end(t, w, registration.Step{Subject: app.RegistrationID, Actor: registration.ByApplicant})
		w.Pass(time.Minute)
	}
	free := workflowtest.Monday().Add(24 * time.Hour)
	refusal, err := w.Store.MayRegister(t.Context(), "acct-1", "reg_other")
	require.NoError(t, err)
	requireLimit(t, free, refusal)
	result, err := w.Store.Steps().Open(t.Context(), w.Application(registration.Individual, "acct-1", 99))
	require.NoError(t, err)
	requireLimit(t, free, result.Refusal)
	open(t, w, registration.Individual, "acct-2", 98)

	w.Pass(free.Add(time.Second).Sub(w.Now()))
	open(t, w, registration.Individual, "acct-1", 97)
}

// The phone on the card, or the registration's own: whoever's acts they are, it is sent so much a day and no more.
func TestAPhoneIsReachedSoOftenADay(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	var steps []registration.Step
	for n := range 12 {
		steps = append(steps, open(t, w, registration.Individual, fmt.Sprintf("acct-%d", n), n))
	}
	codes := rushOf(60, func(n int) registration.Code {
		_, refusal := begin(t, w, steps[n%len(steps)], registration.ActCard, workflowtest.Card(500))
		return codeOf(refusal)
	})
	require.Equal(t, map[registration.Code]int{"": registration.ActsPerAddress, registration.CodeAccountLimitReached: 20}, codes)
	_, refusal := begin(t, w, steps[0], registration.ActCard, workflowtest.Card(500))
	requireLimit(t, w.Now().Add(24*time.Hour), refusal)
	assert.Contains(t, refusal.Detail, "phone")
	assert.NotContains(t, refusal.Detail, "acct-")

	_, refusal = begin(t, w, steps[0], registration.ActCard, workflowtest.Card(501))
	require.Nil(t, refusal, "another phone")
	enterprise := open(t, w, registration.Enterprise, "corp-1", 500) // whose own phone it is
	_, refusal = begin(t, w, enterprise, registration.ActAdminSession, nil)
	require.Nil(t, refusal, "it sends nothing")
	for _, act := range []registration.Act{registration.ActCompany, registration.ActPayout} {
		_, refusal = begin(t, w, enterprise, act, nil)
		requireLimit(t, w.Now().Add(24*time.Hour), refusal)
	}
	w.Pass(24*time.Hour + time.Second)
	_, refusal = begin(t, w, enterprise, registration.ActCompany, nil)
	require.Nil(t, refusal)
}

// Codes that are sent again reach the phone too.
func TestCodesSentAgainReachThePhone(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	begun := 0
	for n := 0; begun < registration.ActsPerAddress; n++ {
		step := open(t, w, registration.Individual, fmt.Sprintf("acct-%d", n), n)
		act := put(t, w, step, dossier.PurposeCard, workflowtest.Card(500))
		_, err := w.Store.CardAccepted(t.Context(), act, fmt.Sprintf("bnd-%d", n))
		require.NoError(t, err)
		begun++
		for range min(4, registration.ActsPerAddress-begun) {
			_, refusal := begin(t, w, step, registration.ActCardResend, nil)
			require.Nil(t, refusal)
			begun++
		}
		if begun == registration.ActsPerAddress {
			_, refusal := begin(t, w, step, registration.ActCardResend, nil)
			requireLimit(t, w.Now().Add(24*time.Hour), refusal)
		}
	}
}

// Other phones, one mailbox.
func TestAMailboxIsReachedSoOftenADay(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	enterprise := func(n int) registration.Step {
		id := registration.NewID("reg")
		require.NoError(t, w.Store.NewSubject(t.Context(), id))
		ref, err := w.Store.Put(t.Context(), postgres.Own(id), dossier.PurposeApplicant, dossier.Applicant{Name: "Harbour Light", Email: "victim@example.com", Phone: fmt.Sprintf("139%08d", n)})
		require.NoError(t, err)
		_, err = w.Store.Steps().Open(t.Context(), registration.Application{
			RegistrationID: id, AccountID: fmt.Sprintf("acct-%d", n), Kind: registration.Enterprise, Locale: registration.English, ApplicantRef: ref,
		})
		require.NoError(t, err)
		return registration.Step{Subject: id, Actor: registration.ByApplicant}
	}
	for n := range registration.ActsPerAddress {
		_, refusal := begin(t, w, enterprise(n), registration.ActCompany, nil)
		require.Nil(t, refusal)
	}
	_, refusal := begin(t, w, enterprise(99), registration.ActCompany, nil)
	requireLimit(t, w.Now().Add(24*time.Hour), refusal)
	assert.Contains(t, refusal.Detail, "mailbox")
}

// An act that was refused, or never done, has sent nothing: a stranger's wrong tries do not use up somebody's phone.
func TestWhatSentNothingDoesNotReach(t *testing.T) {
	t.Parallel()
	for name, over := range map[string]func(w *workflowtest.World, step registration.Step) error{
		"forgotten": func(w *workflowtest.World, step registration.Step) error {
			return w.Store.ForgetAct(t.Context(), step.ActID)
		},
		"closed": func(w *workflowtest.World, step registration.Step) error {
			_, err := w.Store.CloseAct(t.Context(), step.ActID)
			return err
		},
		"refused": func(w *workflowtest.World, step registration.Step) error {
			_, err := w.Store.RefuseAct(t.Context(), registration.Refusing{Step: step, Refusal: registration.Refusal{Code: registration.CodeCardNotDebit}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := workflowtest.New(t, workflowtest.Monday(), nil)
			var step registration.Step
			for n := range registration.ActsPerAddress + 1 {
				if n%10 == 0 {
					step = open(t, w, registration.Individual, fmt.Sprintf("acct-%d", n), n)
				}
				tried := step
				var refusal *registration.Refusal
				tried.ActID, refusal = begin(t, w, step, registration.ActCard, workflowtest.Card(500))
				require.Nil(t, refusal)
				require.NoError(t, over(w, tried))
			}
		})
	}
}

// Four payments a day, whichever of its registrations asks, to whichever bank accounts.
func TestAnAccountIsPaidSoOftenADay(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	for n := range registration.PaymentsADay {
		step := companyRequired(t, w, "acct-1", n)
		result, err := takeCompany(w, step, n)
		require.NoError(t, err)
		require.Nil(t, result.Refusal)
		end(t, w, step)
		w.Pass(time.Minute)
	}
	step := companyRequired(t, w, "acct-1", 99)
	result, err := takeCompany(w, step, 99)
	require.NoError(t, err)
	requireLimit(t, workflowtest.Monday().Add(24*time.Hour), result.Refusal)
	company := workflowtest.Company(98)
	refusal, err := w.Store.PaymentBarred(t.Context(), step.Subject, &company)
	require.NoError(t, err)
	requireLimit(t, workflowtest.Monday().Add(24*time.Hour), refusal)

	other := companyRequired(t, w, "acct-2", 97)
	result, err = takeCompany(w, other, 97)
	require.NoError(t, err)
	require.Nil(t, result.Refusal)
	w.Pass(24 * time.Hour)
	result, err = takeCompany(w, step, 99)
	require.NoError(t, err)
	require.Nil(t, result.Refusal)
}
