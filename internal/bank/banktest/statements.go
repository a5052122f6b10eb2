package banktest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/bank"
)

// standsOn returns the transfers with these keys as the statement has them, of yesterday, today and tomorrow: a bank may
// book what it takes at midnight on either day. Each must be there once, in the order given.
func standsOn(t *testing.T, h Harness, keys ...string) []bank.StatementEntry {
	t.Helper()
	var found []bank.StatementEntry
	now := time.Now()
	for _, days := range []int{-1, 0, 1} {
		entries, err := h.Bank.Statement(context.Background(), now.AddDate(0, 0, days))
		require.NoError(t, err)
		for _, e := range entries {
			for _, key := range keys {
				if e.Key == key {
					found = append(found, e)
				}
			}
		}
	}
	stated := make([]string, len(found))
	for i, e := range found {
		stated[i] = e.Key
	}
	require.Equal(t, keys, stated, "each accepted transfer stands on the statement once, oldest first")
	return found
}

func statesWhatItAccepted(t *testing.T, h Harness) {
	ctx, began := context.Background(), time.Now().Add(-time.Minute)
	orders := []bank.Transfer{withKey(h.Order()), withKey(h.Order())}
	keys := make([]string, len(orders))
	for i, order := range orders {
		keys[i] = order.Key
		for range 2 {
			_, err := h.Bank.Transfer(ctx, order)
			require.NoError(t, err)
		}
	}
	for i, e := range standsOn(t, h, keys...) {
		number := orders[i].AccountNumber
		assert.Equal(t, orders[i].AmountFen, e.AmountFen)
		assert.Equal(t, number[len(number)-4:], e.AccountLast4)
		assert.Contains(t, []bank.TransferState{bank.TransferSent, bank.TransferSettled}, e.State)
		assert.WithinRange(t, e.At, began, time.Now().Add(time.Minute))
		status, found, err := h.Bank.FindTransfer(ctx, e.Key)
		require.NoError(t, err)
		require.True(t, found)
		assert.Equal(t, status.Reference, e.Reference, "one transfer has one name")
	}
}

func statesTheStateOfNow(t *testing.T, h Harness) {
	order := withKey(h.Order())
	_, err := h.Bank.Transfer(context.Background(), order)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		status, found, err := h.Bank.FindTransfer(context.Background(), order.Key)
		return err == nil && found && status.State == bank.TransferSettled
	}, h.SettlesWithin, h.SettlesWithin/100)
	require.Equal(t, bank.TransferSettled, standsOn(t, h, order.Key)[0].State)
}

func statesNothingItRefused(t *testing.T, h Harness) {
	refused, paid := withKey(h.RefusedOrder()), withKey(h.Order())
	_, err := h.Bank.Transfer(context.Background(), refused)
	requireRefusal(t, err, bank.ReasonAccountNotFound)
	_, err = h.Bank.Transfer(context.Background(), paid)
	require.NoError(t, err)
	standsOn(t, h, paid.Key)
	for _, days := range []int{-1, 0, 1} {
		entries, err := h.Bank.Statement(context.Background(), time.Now().AddDate(0, 0, days))
		require.NoError(t, err)
		for _, e := range entries {
			require.NotEqual(t, refused.Key, e.Key)
		}
	}
}

func statesAllOfALongDay(t *testing.T, h Harness) {
	if h.StatementPage == 0 {
		t.Skip("this bank gives a day's statement in one piece")
	}
	var keys []string
	for range h.StatementPage + 1 {
		order := withKey(h.Order())
		_, err := h.Bank.Transfer(context.Background(), order)
		require.NoError(t, err)
		keys = append(keys, order.Key)
	}
	standsOn(t, h, keys...)
}

func statesAnEmptyDay(t *testing.T, h Harness) {
	entries, err := h.Bank.Statement(context.Background(), time.Now().AddDate(-1, 0, 0))
	require.NoError(t, err, "a day without transfers has a statement too")
	require.Empty(t, entries)
}
