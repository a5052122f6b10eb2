package banktest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/bank"
)

// withKey gives an order its key.
func withKey(order bank.Transfer) bank.Transfer {
	order.Key = newKey()
	return order
}

func requirePaidOnce(t *testing.T, h Harness, order bank.Transfer) {
	t.Helper()
	require.Equal(t, []int64{order.AmountFen}, h.Paid(order.AccountNumber))
}

func paysOncePerKey(t *testing.T, h Harness) {
	order := withKey(h.Order())
	for range 3 {
		status, err := h.Bank.Transfer(context.Background(), order)
		require.NoError(t, err)
		require.Equal(t, order.Key, status.Key)
		require.Contains(t, []bank.TransferState{bank.TransferSent, bank.TransferSettled}, status.State)
	}
	requirePaidOnce(t, h, order)

	again := order
	again.Key = newKey()
	_, err := h.Bank.Transfer(context.Background(), again)
	require.NoError(t, err)
	require.Len(t, h.Paid(order.AccountNumber), 2, "another key is another payment")
}

func paysOnceConcurrently(t *testing.T, h Harness) {
	const sides = 16
	order := withKey(h.Order())
	var all sync.WaitGroup
	for range sides {
		all.Go(func() {
			_, err := h.Bank.Transfer(context.Background(), order)
			assert.NoError(t, err)
		})
	}
	all.Wait()
	requirePaidOnce(t, h, order)
}

func refusesAnotherAmount(t *testing.T, h Harness) {
	order := withKey(h.Order())
	_, err := h.Bank.Transfer(context.Background(), order)
	require.NoError(t, err)
	changed := order
	changed.AmountFen++
	_, err = h.Bank.Transfer(context.Background(), changed)
	require.ErrorIs(t, err, bank.ErrKeyReused)
	requirePaidOnce(t, h, order)
}

func refusesForGood(t *testing.T, h Harness) {
	order := withKey(h.RefusedOrder())
	for range 2 {
		_, err := h.Bank.Transfer(context.Background(), order)
		requireRefusal(t, err, bank.ReasonAccountNotFound)
	}
	require.Empty(t, h.Paid(order.AccountNumber))
	status, found, err := h.Bank.FindTransfer(context.Background(), order.Key)
	require.NoError(t, err)
	if found { // a bank may forget what it refused, it must not call it paid
		require.Equal(t, bank.TransferStatus{Key: order.Key, State: bank.TransferFailed, Reason: bank.ReasonAccountNotFound}, status)
	}
}

func findsNothing(t *testing.T, h Harness) {
	_, found, err := h.Bank.FindTransfer(context.Background(), newKey())
	require.NoError(t, err)
	require.False(t, found)
}

func settles(t *testing.T, h Harness) {
	order := withKey(h.Order())
	_, err := h.Bank.Transfer(context.Background(), order)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		status, found, err := h.Bank.FindTransfer(context.Background(), order.Key)
		return err == nil && found && status.State == bank.TransferSettled
	}, h.SettlesWithin, h.SettlesWithin/100)
	status, err := h.Bank.Transfer(context.Background(), order)
	require.NoError(t, err)
	require.Equal(t, bank.TransferSettled, status.State, "a repeat answers with the transfer as it stands")
	requirePaidOnce(t, h, order)
}

func busyDoesNothing(t *testing.T, h Harness) {
	if h.BusyOrder == nil {
		t.Skip("this bank cannot be made busy")
	}
	order := withKey(h.BusyOrder())
	_, err := h.Bank.Transfer(context.Background(), order)
	require.ErrorIs(t, err, bank.ErrUnavailable)
	require.Empty(t, h.Paid(order.AccountNumber))
	_, found, err := h.Bank.FindTransfer(context.Background(), order.Key)
	require.NoError(t, err)
	require.False(t, found)
	for tries := 0; err != nil || tries == 0; tries++ {
		require.Less(t, tries, 10, "the bank stays busy")
		_, err = h.Bank.Transfer(context.Background(), order)
	}
	requirePaidOnce(t, h, order)
}

func findsLostAnswer(t *testing.T, h Harness) {
	if h.MuteOrder == nil {
		t.Skip("this bank cannot be made to lose an answer")
	}
	order := withKey(h.MuteOrder())
	ctx, giveUp := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer giveUp()
	_, err := h.Bank.Transfer(ctx, order)
	require.ErrorIs(t, err, bank.ErrUnknown)
	require.NotErrorIs(t, err, bank.ErrUnavailable)
	status, found, err := h.Bank.FindTransfer(context.Background(), order.Key)
	require.NoError(t, err)
	require.True(t, found)
	require.Contains(t, []bank.TransferState{bank.TransferSent, bank.TransferSettled}, status.State)
	requirePaidOnce(t, h, order)
}
