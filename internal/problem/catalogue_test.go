package problem_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"shiming/internal/problem"
	"shiming/registration"
)

// contract is the table of the API contract ("Errors"), copied by hand.
func contract() map[int]string {
	return map[int]string{
		http.StatusBadRequest:            "malformed_request",
		http.StatusUnauthorized:          "unauthorized",
		http.StatusForbidden:             "forbidden payment_password_incorrect",
		http.StatusNotFound:              "not_found",
		http.StatusConflict:              "wrong_state submitted_locked registration_exists identity_in_use organization_in_use claimed_by_other second_reviewer_required clearing_exists clearing_not_eligible",
		http.StatusRequestEntityTooLarge: "document_too_large",
		http.StatusUnsupportedMediaType:  "document_type_unsupported",
		http.StatusUnprocessableEntity: "invalid_request id_number_invalid uscc_invalid phone_invalid card_invalid card_not_debit card_is_corporate card_unusable " +
			"card_elements_mismatch code_incorrect code_expired admin_must_be_authorized_agent licence_numbers_must_be_uscc bank_account_name_mismatch " +
			"contact_name_mismatch deposit_amount_mismatch deposit_attempts_exceeded requirements_missing idempotency_key_reused",
		http.StatusTooManyRequests:     "card_attempts_exceeded code_attempts_exceeded code_resend_too_soon payout_limit_reached acts_exceeded account_limit_reached spending_paused rate_limited",
		http.StatusServiceUnavailable:  "provider_unavailable engine_unavailable engine_busy storage_unavailable held_after_restore",
		http.StatusInternalServerError: "internal_error", // ours: a fault has no code in the contract
	}
}

func TestCatalogueIsTheContract(t *testing.T) {
	t.Parallel()
	want := make(map[problem.Code]int)
	for status, codes := range contract() {
		for code := range strings.FieldsSeq(codes) {
			want[problem.Code(code)] = status
		}
	}
	got := make(map[problem.Code]int)
	titles := make(map[string]problem.Code)
	for _, e := range problem.Entries() {
		got[e.Code] = e.Status
		assert.NotEmpty(t, e.Title, e.Code)
		assert.NotEmpty(t, e.Detail, e.Code)
		assert.Empty(t, titles[e.Title], "%s has the title of another", e.Code)
		assert.False(t, strings.HasSuffix(e.Title, "."), e.Code)
		assert.True(t, strings.HasSuffix(e.Detail, "."), e.Code)
		titles[e.Title] = e.Code
		pauses := e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable
		assert.Equal(t, pauses, e.RetryAfter > 0, "%s: Retry-After", e.Code)
	}
	assert.Equal(t, want, got)
}

// TestNoCodeTwice: an entry that repeats a code would hide the other.
func TestNoCodeTwice(t *testing.T) {
	t.Parallel()
	count := 0
	for _, codes := range contract() {
		count += len(strings.Fields(codes))
	}
	assert.Len(t, problem.Entries(), count)
}

// TestLastErrorCodesAreNoProblems: what is refused after the answer has no status.
func TestLastErrorCodesAreNoProblems(t *testing.T) {
	t.Parallel()
	for _, code := range []problem.Code{registration.CodeAdminNotVerified, registration.CodePaymentFailed, registration.CodeWindowClosed} {
		assert.Equal(t, problem.CodeInternal, problem.New(code).Code, code)
	}
}
