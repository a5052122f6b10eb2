package bank_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/bank"
)

const goodEntry = `{"key":"k","amount_fen":37,"account_last4":"6789","state":"settled","reference":"R1","at":"2026-11-27T23:59:59+08:00"}`

// A statement that is read in part would have the rest of the day's payments missing at the bank.
func TestAStatementIsWholeOrNone(t *testing.T) {
	t.Parallel()
	pages := map[string]string{"": `{"entries":[` + goodEntry + `],"next_cursor":"2"}`}
	var days []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		days = append(days, r.URL.Query().Get("day"))
		page, known := pages[r.URL.Query().Get("cursor")]
		if !known {
			w.WriteHeader(http.StatusBadGateway)
		}
		_, _ = io.WriteString(w, page)
	}))
	t.Cleanup(server.Close)
	c, err := bank.New(bank.Config{BaseURL: server.URL, APIKey: "key"})
	require.NoError(t, err)
	late := time.Date(2026, 11, 26, 17, 0, 0, 0, time.UTC) // one o'clock of the 27th in Shanghai

	_, err = c.Statement(t.Context(), late)
	require.ErrorIs(t, err, bank.ErrUnavailable, "the second page is missing")
	pages["2"] = `{"entries":[` + goodEntry + `],"next_cursor":"2"}`
	_, err = c.Statement(t.Context(), late)
	require.Error(t, err, "a page that leads to itself")
	pages["2"] = `{"entries":[` + goodEntry + `],"next_cursor":null}`
	entries, err := c.Statement(t.Context(), late)
	require.NoError(t, err)
	require.Len(t, entries, 2)
	require.Equal(t, "k", entries[1].Key)
	for _, day := range days {
		require.Equal(t, "2026-11-27", day, "a day of Asia/Shanghai")
	}
}

func TestStatementsThatSayNothing(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"no entries":    `{}`,
		"no name":       `{"entries":[{"amount_fen":37,"account_last4":"6789","state":"settled","at":"2026-11-27T12:00:00+08:00"}]}`,
		"no amount":     `{"entries":[{"key":"k","account_last4":"6789","state":"settled","at":"2026-11-27T12:00:00+08:00"}]}`,
		"whole account": `{"entries":[{"key":"k","amount_fen":37,"account_last4":"6228480012346789","state":"settled","at":"2026-11-27T12:00:00+08:00"}]}`,
		"no time":       `{"entries":[{"key":"k","amount_fen":37,"account_last4":"6789","state":"settled"}]}`,
		"refused":       `{"entries":[{"key":"k","amount_fen":37,"account_last4":"6789","state":"failed","at":"2026-11-27T12:00:00+08:00"}]}`,
	} {
		_, err := answering(t, 200, body).Statement(t.Context(), time.Now())
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "6789")
	}
	entries, err := answering(t, 200, `{"entries":[]}`).Statement(t.Context(), time.Now())
	require.NoError(t, err)
	require.Empty(t, entries)
	_, err = answering(t, 404, `{"code":"day_not_found"}`).Statement(t.Context(), time.Now())
	require.ErrorIs(t, err, bank.ErrUnavailable, "a no is not a day without payments")
}
