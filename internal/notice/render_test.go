package notice_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/notice"
)

func TestUnknownKindIsRefused(t *testing.T) {
	t.Parallel()
	_, err := notice.Render("no_such", "en", notice.Data{})
	require.ErrorIs(t, err, notice.ErrUnknownKind)
}

func TestUnknownLocaleIsChinese(t *testing.T) {
	t.Parallel()
	chinese := render(t, notice.Approved, "zh-CN", sample(notice.Approved))
	english := render(t, notice.Approved, "en", sample(notice.Approved))
	for _, locale := range []string{"", "fr", "zh", "zh-TW", "english", "../en"} {
		assert.Equal(t, chinese, render(t, notice.Approved, locale, sample(notice.Approved)), locale)
	}
	for _, locale := range []string{"EN", "en-GB", "en_US"} {
		assert.Equal(t, english, render(t, notice.Approved, locale, sample(notice.Approved)), locale)
	}
}

// TestNothingKnown: every field is optional, and what is missing leaves no hole in the text.
func TestNothingKnown(t *testing.T) {
	t.Parallel()
	for _, kind := range notice.Kinds() {
		for _, locale := range bothLocales() {
			var d notice.Data
			if kind == notice.ClearingObjection {
				d.Link = "https://open.example.com/object"
			}
			m := render(t, kind, locale, d)
			for _, text := range []string{m.Subject, m.Text, notice.SMSText(m.SMSTemplate, m.SMSParams)} {
				for _, hole := range []string{"“”", "<no value>", "()", "（）", "  ", " .", " ,", "${", "前前", "0次", "0 tries"} {
					assert.NotContains(t, text, hole, "%s %s", kind, locale)
				}
			}
		}
	}
}

// TestLinks: only an absolute web address becomes a link, and the refusal does not repeat a token.
func TestLinks(t *testing.T) {
	t.Parallel()
	for _, link := range []string{"javascript:alert('tok')", "/object?token=tok", "mailto:tok@example.com", "https://?tok", "https://a b/tok", "ftp://example.com/tok"} {
		_, err := notice.Render(notice.ClearingObjection, "en", notice.Data{Link: link})
		require.ErrorIs(t, err, notice.ErrLinkInvalid, link)
		assert.NotContains(t, err.Error(), "tok", link)
	}
	_, err := notice.Render(notice.ClearingObjection, "en", notice.Data{})
	require.ErrorIs(t, err, notice.ErrLinkMissing)

	m := render(t, notice.ClearingObjection, "en", notice.Data{Link: "https://open.example.com/object?a=1&token=tok"})
	assert.Contains(t, m.Text, "https://open.example.com/object?a=1&token=tok")
	assert.Contains(t, m.HTML, `href="https://open.example.com/object?a=1&amp;token=tok"`)
}

// TestFailureDecidesTheWayOn: whoever sends either kind, the text fits the cause.
func TestFailureDecidesTheWayOn(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		notice.FailureAccountNotFound:     "correct the bank account",
		notice.FailureAccountNameMismatch: "correct the bank account",
		notice.FailureBankNotFound:        "correct the bank account",
		notice.FailureAccountClosed:       "correct the bank account",
		notice.FailureOther:               "correct the bank account",
		"something new":                   "correct the bank account",
		notice.FailureReturned:            "correct the bank account",
		notice.FailureWindowClosed:        "ask for a new one",
		notice.FailureAttemptsUsed:        "ask for a new one",
	} {
		for _, kind := range []notice.Kind{notice.PaymentFailed, notice.WindowClosed} {
			m := render(t, kind, "en", notice.Data{Failure: code})
			assert.Contains(t, notice.SMSText(m.SMSTemplate, m.SMSParams), want, "%s %s", kind, code)
		}
	}
	final := render(t, notice.WindowClosed, "en", notice.Data{Final: true})
	assert.Contains(t, final.Text, "contact support")
	assert.NotContains(t, final.Text, "ask for a new payment")
}

// TestClearingOutcomes: each has its own subject and way on.
func TestClearingOutcomes(t *testing.T) {
	t.Parallel()
	for _, locale := range bothLocales() {
		seen := make(map[string]bool)
		for _, d := range []notice.Data{
			{Outcome: notice.OutcomeCleared},
			{Outcome: notice.OutcomeObjected},
			{Outcome: notice.OutcomeRejected, Final: true},
			{Outcome: notice.OutcomeRejected},
			{},
		} {
			seen[render(t, notice.ClearingDecided, locale, d).Subject] = true
		}
		assert.Len(t, seen, 5)
	}
}

// TestNothingThatDoesNotBelong: names stay out of subjects and of the house's mail; detail and reasons stay
// out of payment notices, so that an amount that strays into them is not told.
func TestNothingThatDoesNotBelong(t *testing.T) {
	t.Parallel()
	for _, kind := range notice.Kinds() {
		for _, locale := range bothLocales() {
			d := sample(kind)
			d.DeveloperName, d.CompanyName = "Name-of-developer", "Name-of-company"
			d.BankAccountLast4 = "6222021234567894321"
			d.Detail = "0.37"
			m := render(t, kind, locale, d)
			all := m.Subject + m.Text + m.HTML + notice.SMSText(m.SMSTemplate, m.SMSParams)
			assert.NotContains(t, m.Subject, "Name-of", kind)
			assert.NotContains(t, all, "94321", "the whole account, %s", kind)
			if a := kind.Audience(); a == notice.Reviewers || a == notice.Ops {
				assert.NotContains(t, all, "Name-of", kind)
				continue
			}
			assert.NotContains(t, all, "0.37", kind)
		}
	}
	m := render(t, notice.MoneyArrived, "en", notice.Data{Reasons: []notice.Reason{{Field: "name", Message: "0.37"}}})
	assert.NotContains(t, m.Text+m.HTML, "0.37")
}
