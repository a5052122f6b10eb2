package chinaid_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"shiming/internal/chinaid"
)

const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// Codes that companies publish on their own pages and filings.
var publishedUSCCs = map[string]string{
	"example in general use": "91350100M000100Y43",
	"Tencent Computer":       "91440300708461136T",
	"Tencent Technology":     "9144030071526726XG",
	"Xiaomi Technology":      "91110108551385082Q",
	"Alibaba (China)":        "91330100799655058B",
	"Huawei Technologies":    "914403001922038216",
	"Baidu Netcom":           "91110000802100433B",
	"BYD":                    "91440300192317458F",
	"Kweichow Moutai":        "9152000071430580XT",
	"ICBC":                   "91100000100003962T",
	"Ping An":                "91440300100012316L",
}

func TestPublishedUSCCsPassAndEveryChangeOfOneCharacterFails(t *testing.T) {
	t.Parallel()
	for name, code := range publishedUSCCs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parsed, err := chinaid.ParseUSCC(code)
			require.NoError(t, err)
			assert.Equal(t, code, parsed.Value())
			assert.Equal(t, code[8:17], parsed.OrganizationCode())
			assert.Equal(t, code[:4]+"**********"+code[14:], parsed.Masked())

			org, err := chinaid.ParseOrganizationCode(parsed.OrganizationCode())
			require.NoError(t, err)
			assert.Equal(t, parsed.OrganizationCode(), org.Value(), "old and new papers are one company")

			everyChange(t, code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", func(s string) error {
				_, err := chinaid.ParseUSCC(s)
				return err
			})
		})
	}
}

func TestParseUSCCDoesNotEnforceTheInnerCheck(t *testing.T) {
	t.Parallel()
	// 123456789 fails GB 11714, whose check character for 12345678 is 8.
	_, err := chinaid.ParseOrganizationCode("123456789")
	require.ErrorIs(t, err, &chinaid.Error{Reason: chinaid.ReasonCheck})
	code, err := chinaid.NewUSCC("91350100", "123456789")
	require.NoError(t, err)
	assert.Equal(t, "123456789", code.OrganizationCode())
}

func TestUSCCWhoseSumIsAMultipleOf31EndsIn0(t *testing.T) {
	t.Parallel()
	// The known mistake: 31 - sum mod 31 as an index without the last mod runs past the alphabet.
	found := false
	for _, last := range usccAlphabet {
		code, err := chinaid.NewUSCC("91350100", "M000100Y"+string(last))
		require.NoError(t, err)
		found = found || strings.HasSuffix(code.Value(), "0")
	}
	assert.True(t, found, "one of 31 has a sum that 31 divides")
}

func TestParseUSCCNormalisesAndRefuses(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{
		"91350100m000100y43", "９１３５０１００Ｍ０００１００Ｙ４３", "9135 0100 M000 100Y 43", "91-350100-M000100Y4-3",
		"91－350100－M000100Y4－3", "91350100\u2011M000100Y43", "91350100−M000100Y43",
	} {
		code, err := chinaid.ParseUSCC(typed)
		if assert.NoError(t, err, typed) {
			assert.Equal(t, "91350100M000100Y43", code.Value())
		}
	}
	for in, want := range map[string]chinaid.Reason{
		"":                    chinaid.ReasonEmpty,
		"91350100M000100Y4":   chinaid.ReasonLength,
		"91350100M000100Y433": chinaid.ReasonLength,
		"91350100M00O100Y43":  chinaid.ReasonCharacter,
		"9135A100M000100Y43":  chinaid.ReasonRegion,
		"91350100M000100Y44":  chinaid.ReasonCheck,
		"91350100M000100张43":  chinaid.ReasonCharacter,
	} {
		_, err := chinaid.ParseUSCC(in)
		assert.Equal(t, &chinaid.Error{Kind: chinaid.KindUSCC, Reason: want}, err, in)
	}
}

func TestNewUSCCRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range [][2]string{{"9135010", "M000100Y4"}, {"91350100", "M000100Y"}, {"91350100", "M00I100Y4"}, {"913501AA", "M000100Y4"}} {
		_, err := chinaid.NewUSCC(in[0], in[1])
		assert.ErrorIs(t, err, &chinaid.Error{Kind: chinaid.KindUSCC}, in)
	}
}

func TestParseOrganizationCode(t *testing.T) {
	t.Parallel()
	// D2143569-X is the example printed in GB 11714-1997.
	for _, typed := range []string{"D2143569-X", "d2143569x", "Ｄ２１４３５６９－Ｘ", "D2143569 X", "D2143569–X"} {
		code, err := chinaid.ParseOrganizationCode(typed)
		if assert.NoError(t, err, typed) {
			assert.Equal(t, "D2143569X", code.Value())
			assert.Equal(t, "*****569X", code.Masked())
		}
	}
	// Digits only: values eleven apart, like 2 and D, weigh the same mod 11.
	everyChange(t, "708461136", "0123456789", func(s string) error {
		_, err := chinaid.ParseOrganizationCode(s)
		return err
	})
	for in, want := range map[string]chinaid.Reason{
		"": chinaid.ReasonEmpty, "D2143569": chinaid.ReasonLength, "D21435690X": chinaid.ReasonLength,
		"D2143_69X": chinaid.ReasonCharacter, "D21435690": chinaid.ReasonCheck,
	} {
		_, err := chinaid.ParseOrganizationCode(in)
		assert.Equal(t, &chinaid.Error{Kind: chinaid.KindOrganizationCode, Reason: want}, err, in)
	}
}

func TestNewOrganizationCodeAndNewUSCCBuildValidOnes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		org, err := chinaid.NewOrganizationCode(rapid.StringMatching("["+usccAlphabet+"]{8}").Draw(t, "body"))
		require.NoError(t, err)
		code, err := chinaid.NewUSCC("91"+rapid.StringMatching("[0-9]{6}").Draw(t, "region"), org.Value())
		require.NoError(t, err)
		assert.Equal(t, org.Value(), code.OrganizationCode())
		again, err := chinaid.ParseUSCC(code.Value())
		require.NoError(t, err)
		assert.Equal(t, code, again)
	})
	for _, body := range []string{"", "1234567", "123456789", "1234567x", "1234567张"} {
		_, err := chinaid.NewOrganizationCode(body)
		assert.Error(t, err, body)
	}
}

func TestParseRegistrationNumber(t *testing.T) {
	t.Parallel()
	n, err := chinaid.ParseRegistrationNumber(" １１０１０８ 001234567 ")
	require.NoError(t, err)
	assert.Equal(t, "110108001234567", n.Value())
	assert.Equal(t, "***********4567", n.Masked())
	for _, bad := range []string{"", "11010800123456", "1101080012345678", "11010800123456X", "91350100M000100Y43"} {
		_, err := chinaid.ParseRegistrationNumber(bad)
		assert.ErrorIs(t, err, &chinaid.Error{Kind: chinaid.KindRegistrationNumber}, bad)
	}
}
