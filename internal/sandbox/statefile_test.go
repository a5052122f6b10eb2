package sandbox_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/bank"
	"shiming/internal/sandbox"
)

// dueNow finds when a task is due in a state file.
var dueNow = regexp.MustCompile(`"due":"[^"]*"`)

// run serves a sandbox over the state file and returns its adapter, and how to end it.
func run(t *testing.T, cfg sandbox.Config) (w *world, end func()) {
	t.Helper()
	s, err := sandbox.New(cfg)
	require.NoError(t, err)
	server := httptest.NewServer(s)
	b, err := bank.New(bank.Config{BaseURL: server.URL, APIKey: "key"})
	require.NoError(t, err)
	var once sync.Once
	end = func() {
		once.Do(func() {
			require.NoError(t, s.Close())
			server.Close()
		})
	}
	t.Cleanup(end)
	return &world{sandbox: s, url: server.URL, http: server.Client(), bank: b}, end
}

func TestRestartGoesOn(t *testing.T) {
	t.Parallel()
	p := &product{}
	listening := httptest.NewServer(p)
	t.Cleanup(listening.Close)
	p.setDown(true)
	cfg := sandbox.Config{
		StateFile: filepath.Join(t.TempDir(), "sandbox.json"), SettleDelay: time.Hour,
		WebhookBankURL: listening.URL + "/bank", WebhookWalletURL: listening.URL + "/wallet", WebhookSecret: webhookSecret,
	}

	w, end := run(t, cfg)
	_, err := w.bank.Transfer(t.Context(), order("settles-later", "62284800006789"))
	require.NoError(t, err)
	_, err = w.bank.Transfer(t.Context(), order("reported-later", "62284800000004"))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, w.call(t, http.MethodPost, "/bank/ledger/reported-later/return", "", nil))
	card := goodCard("622202", 1)
	binding, err := w.bank.BindCard(t.Context(), "bind", card)
	require.NoError(t, err)
	before := w.ledger(t, "")
	end()

	p.setDown(false)
	w, end = run(t, cfg)
	require.Equal(t, before, w.ledger(t, ""))
	require.NoError(t, w.bank.ConfirmCode(t.Context(), binding, w.codes(t, card.Phone)[0]))
	require.Eventually(t, func() bool { return len(p.reports(t)) == 1 }, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, "transfer.returned", p.types(t)[0])
	end()

	raw, err := os.ReadFile(cfg.StateFile)
	require.NoError(t, err)
	due := []byte(`"due":"` + time.Now().Add(-time.Second).Format(time.RFC3339) + `"`)
	require.NoError(t, os.WriteFile(cfg.StateFile, dueNow.ReplaceAll(raw, due), 0o600))
	w, _ = run(t, cfg)
	require.Eventually(t, func() bool { return len(p.reports(t)) == 2 }, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, []string{"transfer.returned", "transfer.settled"}, p.types(t), "what was reported is not reported again")
	status, found, err := w.bank.FindTransfer(t.Context(), "settles-later")
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, bank.TransferSettled, status.State)
}

// What was answered survives even if the process just dies: it is in the file when the answer is here.
func TestAnsweredIsSaved(t *testing.T) {
	t.Parallel()
	cfg := sandbox.Config{StateFile: filepath.Join(t.TempDir(), "sandbox.json"), SettleDelay: time.Hour}
	w, _ := run(t, cfg)
	const callers, each = 8, 10
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for n := range each {
				key := fmt.Sprintf("pay-%d-%d", caller, n)
				_, err := w.bank.Transfer(context.Background(), order(key, "62284800006789"))
				assert.NoError(t, err)
				raw, err := os.ReadFile(cfg.StateFile)
				assert.NoError(t, err)
				assert.Contains(t, string(raw), `"`+key+`"`)
			}
		})
	}
	all.Wait()
	raw, err := os.ReadFile(cfg.StateFile)
	require.NoError(t, err)
	copied := filepath.Join(t.TempDir(), "copy.json")
	require.NoError(t, os.WriteFile(copied, raw, 0o600))
	after, _ := run(t, sandbox.Config{StateFile: copied, SettleDelay: time.Hour})
	require.Len(t, after.ledger(t, ""), callers*each)
}

func TestBrokenStateFileIsSaid(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.json")
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err := sandbox.New(sandbox.Config{StateFile: path})
	require.ErrorContains(t, err, "remove it to start afresh")
}

func TestSecretIsRequiredAndChecked(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"", "whsec_***"} {
		_, err := sandbox.New(sandbox.Config{WebhookBankURL: "http://127.0.0.1:1/", WebhookSecret: secret})
		require.ErrorContains(t, err, "secret")
	}
}
