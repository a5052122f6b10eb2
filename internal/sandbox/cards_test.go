package sandbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/bank"
	"shiming/internal/sandbox"
)

// Each row is a line of the spec's table.
func TestCards(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		card bank.Card
		want bank.Reason
	}{
		"details do not match": {goodCard("622203", 1), bank.ReasonCardElementsMismatch},
		"credit card":          {goodCard("622204", 1), bank.ReasonCardNotDebit},
		"corporate account":    {goodCard("622205", 1), bank.ReasonCardIsCorporate},
		"lost or frozen":       {goodCard("622207", 1), bank.ReasonCardUnusable},
		"another prefix":       {goodCard("621700", 1), bank.ReasonCardElementsMismatch},
		"wrong check digit":    {bank.Card{Number: "6222020000000000001", Phone: phone(1)}, bank.ReasonCardElementsMismatch},
		"personal debit card":  {goodCard("622202", 1), ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, sandbox.Config{}, func(t *testing.T, w *world) {
				_, err := w.bank.BindCard(t.Context(), "key", test.card)
				if test.want == "" {
					require.NoError(t, err)
					require.Len(t, w.codes(t, test.card.Phone), 1)
					return
				}
				var refusal *bank.Refusal
				require.ErrorAs(t, err, &refusal)
				require.Equal(t, test.want, refusal.Reason)
			})
		})
	}
}

func TestBusyCardGetsThroughTheThirdTime(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string][]string{
		"with the same key": {"a", "a", "a"},
		"with another key":  {"a", "b", "c"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, sandbox.Config{}, func(t *testing.T, w *world) {
				card := goodCard("622206", 1)
				for _, key := range keys[:2] {
					_, err := w.bank.BindCard(t.Context(), key, card)
					require.ErrorIs(t, err, bank.ErrUnavailable)
				}
				id, err := w.bank.BindCard(t.Context(), keys[2], card)
				require.NoError(t, err)
				require.NoError(t, w.bank.ConfirmCode(t.Context(), id, w.codes(t, card.Phone)[0]))
				_, err = w.bank.BindCard(t.Context(), "later", card)
				require.ErrorIs(t, err, bank.ErrUnavailable, "the next binding finds the bank busy again")
			})
		})
	}
}

func TestCodeExpiresAfterFiveMinutes(t *testing.T) {
	t.Parallel()
	inBubble(t, sandbox.Config{}, func(t *testing.T, w *world) {
		card := goodCard("622202", 1)
		id, err := w.bank.BindCard(t.Context(), "key", card)
		require.NoError(t, err)
		first := w.codes(t, card.Phone)[0]

		after(5 * time.Minute)
		var refusal *bank.Refusal
		require.ErrorAs(t, w.bank.ConfirmCode(t.Context(), id, first), &refusal)
		require.Equal(t, bank.ReasonCodeExpired, refusal.Reason)

		require.NoError(t, w.bank.ResendCode(t.Context(), "resend", id))
		after(5*time.Minute - time.Second)
		newest := w.codes(t, card.Phone)[1]
		require.NoError(t, w.bank.ConfirmCode(t.Context(), id, newest))
		after(time.Hour)
		require.NoError(t, w.bank.ConfirmCode(t.Context(), id, newest), "confirmed is confirmed")
	})
}
