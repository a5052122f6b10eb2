package notice

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSMSParam(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		strings.Repeat("长", 35):       strings.Repeat("长", 35),
		strings.Repeat("长", 36):       strings.Repeat("长", 34) + "…",
		"👍🏽 ok 1️⃣ 👩‍💻":               "ok 1",
		"HTTPS://Evil.example/x":      "Evil·example/x",
		"a://b://c":                   "c",
		"Node.js 3.0 v. St. Mary ...": "Node·js 3·0 v. St. Mary ...",
		"a\r\n\tb":                    "a b",
		"[官方]【官方】${name}":             "官方 官方 name",
		"\u202e":                      "",
	} {
		assert.Equal(t, want, smsParam(in), "%q", in)
	}
}

func TestSMSNameIsShortAndHasNoNumberToCall(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "2048工作室 …", smsName("2048工作室 13800138000"))
	assert.Equal(t, "一二三四五六七八九十一二三四五六七八九…", smsName(strings.Repeat("一二三四五六七八九十", 3)))
}

func TestOneLine(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "a b", oneLine(" a\u2028\u0085b\u200f\ufeff\xff ", 10))
	assert.Equal(t, "👩‍💻", oneLine("👩‍💻", 10), "joined emoji stay joined")
	assert.Equal(t, "👩…", oneLine("👩‍💻👩‍💻", 3), "and leave no dangling joiner")
	assert.Empty(t, oneLine("\u202e\u2066\u200b", 10))
}

func TestLastFour(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "6789": "6789", "****6789": "6789", "6222021234567894321": "4321", "12": "12", "１２": ""} {
		assert.Equal(t, want, lastFour(in), in)
	}
}

// TestNamesStayOutOfTheHouse: templates for reviewers and ops have no name to show.
func TestNamesStayOutOfTheHouse(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds() {
		v := newView(english(), kind, Data{DeveloperName: "D", CompanyName: "C"})
		assert.Equal(t, kind.internal(), v.Name == "" && v.Company == "", kind)
	}
}
