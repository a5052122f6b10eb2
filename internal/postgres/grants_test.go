package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// grantNeeded is a registration that was refused a payment to the first company's bank account, which strangers have used up.
func grantNeeded(t *testing.T, w *workflowtest.World) registration.Step {
	t.Helper()
	for n := range registration.PaymentsPerAccount {
		step := companyRequired(t, w, fmt.Sprintf("stranger-%d", n), 50+n)
		require.Nil(t, toBank(t, w, step, 50+n))
		accept(t, w, step)
	}
	step := companyRequired(t, w, "holder", 60)
	require.Equal(t, registration.CodePayoutLimitReached, codeOf(toBank(t, w, step, 60)))
	return step
}

// toBank hands in the nth company with the first one's bank account.
func toBank(t *testing.T, w *workflowtest.World, step registration.Step, n int) *registration.Refusal {
	t.Helper()
	company := workflowtest.Company(n)
	company.Bank.AccountNumber = workflowtest.Company(1).Bank.AccountNumber
	act := put(t, w, step, "company", company)
	result, err := w.Store.Steps().TakeCompany(t.Context(), act)
	require.NoError(t, err)
	return result.Refusal
}

// newest names a registration's newest payment.
func newest(w *workflowtest.World, step registration.Step) string {
	return w.Strings(`select id from payments where registration_id = $1 order by requested_at desc limit 1`, step.Subject)[0]
}

// accept has the bank accept a registration's newest payment.
func accept(t *testing.T, w *workflowtest.World, step registration.Step) {
	t.Helper()
	id := newest(w, step)
	err := w.Store.PaymentNotified(t.Context(), id)
	require.NoError(t, err)
	_, err = w.Store.TakeOrder(t.Context(), id)
	require.NoError(t, err)
	err = w.Store.OrderAnswered(t.Context(), id, "transfer.sent", "")
	require.NoError(t, err)
}

func granted(t *testing.T, w *workflowtest.World, step registration.Step) *registration.Refusal {
	t.Helper()
	refusal, err := w.Store.GrantPayout(context.Background(), step.Subject, "ops:chen", "the holder called")
	require.NoError(t, err)
	return refusal
}

func TestAGrantThatNobodyNeedsIsRefused(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	step := companyRequired(t, w, "acct-1", 1)
	require.Nil(t, toBank(t, w, step, 1))
	accept(t, w, step)
	for range 2 {
		refusal := granted(t, w, step)
		require.Equal(t, registration.CodeWrongState, codeOf(refusal), "one payment of two")
		require.Contains(t, refusal.Detail, "No grant is needed")
	}
	require.Zero(t, w.Count(`select count(*) from payment_grants`))
	require.Zero(t, w.Count(`select count(*) from timeline where event = 'payout_granted'`))
}

// Whose refusal is over needs none any more.
func TestAGrantIsNotNeededAfterThirtyDays(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	step := grantNeeded(t, w)
	w.Pass(30*24*time.Hour + time.Second)
	refusal := granted(t, w, step)
	require.Equal(t, registration.CodeWrongState, codeOf(refusal))
	require.Contains(t, refusal.Detail, "No grant is needed")
}

// Two persons grant the same payment at once: there is one.
func TestOneUnusedGrantAtATime(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	step := grantNeeded(t, w)
	codes := rushOf(6, func(int) registration.Code { return codeOf(granted(t, w, step)) })
	require.Equal(t, map[registration.Code]int{"": 1, registration.CodeWrongState: 5}, codes)
	require.Contains(t, granted(t, w, step).Detail, "has not been used")
	require.Nil(t, toBank(t, w, step, 60), "the one that was granted")
	assert.Equal(t, 1, w.Count(`select count(*) from payment_grants`))
}

// Three a bank account in thirty days, whoever of its claimants gets them.
func TestABankAccountIsGrantedThreePayments(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	step, first := grantNeeded(t, w), w.Now()
	for n := range registration.GrantsPerAccount {
		require.Nil(t, granted(t, w, step))
		require.Nil(t, toBank(t, w, step, 60+n))
		accept(t, w, step)
		end(t, w, step)
		w.Pass(time.Hour)
		step = companyRequired(t, w, fmt.Sprintf("holder-%d", n), 61+n)
		require.Equal(t, registration.CodePayoutLimitReached, codeOf(toBank(t, w, step, 61+n)))
	}
	refusal := granted(t, w, step)
	require.Equal(t, registration.CodePayoutLimitReached, codeOf(refusal))
	require.WithinDuration(t, first.Add(30*24*time.Hour), *refusal.RetryAt, time.Millisecond)
	require.Equal(t, registration.GrantsPerAccount, w.Count(`select count(*) from payment_grants`))
}

// Five claimants of one bank account are granted a payment at once: three get one.
func TestGrantsOfABankAccountHoldAgainstARush(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	grantNeeded(t, w)
	var steps []registration.Step
	for n := range 5 {
		steps = append(steps, companyRequired(t, w, fmt.Sprintf("claimant-%d", n), 70+n))
		require.Equal(t, registration.CodePayoutLimitReached, codeOf(toBank(t, w, steps[n], 70+n)))
	}
	codes := rushOf(len(steps), func(n int) registration.Code { return codeOf(granted(t, w, steps[n])) })
	lockedOut(t, w.Store, `select pg_advisory_xact_lock(hashtextextended(encode(refused_bank, 'hex'), 1)) from registrations where refused_bank is not null limit 1`,
		func(ctx context.Context) error {
			_, err := w.Store.GrantPayout(ctx, steps[0].Subject, "ops:chen", "the holder called")
			return err
		})
	require.Equal(t, map[registration.Code]int{"": registration.GrantsPerAccount, registration.CodePayoutLimitReached: 2}, codes)
}
