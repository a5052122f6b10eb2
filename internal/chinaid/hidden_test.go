package chinaid_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/chinaid"
)

// identifier is what every parsed type gives.
type identifier interface {
	Value() string
	Masked() string
	IsZero() bool
	fmt.Stringer
	fmt.GoStringer
	fmt.Formatter
	slog.LogValuer
	json.Marshaler
}

// parsers holds every parser under a name, with a value that it takes.
var parsers = map[string]struct {
	example string
	parse   func(string) (identifier, error)
}{
	"resident":     {"11010519491231002X", as(chinaid.ParseResidentID)},
	"uscc":         {"91350100M000100Y43", as(chinaid.ParseUSCC)},
	"organization": {"D2143569X", as(chinaid.ParseOrganizationCode)},
	"registration": {"110108001234567", as(chinaid.ParseRegistrationNumber)},
	"card":         {"6200000000000005", as(chinaid.ParseCard)},
	"mobile":       {"13800131234", as(chinaid.ParseMobile)},
	"bank":         {"1100604532000123456789", as(chinaid.ParseBankAccount)},
	"cnaps":        {"102100099996", as(chinaid.ParseCNAPS)},
	"email":        {"chen@example.com", as(chinaid.ParseEmail)},
	"name":         {"张三丰", as(chinaid.ParsePersonName)},
}

func as[T identifier](parse func(string) (T, error)) func(string) (identifier, error) {
	return func(s string) (identifier, error) { return parse(s) }
}

func TestNothingButValueShowsTheValue(t *testing.T) {
	t.Parallel()
	for name, p := range parsers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id, err := p.parse(p.example)
			require.NoError(t, err)
			require.Equal(t, p.example, id.Value())
			require.NotEqual(t, p.example, id.Masked())
			require.NotEmpty(t, id.Masked())
			for way, shown := range everyWayToShow(t, id) {
				assert.NotContains(t, shown, p.example, way)
				assert.NotContains(t, shown, fmt.Sprintf("%x", p.example), way)
			}
			assert.Equal(t, id.Masked(), id.String())
			assert.Equal(t, id.Masked(), fmt.Sprint(id))
			assert.Equal(t, id.Masked(), id.LogValue().String())
		})
	}
}

func everyWayToShow(t *testing.T, id identifier) map[string]string {
	t.Helper()
	type Exported struct{ ID identifier }
	type Unexported struct{ id identifier }
	exported, unexported := Exported{id}, Unexported{id}
	shown := map[string]string{"GoString": id.GoString()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%t", "%10.3f"} {
		shown[verb] = fmt.Sprintf(verb, id)
		shown["exported "+verb] = fmt.Sprintf(verb, exported)
		shown["unexported "+verb] = fmt.Sprintf(verb, unexported)
		shown["slice "+verb] = fmt.Sprintf(verb, []identifier{id})
	}
	js, err := json.Marshal(map[string]any{"id": id, "in": exported})
	require.NoError(t, err)
	shown["json"] = string(js)
	assert.Contains(t, shown["json"], id.Masked())
	xm, err := xml.Marshal(exported)
	require.NoError(t, err)
	shown["xml"] = string(xm)
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("seen", "id", id, "in", exported, "un", unexported)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("seen", "id", id, "in", exported, "un", unexported)
	shown["slog"] = log.String()
	shown["error"] = fmt.Errorf("of %v", id).Error()
	return shown
}

func TestNoIdentifierComesOutOfJSON(t *testing.T) {
	t.Parallel()
	var card chinaid.Card
	//nolint:staticcheck // SA9005: that nothing comes out is what is tested
	require.Error(t, json.Unmarshal([]byte(`"6200000000000005"`), &card))
	assert.True(t, card.IsZero())
}

func TestTheZeroValueIsQuiet(t *testing.T) {
	t.Parallel()
	assert.Empty(t, chinaid.Card{}.Last4()+chinaid.BankAccount{}.Last4()+chinaid.USCC{}.OrganizationCode()+chinaid.USCC{}.Value()+chinaid.Email{}.String())
	y, m, d := chinaid.ResidentID{}.Birthdate()
	assert.Zero(t, y+int(m)+d)
	assert.True(t, chinaid.PersonName{}.IsZero())
}

func TestErrorsNameKindAndReasonOnly(t *testing.T) {
	t.Parallel()
	_, err := chinaid.ParseCard("6200000000000006")
	require.EqualError(t, err, "card number does not match its check character")
	require.ErrorIs(t, err, &chinaid.Error{})
	require.ErrorIs(t, err, &chinaid.Error{Kind: chinaid.KindCard})
	require.NotErrorIs(t, err, &chinaid.Error{Kind: chinaid.KindUSCC})
	require.NotErrorIs(t, err, &chinaid.Error{Kind: chinaid.KindCard, Reason: chinaid.ReasonLength})
}

// FuzzParsers: no parser panics, every error is an *Error, and what parsed parses again, to itself.
func FuzzParsers(f *testing.F) {
	for _, p := range parsers {
		f.Add(p.example)
		f.Add(" " + strings.ToLower(p.example) + "\u3000")
	}
	for _, s := range []string{"", "\xff", "＋８６１３８００１３１２３４", "D2143569－Ｘ", "李·X\u0301", "a@b.c", "\u202e", "ﷺ", "İı@K.com"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, p := range parsers {
			id, err := p.parse(s)
			if err != nil {
				var refused *chinaid.Error
				require.ErrorAs(t, err, &refused, name)
				continue
			}
			again, err := p.parse(id.Value())
			require.NoError(t, err, name)
			require.Equal(t, id, again, name)
		}
	})
}

// FuzzNames: folding and masking never panic, folding is stable and ignores what cleaning changes.
func FuzzNames(f *testing.F) {
	for _, s := range []string{"张三", "阿卜杜拉•买买提", "示例【北京】", "e \u0301", "İ", "ẞ", "\u0345α", "\xff", "\u1100 \u1161", "a@b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		folded := chinaid.FoldName(s)
		require.Equal(t, folded, chinaid.FoldName(folded))
		require.Equal(t, folded != "", chinaid.SameName(s, s))
		if name, err := chinaid.CleanName(s); err == nil {
			require.Equal(t, folded, chinaid.FoldName(name))
		}
		chinaid.MaskEmail(s)
	})
}
