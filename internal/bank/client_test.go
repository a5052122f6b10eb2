package bank_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"shiming/internal/bank"
)

// answering returns a client of a bank that always answers so.
func answering(t *testing.T, status int, body string) *bank.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	c, err := bank.New(bank.Config{BaseURL: server.URL, APIKey: "key"})
	require.NoError(t, err)
	return c
}

// Only the bank's own word is "not found": taking a proxy's 404 for it would pay twice.
func TestOnlyTheBankSaysNotFound(t *testing.T) {
	t.Parallel()
	_, found, err := answering(t, 404, `{"code":"transfer_not_found"}`).FindTransfer(t.Context(), "k")
	require.NoError(t, err)
	require.False(t, found)
	for status, body := range map[int]string{404: `<html>not found</html>`, 400: `{"code":"transfer_not_found"}`} {
		_, _, err = answering(t, status, body).FindTransfer(t.Context(), "k")
		require.ErrorIs(t, err, bank.ErrUnavailable, "%d %s", status, body)
	}
}

func TestAnswersThatSayNothing(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"another key": `{"key":"other","state":"settled"}`, "unknown state": `{"key":"k","state":"lost"}`, "empty": `{}`,
	} {
		_, err := answering(t, 200, body).Transfer(t.Context(), bank.Transfer{Key: "k"})
		require.ErrorIs(t, err, bank.ErrUnknown, name)
		_, found, err := answering(t, 200, body).FindTransfer(t.Context(), "k")
		require.Error(t, err, name)
		require.False(t, found)
	}
	_, err := answering(t, 200, `{}`).BindCard(t.Context(), "k", bank.Card{})
	require.ErrorIs(t, err, bank.ErrUnknown)
	_, err = answering(t, 404, `<html>`).Transfer(t.Context(), bank.Transfer{Key: "k"})
	require.ErrorIs(t, err, bank.ErrUnknown, "a no that is not the bank's decides nothing")
}

func TestReasonsTheListDoesNotKnow(t *testing.T) {
	t.Parallel()
	_, err := answering(t, 422, `{"code":"account_dormant"}`).Transfer(t.Context(), bank.Transfer{Key: "k"})
	var refusal *bank.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, bank.ReasonOther, refusal.Reason)

	status, _, err := answering(t, 200, `{"key":"k","state":"returned","reason":"name is 张三"}`).FindTransfer(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, bank.TransferStatus{Key: "k", State: bank.TransferReturned, Reason: bank.ReasonOther}, status)
	require.Equal(t, bank.ReasonBankNotFound, bank.TransferReason("bank_not_found"))
	require.Equal(t, bank.ReasonOther, bank.TransferReason("card_unusable"), "not a transfer's reason")
}
