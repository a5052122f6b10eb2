package sandbox_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/bank"
	"shiming/internal/sandbox"
)

const settleDelay = 3 * time.Second

// after lets d pass in a bubble, and everything that follows from it happen.
func after(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // a bubble's time takes no time
	synctest.Wait()
}

func withTransfer(t *testing.T, account string, test func(*testing.T, *world, bank.TransferStatus, error)) {
	t.Helper()
	inBubble(t, sandbox.Config{SettleDelay: settleDelay}, func(t *testing.T, w *world) {
		status, err := w.bank.Transfer(t.Context(), order("pay-1", account))
		test(t, w, status, err)
	})
}

func TestTransferSettlesAfterTheDelay(t *testing.T) {
	t.Parallel()
	withTransfer(t, "6228480012346789", func(t *testing.T, w *world, status bank.TransferStatus, err error) {
		require.NoError(t, err)
		require.Equal(t, bank.TransferSent, status.State)
		entry := w.ledger(t, "6228480012346789")[0]
		require.Equal(t, "0.37", entry.Amount)
		require.Equal(t, "sent", entry.State)
		require.Equal(t, 1, entry.Presented)

		after(settleDelay - time.Millisecond)
		require.Empty(t, w.product.reports(t))
		after(time.Second)
		require.Equal(t, []string{"transfer.settled"}, w.product.types(t))
		require.Equal(t, "pay-1", w.product.reports(t)[0].Key)
		require.Equal(t, "/bank", w.product.reports(t)[0].Path)
		require.Equal(t, "settled", w.ledger(t, "")[0].State)
	})
}

func TestTransferRefused(t *testing.T) {
	t.Parallel()
	withTransfer(t, "62284800000000", func(t *testing.T, w *world, _ bank.TransferStatus, err error) {
		var refusal *bank.Refusal
		require.ErrorAs(t, err, &refusal)
		require.Equal(t, bank.ReasonAccountNotFound, refusal.Reason)
		after(time.Hour)
		require.Empty(t, w.ledger(t, ""))
		require.Empty(t, w.product.reports(t), "the answer said so already")
	})
}

func TestTransferReturnedOneDelayAfterSettling(t *testing.T) {
	t.Parallel()
	withTransfer(t, "62284800000001", func(t *testing.T, w *world, _ bank.TransferStatus, err error) {
		require.NoError(t, err)
		after(settleDelay + time.Second)
		require.Equal(t, []string{"transfer.settled"}, w.product.types(t))
		after(settleDelay)
		require.Equal(t, []string{"transfer.settled", "transfer.returned"}, w.product.types(t))
		require.Equal(t, "account_name_mismatch", w.product.reports(t)[1].Reason)
		status, found, err := w.bank.FindTransfer(t.Context(), "pay-1")
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, bank.TransferStatus{
			Key: "pay-1", State: bank.TransferReturned, Reason: bank.ReasonAccountNameMismatch, Reference: status.Reference,
		}, status)
	})
}

func TestTransferBusyThreeTimes(t *testing.T) {
	t.Parallel()
	withTransfer(t, "62284800000002", func(t *testing.T, w *world, _ bank.TransferStatus, err error) {
		require.ErrorIs(t, err, bank.ErrUnavailable)
		for range 2 {
			_, err = w.bank.Transfer(t.Context(), order("pay-1", "62284800000002"))
			require.ErrorIs(t, err, bank.ErrUnavailable)
		}
		require.Empty(t, w.ledger(t, ""))
		_, err = w.bank.Transfer(t.Context(), order("pay-1", "62284800000002"))
		require.NoError(t, err)
		require.Equal(t, 4, w.ledger(t, "")[0].Presented)
	})
}

func TestTransferExecutedWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	inBubble(t, sandbox.Config{SettleDelay: time.Minute}, func(t *testing.T, w *world) {
		began := time.Now()
		_, err := w.bank.Transfer(t.Context(), order("pay-1", "62284800000003"))
		require.ErrorIs(t, err, bank.ErrUnknown)
		require.Equal(t, 8*time.Second, time.Since(began), "the adapter's own time-out")
		synctest.Wait()
		require.Equal(t, []string{"transfer.sent"}, w.product.types(t))

		status, found, err := w.bank.FindTransfer(t.Context(), "pay-1")
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, bank.TransferSent, status.State)
		require.Len(t, w.ledger(t, "62284800000003"), 1)
		after(time.Minute)
		require.Equal(t, []string{"transfer.sent", "transfer.settled"}, w.product.types(t))
	})
}

