package registration_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	. "shiming/registration"
)

func TestARefusalSaysItsCodeAlone(t *testing.T) {
	t.Parallel()
	r := Refuse(CodeDepositMismatch).WithAttempts(2).At(FieldError{Location: "amount", Code: "mismatch", Message: "Not the amount."})
	require.EqualError(t, r, "refused: deposit_amount_mismatch")
	var found *Refusal
	require.ErrorAs(t, fmt.Errorf("judging: %w", r), &found)
	assert.Same(t, r, found)
}

func TestARefusalTravels(t *testing.T) {
	t.Parallel()
	sent := Refuse(CodePayoutLimitReached).Until(time.Date(2026, 10, 8, 16, 0, 0, 0, time.UTC)).WithAttempts(0)
	sent.State = DepositFailed
	wire, err := json.Marshal(sent)
	require.NoError(t, err)
	assert.JSONEq(t, `{"code":"payout_limit_reached","attempts_left":0,"retry_at":"2026-10-08T16:00:00Z","state":"deposit_failed"}`, string(wire))
	var got Refusal
	require.NoError(t, json.Unmarshal(wire, &got))
	assert.Equal(t, *sent, got)
}

func TestWithAttemptsZeroIsNotSilence(t *testing.T) {
	t.Parallel()
	assert.Nil(t, Refuse(CodeCodeIncorrect).AttemptsLeft)
	require.NotNil(t, Refuse(CodeCodeIncorrect).WithAttempts(0).AttemptsLeft)
}

// TestLastErrorsAreExplained: what an applicant reads long after the act has words in both languages.
func TestLastErrorsAreExplained(t *testing.T) {
	t.Parallel()
	for _, code := range []Code{
		CodeIdentityInUse, CodeOrganizationInUse, CodeAdminNotVerified, CodePaymentFailed, CodeWindowClosed,
		CodeDepositExceeded, CodeDepositMismatch, CodeCardNotDebit, CodeCardIsCorporate, CodeCardUnusable,
		CodeCardElementsMismatch, CodeCodeIncorrect, CodeCodeExpired, CodeCodeAttemptsExceeded, CodeCardAttemptsExceeded,
		CodeAdminMustBeAgent, CodeLicenceNumbers, CodeBankAccountNameMismatch, CodePayoutLimitReached, CodeProviderUnavailable, CodeSecondReviewer,
		CodeAccountLimitReached, CodeSpendingPaused, CodeNothingToClear,
		"identity_missing", "company_missing", "company_unproven", "contact_missing", "document_missing", "correction_asked", "condition_unmet",
	} {
		zh, en := Explain(code, Chinese), Explain(code, English)
		assert.Regexp(t, `^\p{Han}.*。$`, zh, code)
		assert.Regexp(t, `^[A-Z][ -~]*\.$`, en, code)
		assert.Equal(t, zh, Explain(code, ""), "Chinese is the default: %s", code)
	}
	assert.Equal(t, "no_such_code", Explain("no_such_code", English))
}
