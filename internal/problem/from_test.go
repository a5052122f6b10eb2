package problem_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"shiming/internal/problem"
	"shiming/registration"
)

func TestFromRefusal(t *testing.T) {
	t.Parallel()
	p := problem.FromRefusal(registration.Refuse(registration.CodeCodeIncorrect).WithAttempts(4), now())
	assert.Equal(t, problem.New(registration.CodeCodeIncorrect, problem.WithAttemptsLeft(4)), p)

	p = problem.FromRefusal(registration.Refuse(registration.CodePayoutLimitReached).Until(now().Add(time.Minute)), now())
	assert.Equal(t, "60", p.GetHeaders().Get("Retry-After"))
	assert.Equal(t, now().Add(time.Minute), *p.RetryAt)

	p = problem.FromRefusal(&registration.Refusal{Code: registration.CodeWrongState, State: registration.UnderReview}, now())
	assert.Equal(t, "under_review", p.State)

	field := registration.FieldError{Location: "contact", Code: "missing"}
	p = problem.FromRefusal(registration.Refuse(registration.CodeRequirementsMissing).At(field), now())
	assert.Equal(t, []registration.FieldError{field}, p.Errors)
	assert.Nil(t, p.AttemptsLeft)
	assert.Nil(t, p.RetryAt)
}

// TestFromFields: a lone checking error gives its own code, several give invalid_request (contract, "Errors").
func TestFromFields(t *testing.T) {
	t.Parallel()
	uscc := registration.FieldError{Location: "uscc", Code: "uscc_invalid"}
	phone := registration.FieldError{Location: "phone", Code: "phone_invalid"}
	for _, c := range []struct {
		want problem.Code
		errs []registration.FieldError
	}{
		{problem.CodeUSCCInvalid, []registration.FieldError{uscc}},
		{registration.CodeInvalidRequest, []registration.FieldError{uscc, phone}},
		{registration.CodeInvalidRequest, []registration.FieldError{{Location: "name", Code: "too_short"}}},
		{registration.CodeInvalidRequest, []registration.FieldError{{Location: "name", Code: "not_found"}}},
	} {
		p := problem.FromFields(c.errs...)
		assert.Equal(t, c.want, p.Code)
		assert.Equal(t, 422, p.Status)
		assert.Equal(t, c.errs, p.Errors)
	}
}
