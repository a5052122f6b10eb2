package chinaid_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"shiming/internal/chinaid"
)

// The two examples printed in GB 11643-1999.
var standardResidentIDs = []string{"11010519491231002X", "440524188001010014"}

func TestParseResidentIDTakesTheStandardsExamples(t *testing.T) {
	t.Parallel()
	x, err := chinaid.ParseResidentID(standardResidentIDs[0])
	require.NoError(t, err)
	assert.Equal(t, "11010519491231002X", x.Value())
	assert.Equal(t, "1****************X", x.Masked())
	y, m, d := x.Birthdate()
	assert.Equal(t, [3]int{1949, 12, 31}, [3]int{y, int(m), d})

	old, err := chinaid.ParseResidentID(standardResidentIDs[1])
	require.NoError(t, err)
	y, m, d = old.Birthdate()
	assert.Equal(t, [3]int{1880, 1, 1}, [3]int{y, int(m), d})
}

func TestParseResidentIDNormalises(t *testing.T) {
	t.Parallel()
	for name, typed := range map[string]string{
		"lower case":             "11010519491231002x",
		"full-width":             "１１０１０５１９４９１２３１００２Ｘ",
		"Roman numeral":          "11010519491231002Ⅹ",
		"small Roman numeral":    "11010519491231002ⅹ",
		"groups":                 "110105 19491231 002X",
		"no-break space":         "\u00a0110105\u00a019491231002X",
		"ideographic space":      "\u300011010519491231002X\u3000",
		"byte order mark":        "\ufeff11010519491231002X",
		"pasted with a new line": "11010519491231002X\r\n",
	} {
		id, err := chinaid.ParseResidentID(typed)
		if assert.NoError(t, err, name) {
			assert.Equal(t, standardResidentIDs[0], id.Value(), name)
		}
	}
}

func TestParseResidentIDRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   string
		want chinaid.Reason
	}{
		"empty":               {"", chinaid.ReasonEmpty},
		"blank":               {" \u3000", chinaid.ReasonEmpty},
		"old 15 digits":       {"110105491231002", chinaid.ReasonLength},
		"17":                  {"11010519491231002", chinaid.ReasonLength},
		"19":                  {"11010519491231002X0", chinaid.ReasonCharacter},
		"19 digits":           {"1101051949123100200", chinaid.ReasonLength},
		"X within":            {"1101051949123100X2", chinaid.ReasonCharacter},
		"hyphen":              {"110105-19491231-002X", chinaid.ReasonCharacter},
		"permanent residence": {"9101051949123100A2", chinaid.ReasonCharacter},
		"no province":         {withCheck("160105" + "19491231" + "002"), chinaid.ReasonRegion},
		"month 13":            {withCheck("110105" + "19491331" + "002"), chinaid.ReasonDate},
		"30 February":         {withCheck("110105" + "20000230" + "002"), chinaid.ReasonDate},
		"29 Feb 1900":         {withCheck("110105" + "19000229" + "002"), chinaid.ReasonDate},
		"1799":                {withCheck("110105" + "17991231" + "002"), chinaid.ReasonDate},
		"2200":                {withCheck("110105" + "22000101" + "002"), chinaid.ReasonDate},
		"check":               {"110105194912310021", chinaid.ReasonCheck},
		"endless":             {string(make([]byte, 1<<20)), chinaid.ReasonLength},
	} {
		_, err := chinaid.ParseResidentID(c.in)
		assert.Equal(t, &chinaid.Error{Kind: chinaid.KindResidentID, Reason: c.want}, err, name)
	}
	_, err := chinaid.ParseResidentID(withCheck("110105" + "20000229" + "002"))
	assert.NoError(t, err, "29 February of a leap year")
}

// withCheck is the standard's weighted sum as printed, unlike the code under test, which doubles as it goes.
func withCheck(body string) string {
	weights := []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += w * int(body[i]-'0')
	}
	return body + string("10X98765432"[sum%11])
}

func TestEveryWrongDigitOfAResidentIDIsFound(t *testing.T) {
	t.Parallel()
	for _, id := range standardResidentIDs {
		everyChange(t, id, "0123456789X", func(s string) error {
			_, err := chinaid.ParseResidentID(s)
			return err
		})
	}
}

// everyChange puts every other character of alphabet at every position of valid and wants each refused.
func everyChange(t *testing.T, valid, alphabet string, parse func(string) error) {
	t.Helper()
	require.NoError(t, parse(valid))
	for i := range len(valid) {
		for _, c := range []byte(alphabet) {
			if c == valid[i] {
				continue
			}
			changed := valid[:i] + string(c) + valid[i+1:]
			assert.Error(t, parse(changed), "%s at %d", changed, i)
		}
	}
}

func TestNewResidentIDBuildsValidOnes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		region := rapid.SampledFrom([]string{"110105", "440524", "310000", "830000"}).Draw(t, "region")
		birth := time.Date(1800, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 146096).Draw(t, "days"))
		seq := rapid.IntRange(0, 999).Draw(t, "seq")
		id, err := chinaid.NewResidentID(region, birth, seq)
		require.NoError(t, err)
		assert.Equal(t, withCheck(id.Value()[:17]), id.Value())
		y, m, d := id.Birthdate()
		assert.Equal(t, birth.Format(time.DateOnly), fmt.Sprintf("%04d-%02d-%02d", y, m, d))
	})
}

func TestNewResidentIDRefuses(t *testing.T) {
	t.Parallel()
	birth := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, build := range map[string]func() (chinaid.ResidentID, error){
		"short region": func() (chinaid.ResidentID, error) { return chinaid.NewResidentID("1101", birth, 1) },
		"odd region":   func() (chinaid.ResidentID, error) { return chinaid.NewResidentID("11010X", birth, 1) },
		"no province":  func() (chinaid.ResidentID, error) { return chinaid.NewResidentID("990105", birth, 1) },
		"sequence":     func() (chinaid.ResidentID, error) { return chinaid.NewResidentID("110105", birth, 1000) },
		"minus":        func() (chinaid.ResidentID, error) { return chinaid.NewResidentID("110105", birth, -1) },
		"year too long": func() (chinaid.ResidentID, error) {
			return chinaid.NewResidentID("110105", birth.AddDate(9000, 0, 0), 1)
		},
	} {
		_, err := build()
		assert.ErrorIs(t, err, &chinaid.Error{Kind: chinaid.KindResidentID}, name)
	}
}
