package notice

import "strings"

// The languages. Chinese is the default (process.md, "Notices").
const (
	zhCN = "zh-CN"
	en   = "en"
)

func locales() []string { return []string{zhCN, en} }

// pickLocale answers en for English of any country, and zh-CN for everything else.
func pickLocale(asked string) string {
	language, _, _ := strings.Cut(strings.ReplaceAll(asked, "_", "-"), "-")
	if strings.EqualFold(strings.TrimSpace(language), en) {
		return en
	}
	return zhCN
}
