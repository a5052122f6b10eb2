package sandbox_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/bank"
	"shiming/internal/sandbox"
)

// today is the statement of the day, of a test that does not run over midnight: its time stands still.
func today(t *testing.T, w *world) []bank.StatementEntry {
	t.Helper()
	entries, err := w.bank.Statement(t.Context(), time.Now())
	require.NoError(t, err)
	return entries
}

// The days are those of Shanghai, whatever the sandbox calls a day, and have what they have for ever.
func TestAStatementIsOfShanghaisDay(t *testing.T) {
	t.Parallel()
	inBubble(t, sandbox.Config{SettleDelay: settleDelay}, func(t *testing.T, w *world) {
		// A bubble begins at 00:00 UTC, which is 08:00 in Shanghai.
		pay := func(key string) {
			_, err := w.bank.Transfer(t.Context(), order(key, "6228480012346789"))
			require.NoError(t, err)
		}
		pay("morning")
		after(16*time.Hour - time.Second)
		pay("midnight")
		after(time.Second)
		require.Empty(t, today(t, w))
		pay("tomorrow")
		require.Equal(t, []string{"tomorrow"}, keysOf(today(t, w)))
		yesterday, err := w.bank.Statement(t.Context(), time.Now().AddDate(0, 0, -1))
		require.NoError(t, err)
		require.Equal(t, []string{"morning", "midnight"}, keysOf(yesterday))
		require.Equal(t, "6789", yesterday[0].AccountLast4)
	})
}

func keysOf(entries []bank.StatementEntry) (keys []string) {
	for _, e := range entries {
		keys = append(keys, e.Key)
	}
	return keys
}

func TestAStatementCanBeMadeToDiffer(t *testing.T) {
	t.Parallel()
	inBubble(t, sandbox.Config{SettleDelay: settleDelay}, func(t *testing.T, w *world) {
		_, err := w.bank.Transfer(t.Context(), order("pay-1", "6228480012346789"))
		require.NoError(t, err)
		truth := today(t, w)
		misstate := func(how string) []bank.StatementEntry {
			require.Equal(t, http.StatusOK, w.call(t, http.MethodPut, "/bank/ledger/pay-1/statement", how, nil))
			return today(t, w)
		}
		require.Empty(t, misstate(`{"missing": true}`))
		twice := misstate(`{"twice": true}`)
		require.Equal(t, []string{"pay-1", "pay-1"}, keysOf(twice))
		require.NotEqual(t, twice[0].Reference, twice[1].Reference)
		other := misstate(`{"amount_fen": 38, "account_last4": "0001", "state": "settled"}`)
		assert.Equal(t, []any{int64(38), "0001", bank.TransferSettled}, []any{other[0].AmountFen, other[0].AccountLast4, other[0].State})
		status, _, err := w.bank.FindTransfer(t.Context(), "pay-1")
		require.NoError(t, err)
		require.Equal(t, bank.TransferSent, status.State, "what is asked for by its key is told as it is")
		require.Equal(t, truth, misstate(`{}`))
		require.Equal(t, http.StatusNotFound, w.call(t, http.MethodPut, "/bank/ledger/none/statement", `{}`, nil))
	})
}

func TestAStatementIsAskedForWell(t *testing.T) {
	t.Parallel()
	w := onNetwork(t, sandbox.Config{})
	for _, query := range []string{"", "?day=today", "?day=2026-11-31", "?day=2026-11-27&cursor=x", "?day=2026-11-27&cursor=-1"} {
		require.Equal(t, http.StatusUnprocessableEntity, w.call(t, http.MethodGet, "/bank/statement"+query, "", nil), query)
	}
	require.Equal(t, http.StatusOK, w.call(t, http.MethodGet, "/bank/statement?day=2026-11-27&cursor=5", "", nil))
}

// A state file of before there were statements has the same transfers, with references, at every start.
func TestAnOlderStateFileHasAStatement(t *testing.T) {
	t.Parallel()
	cfg := sandbox.Config{StateFile: filepath.Join(t.TempDir(), "sandbox.json"), SettleDelay: time.Hour}
	w, end := run(t, cfg)
	_, err := w.bank.Transfer(t.Context(), order("pay-1", "6228480012346789"))
	require.NoError(t, err)
	accepted := time.Now()
	before, err := w.bank.Statement(t.Context(), accepted)
	require.NoError(t, err)
	end()
	raw, err := os.ReadFile(cfg.StateFile)
	require.NoError(t, err)
	require.NotRegexp(t, `reference|misstated`, string(raw), "nothing that an older one lacks")
	w, _ = run(t, cfg)
	again, err := w.bank.Statement(t.Context(), accepted)
	require.NoError(t, err)
	require.Equal(t, before, again)
}
