package chinaid_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"shiming/internal/chinaid"
)

func TestParseCard(t *testing.T) {
	t.Parallel()
	// Numbers that card schemes publish for testing.
	for _, typed := range []string{"6200000000000005", "6200 0000 0000 0005", "6200-0000-0000-0005", "６２００００００００００　０００５"} {
		card, err := chinaid.ParseCard(typed)
		if assert.NoError(t, err, typed) {
			assert.Equal(t, "6200000000000005", card.Value())
			assert.Equal(t, "0005", card.Last4())
			assert.Equal(t, "****0005", card.Masked())
		}
	}
	for _, valid := range []string{"4111111111111111", "5555555555554444", "378282246310005"} {
		everyChange(t, valid, "0123456789", func(s string) error {
			_, err := chinaid.ParseCard(s)
			return err
		})
	}
	for in, want := range map[string]chinaid.Reason{
		"": chinaid.ReasonEmpty, "---": chinaid.ReasonEmpty, "62000000005": chinaid.ReasonLength,
		strings.Repeat("0", 20): chinaid.ReasonLength, "620000000000000A": chinaid.ReasonCharacter,
		"6200000000000006": chinaid.ReasonCheck,
	} {
		_, err := chinaid.ParseCard(in)
		assert.Equal(t, &chinaid.Error{Kind: chinaid.KindCard, Reason: want}, err, in)
	}
}

func TestNewCardBuildsValidOnes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.StringMatching("[0-9]{1,17}").Draw(t, "prefix")
		card := chinaid.NewCard(prefix, rapid.Uint64().Draw(t, "serial"))
		again, err := chinaid.ParseCard(card.Value())
		require.NoError(t, err)
		assert.Equal(t, card, again)
		assert.Len(t, card.Value(), 19)
		assert.True(t, strings.HasPrefix(card.Value(), prefix))
	})
	assert.Equal(t, "622202000000000042", chinaid.NewCard("622202", 42).Value()[:18])
	assert.NotPanics(t, func() { chinaid.NewCard("6", math.MaxUint64) })
	for _, prefix := range []string{"", "62x", strings.Repeat("6", 18)} {
		assert.Panics(t, func() { chinaid.NewCard(prefix, 1) }, prefix)
	}
}

func TestParseMobile(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{
		"13800131234", "+8613800131234", "008613800131234", "8613800131234", "+86 138 0013 1234", "+86 138-0013-1234",
		"＋８６１３８００１３１２３４", "\u202d13800131234\u202c", " 13800131234\u00a0",
	} {
		m, err := chinaid.ParseMobile(typed)
		if assert.NoError(t, err, typed) {
			assert.Equal(t, "13800131234", m.Value())
			assert.Equal(t, "138****1234", m.Masked())
		}
	}
	for in, want := range map[string]chinaid.Reason{
		"": chinaid.ReasonEmpty, "1380013123": chinaid.ReasonLength, "138001312345": chinaid.ReasonLength,
		"+86": chinaid.ReasonLength, "+8513800131234": chinaid.ReasonCharacter, "12800131234": chinaid.ReasonForm,
		"23800131234": chinaid.ReasonForm, "1380013123a": chinaid.ReasonCharacter, "+86+8613800131234": chinaid.ReasonCharacter,
		"868613800131234": chinaid.ReasonLength,
	} {
		_, err := chinaid.ParseMobile(in)
		assert.Equal(t, &chinaid.Error{Kind: chinaid.KindMobile, Reason: want}, err, in)
	}
}

func TestParseBankAccount(t *testing.T) {
	t.Parallel()
	a, err := chinaid.ParseBankAccount("1100-6045 ３２００ 0123456789")
	require.NoError(t, err)
	assert.Equal(t, "1100604532000123456789", a.Value())
	assert.Equal(t, "6789", a.Last4())
	assert.Equal(t, "****6789", a.Masked())
	for _, n := range []int{6, 32} {
		_, err := chinaid.ParseBankAccount(strings.Repeat("1", n))
		require.NoError(t, err)
	}
	for in, want := range map[string]chinaid.Reason{
		"": chinaid.ReasonEmpty, "12345": chinaid.ReasonLength, strings.Repeat("1", 33): chinaid.ReasonLength, "12345X": chinaid.ReasonCharacter,
	} {
		_, err := chinaid.ParseBankAccount(in)
		assert.Equal(t, &chinaid.Error{Kind: chinaid.KindBankAccount, Reason: want}, err, in)
	}
}

func TestParseCNAPS(t *testing.T) {
	t.Parallel()
	c, err := chinaid.ParseCNAPS("102 100 099 996")
	require.NoError(t, err)
	assert.Equal(t, "102100099996", c.Value())
	for _, bad := range []string{"", "10210009999", "1021000999961", "10210009999X"} {
		_, err := chinaid.ParseCNAPS(bad)
		assert.ErrorIs(t, err, &chinaid.Error{Kind: chinaid.KindCNAPS}, bad)
	}
}
