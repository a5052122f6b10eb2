package notice

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"shiming/registration"
)

// fieldPaths are api.md's: the registration's fields and document slots, then a clearing's.
func fieldPaths() []string {
	return []string{
		"name", "identity",
		"contact", "contact.name", "contact.email", "contact.phone", "contact.address",
		"company", "company.legal_name", "company.licence_type", "company.uscc", "company.registration_number",
		"company.organization_code", "company.legal_representative", "company.address",
		"company.bank", "company.bank.account_name", "company.bank.account_number", "company.bank.bank_name", "company.bank.cnaps_code",
		"documents", "documents.id_card_front", "documents.id_card_back", "documents.business_licence", "documents.authorization_letter",
		"documents.qualification_1", "documents.qualification_2", "documents.qualification_3", "documents.qualification_4", "documents.qualification_5",
		"documents.handheld", "holder_name", "id_number", "reason",
	}
}

func TestEveryCodeHasWords(t *testing.T) {
	t.Parallel()
	for _, w := range []*words{chinese(), english()} {
		assertWords(t, w, w.fields, fieldPaths())
		assertWords(t, w, w.reasons, []string{"unreadable", "mismatch", "expired", "incomplete", "not_accepted", "other"})
		assertWords(t, w, w.failures, []string{"account_not_found", "account_name_mismatch", "bank_not_found", "account_closed", "other", "returned", "window_closed", "attempts_used"})
		assertWords(t, w, w.kinds, []string{"individual", "enterprise", "clearing"})
		for code, word := range w.failures {
			assert.LessOrEqual(t, utf8.RuneCountInString(word), maxSMSParam, "%s %s would be cut in an SMS", w.locale, code)
		}
	}
}

// assertWords wants words for exactly these codes, no two alike.
func assertWords(t *testing.T, w *words, have map[string]string, codes []string) {
	t.Helper()
	seen := make(map[string]string)
	for _, code := range codes {
		assert.NotEmpty(t, have[code], "%s: %s", w.locale, code)
		assert.Empty(t, seen[have[code]], "%s: %s has the words of another", w.locale, code)
		seen[have[code]] = code
	}
	assert.Len(t, have, len(codes), w.locale)
}

// TestEveryFieldOfTheDomainHasWords of its own, so that a field added there is not forgotten here.
func TestEveryFieldOfTheDomainHasWords(t *testing.T) {
	t.Parallel()
	for _, kind := range []registration.Kind{registration.Individual, registration.Enterprise} {
		for _, field := range registration.Fields(kind) {
			assert.Contains(t, chinese().fields, string(field))
			assert.Contains(t, english().fields, string(field))
		}
	}
}

func TestFieldFallsBackToItsParent(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "Company's bank account", FieldName("en", "company.bank.swift"))
	assert.Equal(t, "企业信息", FieldName("", "company.colour"))
	assert.Equal(t, "Other information", FieldName("en", "colour"))
	assert.Equal(t, "Other information", FieldName("en", ""))
}
