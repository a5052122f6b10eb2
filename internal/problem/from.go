package problem

import (
	"time"

	"shiming/registration"
)

// FromRefusal puts a refusal of the domain into HTTP's terms. now is when the answer is given.
func FromRefusal(r *registration.Refusal, now time.Time) *Problem {
	opts := []Option{WithErrors(r.Errors...), WithState(string(r.State))}
	if r.Code == registration.CodeOwnCase {
		opts = append(opts, WithDetail("Who has opened a case or handed something in for it does not decide it: leave it to another reviewer."))
	}
	if r.AttemptsLeft != nil {
		opts = append(opts, WithAttemptsLeft(*r.AttemptsLeft))
	}
	if r.RetryAt != nil {
		opts = append(opts, WithRetryAt(*r.RetryAt, now))
	}
	if r.Detail != "" {
		opts = append(opts, WithDetail(r.Detail))
	}
	return New(r.Code, opts...)
}

// FromFields answers what checking alone found: the error's own code if it is the only one and the contract has
// it as a 422, else invalid_request. Either way every error is listed.
func FromFields(errs ...registration.FieldError) *Problem {
	code := registration.CodeInvalidRequest
	if len(errs) == 1 {
		if own, known := catalogue[Code(errs[0].Code)]; known && own.Status == catalogue[code].Status {
			code = own.Code
		}
	}
	return New(code, WithErrors(errs...))
}
