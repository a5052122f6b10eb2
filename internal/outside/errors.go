package outside

import (
	"errors"
	"fmt"
	"net/http"
)

var (
	// ErrUnavailable says that nothing was done and that the same call may be made again.
	ErrUnavailable = errors.New("unavailable, nothing was done")
	// ErrUnknown says that it may have been done: the answer did not come, or could not be read.
	ErrUnknown = errors.New("no answer, it may have been done")
)

// Answer is a party's definite no.
type Answer struct {
	// Status is the HTTP status, 400–499.
	Status int
	// Code is the machine code from the body's "code"; empty if there was none that looks like one.
	Code string
}

func (a *Answer) Error() string {
	if a.Code == "" {
		return fmt.Sprintf("refused with status %d", a.Status)
	}
	return fmt.Sprintf("refused with status %d, %s", a.Status, a.Code)
}

// CheckStatus classifies the statuses that mean the same with every party. It returns nil for a success and for a 4xx
// that only the party's own codes can explain.
func CheckStatus(status int) error {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return fmt.Errorf("%w: credentials not accepted, status %d", ErrUnavailable, status)
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return fmt.Errorf("%w: busy, status %d", ErrUnavailable, status)
	case status >= 200 && status < 300:
		return nil
	case status >= 400 && status < 500 && status != http.StatusRequestTimeout:
		return nil
	default:
		return fmt.Errorf("%w: status %d", ErrUnknown, status)
	}
}
