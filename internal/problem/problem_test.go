package problem_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/problem"
	"shiming/registration"
)

var (
	_ huma.StatusError       = (*problem.Problem)(nil)
	_ huma.HeadersError      = (*problem.Problem)(nil)
	_ huma.ContentTypeFilter = (*problem.Problem)(nil)
)

func now() time.Time {
	return time.Date(2026, time.October, 10, 9, 0, 0, 0, time.FixedZone("CST", 8*3600))
}

func body(t *testing.T, p *problem.Problem) string {
	t.Helper()
	b, err := json.Marshal(p)
	require.NoError(t, err)
	return string(b)
}

func TestBody(t *testing.T) {
	t.Parallel()
	assert.JSONEq(t, `{"type": "urn:shiming:problem:not_found", "title": "There is no such thing here", "status": 404,
		"detail": "Check the address and the id.", "code": "not_found"}`, body(t, problem.New(registration.CodeNotFound)))

	full := problem.New(registration.CodeWrongState,
		problem.WithDetail("D"), problem.WithAttemptsLeft(0), problem.WithState("under_review"), problem.WithRetryAt(now().Add(time.Hour), now()),
		problem.WithErrors(registration.FieldError{Location: "company.uscc", Code: "missing", Message: "M"}),
		problem.WithConditions([]map[string]any{{"code": "zero_balance", "met": false}}))
	assert.JSONEq(t, `{"type": "urn:shiming:problem:wrong_state", "title": "The state does not allow this", "status": 409,
		"detail": "D", "code": "wrong_state", "attempts_left": 0, "state": "under_review", "retry_at": "2026-10-10T10:00:00+08:00",
		"errors": [{"location": "company.uscc", "code": "missing", "message": "M"}], "conditions": [{"code": "zero_balance", "met": false}]}`, body(t, full))
}

func TestContentType(t *testing.T) {
	t.Parallel()
	p := problem.New(registration.CodeNotFound)
	assert.Equal(t, "application/problem+json", p.ContentType("application/json"))
	assert.Equal(t, "text/plain", p.ContentType("text/plain"))
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for _, e := range problem.Entries() {
		got := problem.New(e.Code).GetHeaders().Get("Retry-After")
		switch e.Status {
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			assert.Regexp(t, `^[1-9][0-9]*$`, got, e.Code)
		default:
			assert.Empty(t, got, e.Code)
		}
	}
	for pause, want := range map[time.Duration]string{
		90 * time.Second: "90", 1500 * time.Millisecond: "2", time.Nanosecond: "1", 0: "1", -time.Hour: "1",
	} {
		at := problem.New(registration.CodePayoutLimitReached, problem.WithRetryAt(now().Add(pause), now()))
		assert.Equal(t, want, at.GetHeaders().Get("Retry-After"), "at, %s", pause)
		after := problem.New(problem.CodeRateLimited, problem.WithRetryAfter(pause))
		assert.Equal(t, want, after.GetHeaders().Get("Retry-After"), "after, %s", pause)
		assert.Nil(t, after.RetryAt)
	}
	assert.Equal(t, "60", problem.New(registration.CodeCodeResendTooSoon).GetHeaders().Get("Retry-After"))
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "Bearer", problem.New(problem.CodeUnauthorized).GetHeaders().Get("WWW-Authenticate"))
	assert.Empty(t, problem.New(problem.CodeForbidden).GetHeaders())
}

// TestErrorTextTellsNothing: problems are logged.
func TestErrorTextTellsNothing(t *testing.T) {
	t.Parallel()
	p := problem.New(registration.CodeInvalidRequest, problem.WithDetail("secret"), problem.WithErrors(registration.FieldError{Location: "secret", Message: "secret"}))
	assert.Equal(t, "problem: invalid_request", p.Error())
}

func TestUnknownCodeIsOurFault(t *testing.T) {
	t.Parallel()
	p := problem.New("no_such_code")
	assert.Equal(t, problem.CodeInternal, p.Code)
	assert.Equal(t, http.StatusInternalServerError, p.GetStatus())
}
