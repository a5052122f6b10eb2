package postgres_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/dossier"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// The first attempt to clear is begun in the task that delivers the decision: it may be lost with it, and then the run must
// be told.
func TestAnAttemptToClearIsNotTakenForAcknowledged(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	app := w.ClearingApplication("acct-1", workflowtest.ClaimOf(1), false)
	opened, err := w.Store.Steps().OpenClearing(t.Context(), app)
	require.NoError(t, err)
	require.Nil(t, opened.Refusal)
	_, err = w.Store.Pool().Exec(t.Context(), `update clearings set state = 'clearing', sequence = sequence + 1, version = version + 1`)
	require.NoError(t, err)
	require.NoError(t, w.Store.Acknowledge(t.Context(), app.ClearingID, 1))
	result, err := w.Store.Steps().ClearingAttempt(t.Context(), registration.Step{Subject: app.ClearingID, Actor: registration.ByWalletHub})
	require.NoError(t, err)
	require.Equal(t, 1, result.Attempt)
	run, err := w.Store.RunOf(t.Context(), app.ClearingID)
	require.NoError(t, err)
	assert.Less(t, run.Acknowledged, run.Version)
	assert.Equal(t, 1, w.Count(`select count(*) from outbox where kind = 'look' and version = 3`))
}

// What was handed in with a clearing is gone once its caller was answered that it did not come to be: a run that comes later
// is refused, and ends.
func TestAClearingThatWasClosedDoesNotComeToBe(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	for _, account := range []string{"acct-1", ""} {
		app := w.ClearingApplication(account, workflowtest.ClaimOf(1), false)
		stands, err := w.Store.CloseOpening(t.Context(), app.ClearingID)
		require.NoError(t, err)
		require.False(t, stands)
		result, err := w.Store.Steps().OpenClearing(t.Context(), app)
		require.NoError(t, err)
		require.NotNil(t, result.Refusal)
		assert.Equal(t, registration.CodeNotFound, result.Refusal.Code)
	}
}

// A run's answer is put on record while the next step is being written: each waits for the other's row, in one order.
func TestAcknowledgingAndSteppingTakeTheirLocksInOneOrder(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	step := cardSent(t, w, "acct-1", 1)
	run, err := w.Store.RunOf(t.Context(), step.Subject)
	require.NoError(t, err)
	for range 40 {
		act := put(t, w, step, dossier.PurposeCode, dossier.Code{Code: "123456"})
		var failed, unacknowledged error
		atOnce(
			func() { unacknowledged = w.Store.Acknowledge(context.Background(), step.Subject, run.Version) },
			func() {
				_, failed = w.Store.RefuseAct(context.Background(), registration.Refusing{Step: act, Refusal: registration.Refusal{Code: registration.CodeProviderUnavailable}})
			},
		)
		require.NoError(t, failed)
		require.NoError(t, unacknowledged)
		run.Version++
	}
}