func TestNoAnswerEndsAfterAMinute(t *testing.T) {
	t.Parallel()
	inBubble(t, sandbox.Config{}, func(t *testing.T, w *world) {
		patient, err := bank.New(bank.Config{BaseURL: w.url, APIKey: "key", HTTPClient: w.http, Timeout: time.Hour})
		require.NoError(t, err)
		began := time.Now()
		// A key makes the transport try once more on a lost connection; the bank takes both for the same order.
		_, err = patient.Transfer(t.Context(), order("pay-1", "62284800000003"))
		require.ErrorIs(t, err, bank.ErrUnknown)
		require.GreaterOrEqual(t, time.Since(began), time.Minute)
		require.Len(t, w.ledger(t, ""), 1)
	})
}

func TestTransferNeverSettles(t *testing.T) {
	t.Parallel()
	withTransfer(t, "62284800000004", func(t *testing.T, w *world, _ bank.TransferStatus, err error) {
		require.NoError(t, err)
		after(24 * time.Hour)
		require.Empty(t, w.product.reports(t))
		require.Equal(t, "sent", w.ledger(t, "")[0].State)
	})
}

func TestSettledReportedThreeTimes(t *testing.T) {
	t.Parallel()
	withTransfer(t, "62284800000005", func(t *testing.T, w *world, _ bank.TransferStatus, err error) {
		require.NoError(t, err)
		after(settleDelay + time.Second)
		require.Equal(t, []string{"transfer.settled", "transfer.settled"}, w.product.types(t))
		after(5 * settleDelay)
		got := w.product.reports(t)
		require.Len(t, got, 3)
		require.Equal(t, got[0].ID, got[1].ID)
		require.Equal(t, got[0].ID, got[2].ID)
		require.GreaterOrEqual(t, got[2].At.Sub(got[0].At), 5*settleDelay)
	})
}

func TestReturnByHand(t *testing.T) {
	t.Parallel()
	withTransfer(t, "62284800000004", func(t *testing.T, w *world, _ bank.TransferStatus, err error) {
		require.NoError(t, err)
		for range 2 {
			var line ledgerEntry
			require.Equal(t, http.StatusOK,
				w.call(t, http.MethodPost, "/bank/ledger/pay-1/return", `{"reason":"account_closed"}`, &line))
			require.Equal(t, "returned", line.State)
		}
		synctest.Wait()
		require.Equal(t, []string{"transfer.returned"}, w.product.types(t))
		require.Equal(t, "account_closed", w.product.reports(t)[0].Reason)
		require.Equal(t, http.StatusNotFound, w.call(t, http.MethodPost, "/bank/ledger/none/return", "", nil))
	})
}

func TestReturnBeforeSettlingIsTheLastWord(t *testing.T) {
	t.Parallel()
	withTransfer(t, "6228480012346789", func(t *testing.T, w *world, _ bank.TransferStatus, err error) {
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, w.call(t, http.MethodPost, "/bank/ledger/pay-1/return", "", nil))
		after(time.Hour)
		require.Equal(t, []string{"transfer.returned"}, w.product.types(t))
		require.Equal(t, "returned", w.ledger(t, "")[0].State)
	})
}

func TestLedgerIsOldestFirstAndByAccount(t *testing.T) {
	t.Parallel()
	inBubble(t, sandbox.Config{}, func(t *testing.T, w *world) {
		var entries []ledgerEntry
		w.call(t, http.MethodGet, "/bank/ledger", "", &entries)
		require.NotNil(t, entries, "an empty list is an array")
		for _, key := range []string{"a/1", "b", "c"} {
			account := "62284800006789"
			if key == "c" {
				account = "62284800009999"
			}
			_, err := w.bank.Transfer(t.Context(), order(key, account))
			require.NoError(t, err)
		}
		entries = w.ledger(t, "6228%204800%20006789")
		require.Len(t, entries, 2)
		require.Equal(t, "a/1", entries[0].Key)
		require.Equal(t, "b", entries[1].Key)
		_, found, err := w.bank.FindTransfer(t.Context(), "a/1")
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, http.StatusOK, w.call(t, http.MethodPost, "/bank/ledger/a%2F1/return", `{}`, nil))
	})
}

func TestReportsWaitForTheProduct(t *testing.T) {
	t.Parallel()
	withTransfer(t, "6228480012346789", func(t *testing.T, w *world, _ bank.TransferStatus, err error) {
		require.NoError(t, err)
		w.product.setDown(true)
		after(10 * time.Minute)
		require.Empty(t, w.product.reports(t))
		require.Greater(t, w.product.refused, 50, "it keeps trying")
		w.product.setDown(false)
		after(10 * time.Second)
		require.Equal(t, []string{"transfer.settled"}, w.product.types(t), "signed anew, so still in time")
		after(time.Hour)
		require.Len(t, w.product.reports(t), 1)
	})
}

func TestCallerThatGivesUpEarly(t *testing.T) {
	t.Parallel()
	inBubble(t, sandbox.Config{}, func(t *testing.T, w *world) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := w.bank.Transfer(ctx, order("pay-1", "6228480012346789"))
		require.ErrorIs(t, err, bank.ErrUnavailable, "nothing was sent")
		require.Empty(t, w.ledger(t, ""))
	})
}
