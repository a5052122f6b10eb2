package chinaid_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/chinaid"
)

func TestParsePersonName(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		" 张三 ": "张三", "\u3000欧阳\u3000": "欧阳", "\ufeff张三": "张三", "阿卜杜拉·买买提": "阿卜杜拉·买买提", "Zhang San": "Zhang San",
		"Jose\u0301": "José", "张\u202e三": "张三",
	} {
		n, err := chinaid.ParsePersonName(typed)
		if assert.NoError(t, err, typed) {
			assert.Equal(t, want, n.Value())
		}
	}
	for in, want := range map[string]chinaid.Reason{
		"": chinaid.ReasonEmpty, "\u200b": chinaid.ReasonEmpty, "张": chinaid.ReasonLength, strings.Repeat("张", 51): chinaid.ReasonLength,
		strings.Repeat("张", 1<<20): chinaid.ReasonLength, "张\n三": chinaid.ReasonCharacter, "张\x00三": chinaid.ReasonCharacter,
		"张\u2028三": chinaid.ReasonCharacter, "张\xff三": chinaid.ReasonCharacter, "123": chinaid.ReasonNoLetter, "··": chinaid.ReasonNoLetter,
	} {
		_, err := chinaid.ParsePersonName(in)
		assert.Equal(t, &chinaid.Error{Kind: chinaid.KindName, Reason: want}, err, "%.20q", in)
	}
	_, err := chinaid.CleanName(strings.Repeat("张", 50))
	assert.NoError(t, err)
}

func TestCleanTextTakesWhatANameDoesNot(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"360": "360", " 示例（北京）科技有限公司 ": "示例（北京）科技有限公司", "👩\u200d💻 工作室": "👩\u200d💻 工作室"} {
		got, err := chinaid.CleanText(in, 2, 50)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	_, err := chinaid.CleanText("a\tb", 2, 50)
	assert.Equal(t, &chinaid.Error{Kind: chinaid.KindText, Reason: chinaid.ReasonCharacter}, err)
}

func TestMaskName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"张三": "张*", "欧阳娜娜": "欧*", "张": "*", " 张 ": "*", "": "", "𠮷田": "𠮷*", "Zhang San": "Z*"} {
		assert.Equal(t, want, chinaid.MaskName(in), in)
	}
}

func TestSameName(t *testing.T) {
	t.Parallel()
	same := [][]string{
		{"阿卜杜拉·买买提", "阿卜杜拉•买买提", "阿卜杜拉‧买买提", "阿卜杜拉・买买提", "阿卜杜拉･买买提", "阿卜杜拉 · 买买提", "阿卜杜拉\u0387买买提", "阿卜杜拉⋅买买提"},
		{"示例（北京）科技有限公司", "示例(北京)科技有限公司", "示例【北京】科技有限公司", "示例[北京]科技有限公司", "示例〔北京〕科技有限公司", " 示例（北京） 科技有限公司\u3000"},
		{"Zhang San", "ZHANG SAN", "zhangsan", "Ｚｈａｎｇ\u00a0Ｓａｎ", "Zhang\u200bSan"},
		{"José", "Jose\u0301", "JOSE\u0301"},
		{"Straße", "STRASSE"},
		{"葛\ufe00城", "葛\U000e0100城", "葛城"},
	}
	for i, group := range same {
		for _, name := range group {
			assert.True(t, chinaid.SameName(group[0], name), "%q and %q", group[0], name)
		}
		other := same[(i+1)%len(same)][0]
		assert.False(t, chinaid.SameName(group[0], other), "%q and %q", group[0], other)
	}
	for _, differ := range [][2]string{{"张三", "张四"}, {"张三", "张三丰"}, {"", ""}, {" ", "\u3000"}, {"阿卜杜拉·买买提", "阿卜杜拉买买提"}, {"示例（北京）", "示例北京"}, {"张三", "張三"}} {
		assert.False(t, chinaid.SameName(differ[0], differ[1]), "%q and %q", differ[0], differ[1])
	}
}

func TestParseEmail(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"chen@example.com": "chen@example.com", "\tChen.Li+dev@Example.COM\u3000": "Chen.Li+dev@example.com",
		"ｃｈｅｎ＠ｅｘａｍｐｌｅ．ｃｏｍ": "chen@example.com", "a@xn--fsqu00a.xn--0zwm56d": "a@xn--fsqu00a.xn--0zwm56d",
	} {
		e, err := chinaid.ParseEmail(typed)
		if assert.NoError(t, err, typed) {
			assert.Equal(t, want, e.Value())
		}
	}
	for in, want := range map[string]chinaid.Reason{
		"": chinaid.ReasonEmpty, "chen": chinaid.ReasonForm, "@example.com": chinaid.ReasonForm, "chen@": chinaid.ReasonForm,
		"chen@localhost": chinaid.ReasonForm, "chen@[127.0.0.1]": chinaid.ReasonForm, "<chen@example.com>": chinaid.ReasonForm,
		"Chen <chen@example.com>": chinaid.ReasonCharacter, "Chen<chen@example.com>": chinaid.ReasonForm,
		`"chen"@example.com`: chinaid.ReasonForm, "chen(x)@example.com": chinaid.ReasonForm, "a@b.com,c@d.com": chinaid.ReasonForm,
		"chen@example.com\nBcc: x@y.zz": chinaid.ReasonCharacter, "ch\x00en@example.com": chinaid.ReasonCharacter,
		"陈@example.com": chinaid.ReasonCharacter, "chen@exa_mple.com": chinaid.ReasonForm, "chen..li@example.com": chinaid.ReasonForm,
		strings.Repeat("a", 65) + "@example.com":           chinaid.ReasonLength,
		"chen@" + strings.Repeat("a.", 124) + "example.cn": chinaid.ReasonLength,
		strings.Repeat("a", 1<<20):                         chinaid.ReasonLength,
	} {
		_, err := chinaid.ParseEmail(in)
		assert.Equal(t, &chinaid.Error{Kind: chinaid.KindEmail, Reason: want}, err, "%.40q", in)
	}
}

func TestMaskEmail(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"chen@example.com": "c***@example.com", "c@example.com": "c***@example.com", `"a@b"@example.com`: `"***@example.com`,
		"": "***", "chen": "***", "@example.com": "***", "chen@": "***",
	} {
		assert.Equal(t, want, chinaid.MaskEmail(in), in)
	}
}
