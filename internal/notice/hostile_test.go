package notice_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"shiming/internal/notice"
)

func hostileNames() map[string]string {
	return map[string]string{
		"markup":        `<script>alert(1)</script><img src=x onerror=alert(1)>"'&`,
		"newlines":      "A\r\nBcc: all@example.com\r\n\r\nB\u2028C\u2029D\vE\x00F",
		"right-to-left": "abc\u202egnp.exe\u202c\u2066x\u2069\u200f",
		"emoji":         strings.Repeat("👨‍👩‍👧‍👦", 50),
		"link":          "Free https://evil.example/x www.evil.example evil．example",
		"signature":     "【官方】${deadline} 请致电13800138000",
		"template":      "{{.Final}} {{template \"footer\"}}",
		"invalid":       "a\xff\xfeb",
		"zero width":    "\u200b\ufeff\u2060",
	}
}

// TestHostileNames hands every text field something nasty, in every notice.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	for what, name := range hostileNames() {
		for _, kind := range notice.Kinds() {
			for _, locale := range bothLocales() {
				d := sample(kind)
				d.RegistrationID, d.AccountID = name, name
				d.DeveloperName, d.CompanyName, d.BankAccountLast4 = name, name, name
				d.Kind, d.Failure, d.Outcome = name, name, name
				if what != "link" { // staff may write addresses
					d.Detail, d.Reasons = name, []notice.Reason{{Field: name, Code: name, Message: name}}
				}
				m := render(t, kind, locale, d)
				context := what + " " + string(kind) + " " + locale
				assertCleanLine(t, m.Subject, context)
				assertHarmless(t, m, context)
				assertSMS(t, m, context)
			}
		}
	}
}

func assertCleanLine(t *testing.T, s, context string) {
	t.Helper()
	assert.True(t, utf8.ValidString(s), context)
	assert.LessOrEqual(t, utf8.RuneCountInString(s), 120, context)
	for _, r := range s {
		assert.False(t, unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r), "%s: %U", context, r)
	}
}

func assertHarmless(t *testing.T, m notice.Message, context string) {
	t.Helper()
	for _, bad := range []string{"<script", "<img", "onerror=alert(1)>\"", "https://evil", "www.evil.example"} {
		assert.NotContains(t, m.HTML, bad, context)
	}
	for line := range strings.SplitSeq(m.Text, "\n") {
		assert.False(t, strings.HasPrefix(line, "Bcc:"), context)
		for _, r := range line {
			assert.False(t, unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r), "%s: %U", context, r)
		}
	}
}

func assertSMS(t *testing.T, m notice.Message, context string) {
	t.Helper()
	for param, value := range m.SMSParams {
		assertCleanLine(t, value, context)
		assert.NotEmpty(t, value, "%s: %s", context, param)
		assert.LessOrEqual(t, utf8.RuneCountInString(value), 35, "%s: %s", context, param)
		for _, bad := range []string{"://", "www.", "evil.", "evil．", "【", "】", "$", "{", "13800138000"} {
			assert.NotContains(t, value, bad, "%s: %s", context, param)
		}
		for _, r := range value {
			assert.False(t, unicode.In(r, unicode.So, unicode.Sk), "%s: %U", context, r)
		}
	}
}

// TestNameStaysReadable: cleaning does not take from an honest name, and markup shows as text.
func TestNameStaysReadable(t *testing.T) {
	t.Parallel()
	m := render(t, notice.PaymentRequested, "en", notice.Data{DeveloperName: "  Müller & Söhne\t<b>阿依古丽·买买提</b> "})
	assert.Contains(t, m.Text, "“Müller & Söhne <b>阿依古丽·买买提</b>”")
	assert.Contains(t, m.HTML, "“Müller &amp; Söhne &lt;b&gt;阿依古丽·买买提&lt;/b&gt;”")
	assert.Equal(t, "Müller & Söhne <b>阿…", m.SMSParams["name"])
}
