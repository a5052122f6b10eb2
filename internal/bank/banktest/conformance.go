package banktest

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/bank"
)

// Conformance runs every test, each with a harness of its own.
func Conformance(t *testing.T, newBank func(t *testing.T) Harness) {
	t.Helper()
	tests := map[string]func(*testing.T, Harness){
		"binding a card with the code from its phone":     bindsWithCode,
		"binding again with the same key sends no SMS":    bindsOncePerKey,
		"a key used for another card is refused":          refusesAnotherCard,
		"each unusable card has its own reason":           refusesCards,
		"a wrong code is refused and the right one taken": refusesWrongCode,
		"a resent code voids the former one":              resendVoids,
		"resending again with the same key sends no SMS":  resendsOncePerKey,
		"an unknown binding has to be started over":       unknownBinding,

		"a transfer is paid once however often it comes": paysOncePerKey,
		"a transfer is paid once from many sides":        paysOnceConcurrently,
		"a key used for another amount pays nothing":     refusesAnotherAmount,
		"a transfer to no account is refused for good":   refusesForGood,
		"a key nobody used is not found":                 findsNothing,
		"a transfer settles":                             settles,
		"a busy bank has done nothing":                   busyDoesNothing,
		"a lost answer is found by its key":              findsLostAnswer,

		"the statement has each accepted transfer once":  statesWhatItAccepted,
		"the statement has the state of now":             statesTheStateOfNow,
		"the statement has nothing that was refused":     statesNothingItRefused,
		"the statement of a long day has all of it":      statesAllOfALongDay,
		"a day without transfers has an empty statement": statesAnEmptyDay,

		"an unreachable bank has done nothing": unreachable,
		"errors give nothing away":             errorsAreDiscreet,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newBank(t))
		})
	}
}

func newKey() string { return "banktest-" + rand.Text() }

// requireRefusal asserts that err is the bank's no for this reason.
func requireRefusal(t *testing.T, err error, reason bank.Reason) {
	t.Helper()
	var refusal *bank.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, reason, refusal.Reason)
}

func unreachable(t *testing.T, h Harness) {
	ctx := context.Background()
	_, err := h.Unreachable.BindCard(ctx, newKey(), h.Card())
	require.ErrorIs(t, err, bank.ErrUnavailable)
	require.ErrorIs(t, h.Unreachable.ResendCode(ctx, newKey(), "binding"), bank.ErrUnavailable)
	require.ErrorIs(t, h.Unreachable.ConfirmCode(ctx, "binding", "123456"), bank.ErrUnavailable)
	order := h.Order()
	order.Key = newKey()
	_, err = h.Unreachable.Transfer(ctx, order)
	require.ErrorIs(t, err, bank.ErrUnavailable)
	require.NotErrorIs(t, err, bank.ErrUnknown)
	_, found, err := h.Unreachable.FindTransfer(ctx, order.Key)
	require.ErrorIs(t, err, bank.ErrUnavailable, "no answer is not the answer that there is no such transfer")
	require.False(t, found)
	_, err = h.Unreachable.Statement(ctx, time.Now())
	require.ErrorIs(t, err, bank.ErrUnavailable, "no answer is not a day without transfers")
}

func errorsAreDiscreet(t *testing.T, h Harness) {
	ctx := context.Background()
	order := h.RefusedOrder()
	order.Key = newKey()
	var errs []error
	for _, b := range []Bank{h.Bank, h.Unreachable} {
		_, err := b.Transfer(ctx, order)
		errs = append(errs, err)
		for _, card := range h.RefusedCards {
			_, err := b.BindCard(ctx, newKey(), card)
			errs = append(errs, err)
			for _, secret := range []string{card.Number, card.Holder, card.IDNumber, card.Phone} {
				assert.NotContains(t, err.Error(), secret)
			}
		}
	}
	for _, err := range errs {
		require.Error(t, err)
		assert.NotContains(t, err.Error(), order.AccountNumber)
		assert.NotContains(t, err.Error(), order.AccountName)
	}
}
