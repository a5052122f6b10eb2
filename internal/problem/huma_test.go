package problem_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/problem"
	"shiming/registration"
)

type applyInput struct {
	Limit int `query:"limit"`
	Body  struct {
		Email string `json:"email" format:"email"`
		Name  string `json:"name" minLength:"2"`
	}
}

// server is an API with one operation that refuses whatever gets through huma's own checks.
func server(t *testing.T, refusal error) http.Handler {
	t.Helper()
	was := huma.NewError
	huma.NewError = problem.FromHuma
	t.Cleanup(func() { huma.NewError = was })
	mux := http.NewServeMux()
	api := humago.New(mux, huma.DefaultConfig("test", "1"))
	huma.Post(api, "/apply", func(context.Context, *applyInput) (*struct{}, error) { return nil, refusal })
	return mux
}

func post(h http.Handler, target, contentType, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestThroughHuma sends problems over HTTP: huma's own, and a handler's. Not parallel: huma.NewError is one for all.
func TestThroughHuma(t *testing.T) {
	h := server(t, problem.New(problem.CodeRateLimited))
	for _, c := range []struct {
		name, target, contentType, body string
		status                          int
		want                            []string
	}{
		{"not JSON", "/apply", "application/json", `{"name": secret`, 400, []string{`"code":"malformed_request"`}},
		{"another type", "/apply", "text/plain", `secret`, 400, []string{`"code":"malformed_request"`}},
		{"no body", "/apply", "application/json", ``, 400, []string{`"code":"malformed_request"`}},
		{"missing", "/apply", "application/json", `{"name":"ok"}`, 422, []string{`"code":"invalid_request"`, `{"location":"body.email","code":"missing","message":"This field is required."}`}},
		{"unknown", "/apply", "application/json", `{"name":"ok","email":"a@example.com","extra":"secret"}`, 422, []string{`{"location":"body.extra","code":"unknown"`}},
		{"wrong type", "/apply", "application/json", `{"name":7,"email":"a@example.com"}`, 422, []string{`{"location":"body.name","code":"invalid","message":"expected string"}`}},
		{"value quoted", "/apply", "application/json", `{"name":"ok","email":"a@example.com secret"}`, 422, []string{`{"location":"body.email","code":"invalid","message":"expected string to be RFC 5322 email"}`}},
		{"query", "/apply?limit=secret", "application/json", `{"name":"ok","email":"a@example.com"}`, 422, []string{`{"location":"query.limit","code":"invalid"`}},
		{"handler's", "/apply", "application/json", `{"name":"ok","email":"a@example.com"}`, 429, []string{`"code":"rate_limited"`}},
	} {
		w := post(h, c.target, c.contentType, c.body)
		assert.Equal(t, c.status, w.Code, c.name)
		assert.Equal(t, "application/problem+json", w.Header().Get("Content-Type"), c.name)
		assert.Contains(t, w.Body.String(), fmt.Sprintf(`"status":%d`, c.status), c.name)
		assert.NotContains(t, w.Body.String(), "secret", c.name)
		for _, part := range c.want {
			assert.Contains(t, w.Body.String(), part, c.name)
		}
		assert.Equal(t, c.status == 429, w.Header().Get("Retry-After") == "1", c.name)
	}
}

// TestStrangeErrorIsOurFault: the text of an unclassified error is not told.
func TestStrangeErrorIsOurFault(t *testing.T) {
	w := post(server(t, fmt.Errorf("pq: secret")), "/apply", "application/json", `{"name":"ok","email":"a@example.com"}`)
	assert.Equal(t, http.StatusInternalServerError, w.Code)
	assert.Contains(t, w.Body.String(), `"code":"internal_error"`)
	assert.NotContains(t, w.Body.String(), "secret")
}

// TestWrappedProblemKeepsItsCode, also when huma reports it among others.
func TestWrappedProblemKeepsItsCode(t *testing.T) {
	w := post(server(t, fmt.Errorf("apply: %w", problem.New(registration.CodeIdentityInUse))), "/apply", "application/json", `{"name":"ok","email":"a@example.com"}`)
	assert.Equal(t, http.StatusConflict, w.Code)
	assert.Contains(t, w.Body.String(), `"code":"identity_in_use"`)

	var own *problem.Problem
	require.ErrorAs(t, problem.FromHuma(422, "", problem.New(problem.CodeForbidden)), &own)
	assert.Equal(t, problem.CodeForbidden, own.Code)
}

// TestDecoderTextIsNotTold: what a decoder says may quote the body, and huma hands the value along.
func TestDecoderTextIsNotTold(t *testing.T) {
	t.Parallel()
	got := problem.FromHuma(422, "secret", &huma.ErrorDetail{Location: "body", Message: "json: cannot unmarshal secret", Value: "secret"}, errors.New("secret"))
	var p *problem.Problem
	require.ErrorAs(t, got, &p)
	assert.Equal(t, []registration.FieldError{{Location: "body", Code: "invalid", Message: "The value is not valid."}}, p.Errors)
	assert.NotContains(t, body(t, p), "secret")
}

// TestStatuses without a code find the contract's.
func TestStatuses(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		0: "internal_error", 400: "malformed_request", 401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "not_found",
		406: "malformed_request", 408: "malformed_request", 413: "document_too_large", 415: "malformed_request", 422: "invalid_request",
		429: "rate_limited", 500: "internal_error", 503: "engine_unavailable",
	} {
		assert.Equal(t, "problem: "+want, problem.FromHuma(status, "secret").Error(), status)
	}
}
