package sandbox_test

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"shiming/internal/bank"
	"shiming/internal/bank/banktest"
	"shiming/internal/sandbox"
)

func TestSandboxIsABank(t *testing.T) {
	t.Parallel()
	banktest.Conformance(t, func(t *testing.T) banktest.Harness {
		w := onNetwork(t, sandbox.Config{SettleDelay: 50 * time.Millisecond})
		nowhere, err := bank.New(bank.Config{BaseURL: "http://127.0.0.1:1", APIKey: "key", HTTPClient: &http.Client{}})
		require.NoError(t, err)
		serial := 0
		next := func(ending string) bank.Transfer {
			serial++
			return order("", fmt.Sprintf("62280%06d%s", serial, ending))
		}
		return banktest.Harness{
			Bank: w.bank, Unreachable: nowhere, SettlesWithin: 10 * time.Second, StatementPage: 100,
			Card: func() bank.Card { serial++; return goodCard("622202", serial) },
			RefusedCards: map[bank.Reason]bank.Card{
				bank.ReasonCardElementsMismatch: goodCard("622203", 901),
				bank.ReasonCardNotDebit:         goodCard("622204", 902),
				bank.ReasonCardIsCorporate:      goodCard("622205", 903),
				bank.ReasonCardUnusable:         goodCard("622207", 904),
			},
			Codes:        func(phone string) []string { return w.codes(t, phone) },
			Order:        func() bank.Transfer { return next("6789") },
			RefusedOrder: func() bank.Transfer { return next("0000") },
			BusyOrder:    func() bank.Transfer { return next("0002") },
			MuteOrder:    func() bank.Transfer { return next("0003") },
			Paid: func(account string) []int64 {
				var paid []int64
				for _, e := range w.ledger(t, account) {
					paid = append(paid, fen(t, e.Amount))
				}
				return paid
			},
		}
	})
}

// fen reads a decimal string in CNY.
func fen(t *testing.T, amount string) int64 {
	t.Helper()
	require.Equal(t, 3, len(amount)-strings.Index(amount, "."), "two decimals")
	cny, err := strconv.ParseFloat(amount, 64)
	require.NoError(t, err)
	return int64(math.Round(cny * 100))
}
