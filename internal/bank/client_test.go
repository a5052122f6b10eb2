package bank_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

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

// What can be read of a statement in part only is none: what is missing on it would be missing at the bank.
func TestAStatementIsReadWholeOrNot(t *testing.T) {
	t.Parallel()
	line := `{"key":"k","amount_fen":37,"account_last4":"6789","state":"settled","reference":"R1","at":"2026-11-27T10:00:00+08:00"}`
	for name, body := range map[string]string{
		"no entries":         `{}`,
		"refused":            `{"entries":[` + strings.Replace(line, "settled", "failed", 1) + `]}`,
		"nobody's":           `{"entries":[` + strings.NewReplacer(`"k"`, `""`, `"R1"`, `""`).Replace(line) + `]}`,
		"no amount":          `{"entries":[` + strings.Replace(line, "37", "0", 1) + `]}`,
		"a whole account":    `{"entries":[` + strings.Replace(line, "6789", "6228480012346789", 1) + `]}`,
		"a page leads back":  `{"entries":[` + line + `],"next_cursor":"1"}`,
		"the second is none": `{"entries":[` + line + `,{}]}`,
	} {
		entries, err := answering(t, 200, body).Statement(t.Context(), time.Now())
		require.ErrorIs(t, err, bank.ErrUnknown, name)
		require.Nil(t, entries, name)
	}
	for _, status := range []int{400, 404, 422, 503} {
		_, err := answering(t, status, `{"code":"day_invalid"}`).Statement(t.Context(), time.Now())
		require.ErrorIs(t, err, bank.ErrUnavailable, status)
	}
	entries, err := answering(t, 200, `{"entries":[`+strings.Replace(line, `"k"`, `""`, 1)+`],"next_cursor":""}`).Statement(t.Context(), time.Now())
	require.NoError(t, err)
	require.Equal(t, "R1", entries[0].Reference, "money that went out past us has the bank's name alone")
	require.Equal(t, int64(37), entries[0].AmountFen)
}

// The day is the one of Asia/Shanghai that a moment falls into.
func TestAStatementIsAskedForByShanghaisDay(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Query().Get("day")
		_, _ = io.WriteString(w, `{"entries":[]}`)
	}))
	t.Cleanup(server.Close)
	c, err := bank.New(bank.Config{BaseURL: server.URL, APIKey: "key"})
	require.NoError(t, err)
	for moment, day := range map[string]string{"2026-11-26T15:59:59Z": "2026-11-26", "2026-11-26T16:00:00Z": "2026-11-27"} {
		at, err := time.Parse(time.RFC3339, moment)
		require.NoError(t, err)
		entries, err := c.Statement(t.Context(), at)
		require.NoError(t, err)
		require.Empty(t, entries)
		require.Equal(t, day, <-asked)
	}
}
