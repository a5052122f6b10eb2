package tour

import (
	"bytes"
	"image/png"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/chinaid"
)

func TestPeopleAndCompaniesBearValidCodes(t *testing.T) {
	t.Parallel()
	for range 200 {
		p, err := newPerson("陈晓明")
		require.NoError(t, err)
		_, err = chinaid.ParseResidentID(p.idNumber)
		require.NoError(t, err)
		_, err = chinaid.ParseMobile(p.phone)
		require.NoError(t, err)
		_, err = chinaid.ParseEmail(p.email)
		require.NoError(t, err)
		card, err := chinaid.ParseCard(p.card)
		require.NoError(t, err)
		assert.Equal(t, "622202", card.Value()[:6])

		c := newCompany("厦门市例示科技有限公司", "91350100M000100Y43", p.name)
		_, err = chinaid.ParseBankAccount(c.bankAccount)
		require.NoError(t, err)
		assert.Equal(t, "8", c.bankAccount[len(c.bankAccount)-1:])
	}
	for _, code := range []string{"91350100M000100Y43", "9144030071526726XG"} {
		_, err := chinaid.ParseUSCC(code)
		require.NoError(t, err)
	}
}

func TestScansAreDifferentPictures(t *testing.T) {
	t.Parallel()
	one, err := newScan()
	require.NoError(t, err)
	other, err := newScan()
	require.NoError(t, err)
	assert.NotEqual(t, one, other)
	_, err = png.Decode(bytes.NewReader(one))
	require.NoError(t, err)
}
