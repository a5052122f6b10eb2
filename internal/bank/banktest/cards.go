package banktest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"shiming/internal/bank"
)

// codeIn returns the newest code sent to the card's phone, of the given number in all.
func codeIn(t *testing.T, h Harness, card bank.Card, sent int) string {
	t.Helper()
	codes := h.Codes(card.Phone)
	require.Len(t, codes, sent, "codes sent")
	return codes[sent-1]
}

// bind starts a binding and returns it with its code.
func bind(t *testing.T, h Harness, card bank.Card) (bindingID, code string) {
	t.Helper()
	bindingID, err := h.Bank.BindCard(context.Background(), newKey(), card)
	require.NoError(t, err)
	require.NotEmpty(t, bindingID)
	return bindingID, codeIn(t, h, card, 1)
}

func bindsWithCode(t *testing.T, h Harness) {
	id, code := bind(t, h, h.Card())
	require.NoError(t, h.Bank.ConfirmCode(context.Background(), id, code))
	require.NoError(t, h.Bank.ConfirmCode(context.Background(), id, code), "confirmed again after success")
}

func bindsOncePerKey(t *testing.T, h Harness) {
	ctx, key, card := context.Background(), newKey(), h.Card()
	first, err := h.Bank.BindCard(ctx, key, card)
	require.NoError(t, err)
	second, err := h.Bank.BindCard(ctx, key, card)
	require.NoError(t, err)
	require.Equal(t, first, second)
	require.NoError(t, h.Bank.ConfirmCode(ctx, first, codeIn(t, h, card, 1)))
}

func refusesAnotherCard(t *testing.T, h Harness) {
	key, other := newKey(), h.Card()
	_, err := h.Bank.BindCard(context.Background(), key, h.Card())
	require.NoError(t, err)
	_, err = h.Bank.BindCard(context.Background(), key, other)
	require.ErrorIs(t, err, bank.ErrKeyReused)
	require.Empty(t, h.Codes(other.Phone))
}

func refusesCards(t *testing.T, h Harness) {
	for _, reason := range []bank.Reason{
		bank.ReasonCardNotDebit, bank.ReasonCardIsCorporate, bank.ReasonCardUnusable, bank.ReasonCardElementsMismatch,
	} {
		card, ok := h.RefusedCards[reason]
		require.True(t, ok, "the harness has no card for %s", reason)
		_, err := h.Bank.BindCard(context.Background(), newKey(), card)
		requireRefusal(t, err, reason)
		require.Empty(t, h.Codes(card.Phone), "a refused card gets no SMS")
	}
}

func refusesWrongCode(t *testing.T, h Harness) {
	id, code := bind(t, h, h.Card())
	requireRefusal(t, h.Bank.ConfirmCode(context.Background(), id, another(code)), bank.ReasonCodeIncorrect)
	require.NoError(t, h.Bank.ConfirmCode(context.Background(), id, code))
}

func resendVoids(t *testing.T, h Harness) {
	ctx, card := context.Background(), h.Card()
	id, former := bind(t, h, card)
	newest := former
	// One code in a million is the former one again.
	for sent := 1; newest == former; sent++ {
		require.Less(t, sent, 4, "the code stays the same")
		require.NoError(t, h.Bank.ResendCode(ctx, newKey(), id))
		newest = codeIn(t, h, card, sent+1)
	}
	requireRefusal(t, h.Bank.ConfirmCode(ctx, id, former), bank.ReasonCodeIncorrect)
	require.NoError(t, h.Bank.ConfirmCode(ctx, id, newest))
}

func resendsOncePerKey(t *testing.T, h Harness) {
	ctx, card, key := context.Background(), h.Card(), newKey()
	id, _ := bind(t, h, card)
	require.NoError(t, h.Bank.ResendCode(ctx, key, id))
	require.NoError(t, h.Bank.ResendCode(ctx, key, id))
	require.NoError(t, h.Bank.ConfirmCode(ctx, id, codeIn(t, h, card, 2)))
}

func unknownBinding(t *testing.T, h Harness) {
	requireRefusal(t, h.Bank.ConfirmCode(context.Background(), "no-such-binding", "123456"), bank.ReasonCodeExpired)
	requireRefusal(t, h.Bank.ResendCode(context.Background(), newKey(), "no-such-binding"), bank.ReasonCodeExpired)
}

// another returns a code that is not this one.
func another(code string) string {
	if code == "123456" {
		return "654321"
	}
	return "123456"
}
