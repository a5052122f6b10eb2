package problem

import (
	"net/http"
	"strconv"
	"time"

	"shiming/registration"
)

// typePrefix makes a code a URI that needs no host to be kept alive (RFC 9457, section 3.1.1).
const typePrefix = "urn:shiming:problem:"

// Problem is the body of every refusal, RFC 9457 with the contract's extensions. It is an error, and huma sends
// it as it is.
type Problem struct {
	Type         string                    `json:"type" format:"uri" doc:"The code as a URI" example:"urn:shiming:problem:code_incorrect"`
	Title        string                    `json:"title" doc:"What is wrong" example:"The code is wrong"`
	Status       int                       `json:"status" doc:"HTTP status" example:"422"`
	Detail       string                    `json:"detail" doc:"What to do about it" example:"Enter the code of the newest SMS from the bank; attempts_left says how often."`
	Code         Code                      `json:"code" doc:"Machine-readable code" example:"code_incorrect"`
	Errors       []registration.FieldError `json:"errors,omitempty" doc:"Fields concerned"`
	AttemptsLeft *int                      `json:"attempts_left,omitempty" doc:"Tries left" example:"4"`
	RetryAt      *time.Time                `json:"retry_at,omitempty" doc:"When to try again" example:"2026-10-11T00:00:00+08:00"`
	State        string                    `json:"state,omitempty" doc:"The state that does not allow it" example:"under_review"`
	Conditions   []any                     `json:"conditions,omitempty" doc:"Conditions of a clearing, one by one"`

	retryAfter time.Duration
}

// Option adds to a problem what its code alone does not say.
type Option func(*Problem)

// New makes the problem of a code. A code that the catalogue lacks is a fault of ours and becomes internal_error.
func New(code Code, opts ...Option) *Problem {
	entry := lookUp(code)
	p := &Problem{
		Type: typePrefix + string(entry.Code), Title: entry.Title, Status: entry.Status,
		Detail: entry.Detail, Code: entry.Code, retryAfter: entry.RetryAfter,
	}
	for _, opt := range opts {
		opt(p)
	}
	return p
}

// WithDetail replaces the catalogue's advice. It must hold no personal data and no other party's text.
func WithDetail(detail string) Option { return func(p *Problem) { p.Detail = detail } }

// mostErrors is how many fields a problem names, which is more than any call has. An answer is not made as long as somebody likes.
const mostErrors = 100

// WithErrors names fields, the first hundred.
func WithErrors(errs ...registration.FieldError) Option {
	return func(p *Problem) { p.Errors = append(p.Errors, errs[:min(len(errs), mostErrors)]...) }
}

// WithAttemptsLeft says how many tries are left; 0 is said too.
func WithAttemptsLeft(left int) Option { return func(p *Problem) { p.AttemptsLeft = &left } }

// WithRetryAt says when to try again, in the body and, counted from now, in Retry-After.
func WithRetryAt(at, now time.Time) Option {
	return func(p *Problem) { p.RetryAt, p.retryAfter = &at, at.Sub(now) }
}

// WithRetryAfter replaces the catalogue's pause.
func WithRetryAfter(pause time.Duration) Option { return func(p *Problem) { p.retryAfter = pause } }

// WithState says which state stands in the way.
func WithState(state string) Option { return func(p *Problem) { p.State = state } }

// WithConditions lists the conditions of a clearing.
func WithConditions[T any](conditions []T) Option {
	return func(p *Problem) {
		for _, c := range conditions {
			p.Conditions = append(p.Conditions, c)
		}
	}
}

// Error names the code only, so that a logged problem tells nothing personal.
func (p *Problem) Error() string { return "problem: " + string(p.Code) }

// GetStatus is the HTTP status, for huma.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is application/problem+json in place of JSON, for huma.
func (p *Problem) ContentType(negotiated string) string {
	if negotiated == "application/json" {
		return "application/problem+json"
	}
	return negotiated
}

// GetHeaders are the headers a status calls for, for huma: Retry-After in whole seconds, rounded up and at least
// one, with 429 and 503; the challenge that RFC 9110 (section 11.6.1) wants with 401.
func (p *Problem) GetHeaders() http.Header {
	h := make(http.Header)
	switch p.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		seconds := max(1, (p.retryAfter+time.Second-1)/time.Second)
		h.Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	}
	return h
}
