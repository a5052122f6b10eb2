package sandbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/bank"
	"shiming/internal/sandbox"
	"shiming/internal/wallet"
)

func setFault(t *testing.T, w *world, body string) {
	t.Helper()
	require.Equal(t, http.StatusOK, w.call(t, http.MethodPost, "/faults", body, nil))
}

func TestFaultDownIsAtOnceAndForOneParty(t *testing.T) {
	t.Parallel()
	inBubble(t, sandbox.Config{}, func(t *testing.T, w *world) {
		setFault(t, w, `{"target":"bank","mode":"down"}`)
		began := time.Now()
		_, err := w.bank.Transfer(t.Context(), order("pay-1", "62284800006789"))
		require.ErrorIs(t, err, bank.ErrUnavailable)
		require.Zero(t, time.Since(began))
		require.Empty(t, w.ledger(t, ""), "the ledger can be looked at all the same")
		require.NoError(t, w.wallet.CheckPaymentPassword(t.Context(), "acc", "123456"))

		require.Equal(t, http.StatusOK, w.call(t, http.MethodDelete, "/faults", "", nil))
		_, err = w.bank.Transfer(t.Context(), order("pay-1", "62284800006789"))
		require.NoError(t, err)
	})
}

func TestFaultSlow(t *testing.T) {
	t.Parallel()
	inBubble(t, sandbox.Config{}, func(t *testing.T, w *world) {
		setFault(t, w, `{"target":"wallet","mode":"slow"}`)
		patient, err := wallet.New(wallet.Config{BaseURL: w.url, APIKey: "key", HTTPClient: w.http, Timeout: 20 * time.Second})
		require.NoError(t, err)
		began := time.Now()
		require.ErrorIs(t, patient.CheckPaymentPassword(t.Context(), "acc", "000000"), wallet.ErrPasswordIncorrect)
		require.Equal(t, 12*time.Second, time.Since(began))
	})
}

func TestFaultTimeoutDoesIt(t *testing.T) {
	t.Parallel()
	inBubble(t, sandbox.Config{}, func(t *testing.T, w *world) {
		setFault(t, w, `{"target":"bank","mode":"timeout","for":"20s"}`)
		_, err := w.bank.Transfer(t.Context(), order("pay-1", "62284800006789"))
		require.ErrorIs(t, err, bank.ErrUnknown)
		require.Len(t, w.ledger(t, ""), 1)
		_, _, err = w.bank.FindTransfer(t.Context(), "pay-1")
		require.ErrorIs(t, err, bank.ErrUnavailable)
		after(20 * time.Second)
		_, found, err := w.bank.FindTransfer(t.Context(), "pay-1")
		require.NoError(t, err, "the fault has ended by itself")
		require.True(t, found)
	})
}

func TestFaultErrorRate(t *testing.T) {
	t.Parallel()
	inBubble(t, sandbox.Config{}, func(t *testing.T, w *world) {
		const calls = 400
		setFault(t, w, `{"target":"wallet","mode":"error_rate","rate":0.3}`)
		failed := 0
		for range calls {
			if err := w.wallet.CheckPaymentPassword(t.Context(), "acc", "123456"); err != nil {
				require.ErrorIs(t, err, wallet.ErrUnavailable)
				failed++
			}
		}
		// 120 expected; further off than 60 is less likely than one in 10^10.
		require.InDelta(t, 0.3*calls, failed, 60)
	})
}

func TestFaultsAreChecked(t *testing.T) {
	t.Parallel()
	inBubble(t, sandbox.Config{}, func(t *testing.T, w *world) {
		for _, body := range []string{
			`{"target":"moon","mode":"down"}`, `{"target":"bank","mode":"odd"}`, `{"target":"bank","mode":"error_rate","rate":2}`,
			`{"target":"bank","mode":"down","for":"soon"}`, `{"target":"bank","mode":"down","for":"-1s"}`,
		} {
			require.Equal(t, http.StatusUnprocessableEntity, w.call(t, http.MethodPost, "/faults", body, nil), body)
		}
		require.Equal(t, http.StatusBadRequest, w.call(t, http.MethodPost, "/faults", "down", nil))
		var active []map[string]any
		w.call(t, http.MethodGet, "/faults", "", &active)
		require.Equal(t, []map[string]any{}, active)
	})
}
