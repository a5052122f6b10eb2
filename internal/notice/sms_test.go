package notice_test

import (
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"shiming/internal/notice"
)

// TestSMSTemplatesAndParamsAgree: the provider refuses a missing parameter, and an unused one is a mistake.
func TestSMSTemplatesAndParamsAgree(t *testing.T) {
	t.Parallel()
	registered := notice.SMSTemplates()
	used := make(map[string]bool)
	for _, kind := range notice.Kinds() {
		for _, locale := range bothLocales() {
			m := render(t, kind, locale, sample(kind))
			if !slices.Contains(kind.Channels(), notice.SMS) {
				assert.Empty(t, m.SMSTemplate, kind)
				assert.Empty(t, m.SMSParams, kind)
				continue
			}
			text := registered[m.SMSTemplate]
			used[m.SMSTemplate] = true
			assert.Regexp(t, `^SHIMING_[A-Z_]+_(ZH|EN)$`, m.SMSTemplate)
			assert.ElementsMatch(t, placeholders(text), slices.Collect(maps.Keys(m.SMSParams)), "%s: %s", m.SMSTemplate, text)
		}
	}
	assert.Equal(t, slices.Sorted(maps.Keys(registered)), slices.Sorted(maps.Keys(used)))
	assert.Len(t, registered, 16)
}

func placeholders(text string) []string {
	var names []string
	for _, m := range regexp.MustCompile(`\$\{([^}]*)\}`).FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return names
}

func TestSMSText(t *testing.T) {
	t.Parallel()
	got := notice.SMSText("SHIMING_MONEY_ARRIVED_ZH", map[string]string{"name": "${last4}", "last4": "6789", "deadline": "D"})
	assert.Equal(t, "${last4}的对公打款已汇入尾号6789的账户。请于北京时间D前登录开放平台填写到账金额。", got, "filled once, not again")
	assert.Empty(t, notice.SMSText("NO_SUCH", nil))
}
