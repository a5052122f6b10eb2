package api

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAmountsAreReadAsPeopleTypeThem(t *testing.T) {
	t.Parallel()
	for in, fen := range map[string]int64{
		"0.37": 37, ".37": 37, "0.4": 40, ".4": 40, "0.40": 40, "0.01": 1, ".01": 1, "0.99": 99, "0.09": 9, ".9": 90,
		" 0.37 ": 37, "\t.37\n": 37, "\u30000.37\u3000": 37, "０.３７": 37, "．３７": 37, "0．4": 40,
	} {
		got, err := parseAmount(in)
		require.NoError(t, err, "%q", in)
		assert.Equal(t, fen, got, "%q", in)
	}
}

func TestWhatIsNoAmountIsRefused(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", " ", ".", "0", "0.", "0.0", "0.00", ".0", ".00", "1", "1.0", "1.00", "0.370", "0.001", "00.37", "-0.37", "+0.37", "1e-1", "0,37", "0.3 7",
		"0 .37", "0.37元", "¥0.37", "0x0.1", "NaN", "37", "0.٣٧", "0.³⁷", "0..3", ".3.", "0.3a", "\x000.37", "０．３７０", string(make([]byte, 100)),
	} {
		_, err := parseAmount(in)
		assert.Error(t, err, "%q", in)
	}
}

// Every amount there is survives being written and read, and nothing else is ever accepted.
func FuzzParseAmount(f *testing.F) {
	for _, seed := range []string{"0.37", ".4", " ０.９９ ", "1.00", "1e-1", "-0.1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		fen, err := parseAmount(s)
		if err != nil {
			return
		}
		require.GreaterOrEqual(t, fen, int64(1))
		require.LessOrEqual(t, fen, int64(99))
		again, err := parseAmount(fmt.Sprintf("0.%02d", fen))
		require.NoError(t, err)
		require.Equal(t, fen, again)
	})
}
