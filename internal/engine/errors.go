package engine

import (
	"errors"
	"fmt"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/grpc/codes"

	"shiming/registration"
)

var (
	// ErrUnavailable says that Temporal did not take the call: it is away, or too busy. Sent again with the same id it is
	// done once.
	ErrUnavailable = errors.New("engine: Temporal is not available")
	// ErrBusy is [ErrUnavailable] of a Temporal that says that it has too much to do. One that does not answer in time may as well
	// stand still, or have no worker.
	ErrBusy = fmt.Errorf("%w: too much is asked of it", ErrUnavailable)
	// ErrStillWorking says that the act was taken and has no answer yet.
	ErrStillWorking = errors.New("engine: the act is still being worked on")
	// ErrNoRun says that no workflow runs for the account: the stored registration says why.
	ErrNoRun = errors.New("engine: no registration runs for the account")
)

// answer sorts what an update failed with: a refusal with where the run stands, no run, or something that concerns the engine
// alone.
func answer(err error) (registration.Answer, error) {
	var at registration.Answer
	var failure *temporal.ApplicationError
	var gone *serviceerror.NotFound
	switch {
	case errors.As(err, &failure):
		var refusal registration.Refusal
		if failure.HasDetails() && failure.Details(&refusal, &at) == nil && refusal.Code != "" {
			return at, &refusal
		}
		return at, ErrNoRun // the run ended before it could answer
	case errors.As(err, &gone):
		return at, ErrNoRun
	}
	return at, unavailable(err)
}

func unavailable(err error) error {
	kind := ErrUnavailable
	if serviceerror.ToStatus(err).Code() == codes.ResourceExhausted {
		kind = ErrBusy
	}
	return fmt.Errorf("%w: %s", kind, manner(err))
}

// manner names a failure of the service by its kind; its text may hold ids of others.
func manner(err error) string {
	return serviceerror.ToStatus(err).Code().String()
}
