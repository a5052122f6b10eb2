package activities

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"

	"shiming/internal/outside"
	"shiming/internal/postgres"
	"shiming/registration"
)

// The types of the failures an activity can end with, as ops reads them in the engine.
const (
	FailUnavailable = "provider_unavailable" // nothing was done; tried again
	FailUnknown     = "provider_no_answer"   // it may have been done; asked again by the same key
	FailErased      = "data_erased"          // the subject's data key is gone: never tried again
	FailIllegal     = "illegal_step"         // a bug: the table knows no such step
	FailHeld        = "payments_held"        // ops decides; tried again
	FailMessage     = "message_failed"       // refused for good, or it may have been sent: not tried again but at ops' word
	FailBeingSent   = "message_being_sent"   // by an attempt that may be alive; tried again when that is over
	FailNoChannel   = "no_channel_left"      // each waits for ops' word; looked at again
	FailPaused      = "payouts_paused"       // by ops' word; looked at again every few seconds
	FailRestored    = "held_after_restore"   // until the database is repaired; looked at again every few seconds
	FailCeiling     = "ceiling_met"          // all that may be spent in a day is spent; tried again the next day, or when the ceiling was raised
	FailForeign     = "foreign_reference"    // a reference leads to what is not its owner's; tried again once somebody has looked
	FailByLane      = "by_lane"              // not done here, for it would hold others up; it goes by its lane
	FailStorage     = "storage"              // tried again
)

// How often it is looked at whether what waits may go on: soon after payments were resumed, and some minutes after a ceiling
// was raised.
const (
	pausedLook  = 10 * time.Second
	ceilingLook = 5 * time.Minute
)

// later has an activity tried again after a pause of its own.
func later(message, kind string, pause time.Duration) error {
	return temporal.NewApplicationErrorWithOptions(message, kind, temporal.ApplicationErrorOptions{NextRetryDelay: max(pause, time.Second)})
}

// classify turns any error into the failure the engine sees: a type, whether to try again, and no text from outside.
// It is the only place that decides about retries, and its error is returned outermost.
func classify(err error) error {
	var illegal *registration.IllegalTransitionError
	var met *postgres.CeilingError
	switch {
	case err == nil, said(err):
		return err
	case errors.Is(err, outside.ErrUnavailable):
		return temporal.NewApplicationError("the provider is unavailable; nothing was done", FailUnavailable)
	case errors.Is(err, outside.ErrUnknown):
		return temporal.NewApplicationError("the provider did not answer; it may have been done", FailUnknown)
	case errors.Is(err, postgres.ErrErased), errors.Is(err, postgres.ErrNotFound):
		return temporal.NewNonRetryableApplicationError("the data is gone", FailErased, nil)
	case errors.Is(err, postgres.ErrForeign):
		return temporal.NewApplicationError("a reference in the database leads to what is not its owner's; nothing was done, and somebody must look", FailForeign)
	case errors.Is(err, postgres.ErrHeld):
		return temporal.NewApplicationError("the registration's payments are held: its run knows more than the database", FailHeld)
	case errors.Is(err, postgres.ErrNoticeFailed):
		return temporal.NewNonRetryableApplicationError("the message was refused for good, or may have been sent; ops decides", FailMessage, nil)
	case errors.Is(err, postgres.ErrBeingSent):
		return temporal.NewApplicationError("another attempt to send the message may be under way", FailBeingSent)
	case errors.Is(err, errNoChannel):
		return temporal.NewApplicationError("no channel has taken the payment notice, and none is left to try; ops decides", FailNoChannel)
	case errors.Is(err, postgres.ErrPaused):
		return later("payments are paused by ops; nothing was done", FailPaused, pausedLook)
	case errors.Is(err, postgres.ErrRestored):
		return later("the database is held after a restore; nothing was done", FailRestored, pausedLook)
	case errors.As(err, &met):
		return later("all that may be spent in a day is spent; nothing was done", FailCeiling, min(time.Until(met.Until), ceilingLook))
	case errors.As(err, &illegal):
		return temporal.NewNonRetryableApplicationError(illegal.Error(), FailIllegal, nil)
	}
	return temporal.NewApplicationError("the database could not be written; see the worker's log", FailStorage)
}

// isStorage reports whether an activity failed by the database, and may be tried again at once.
func isStorage(err error) bool {
	failure, ok := errors.AsType[*temporal.ApplicationError](classify(err))
	return ok && failure.Type() == FailStorage
}

// said reports whether an activity has said itself how it failed.
func said(err error) bool {
	_, yes := err.(*temporal.ApplicationError) //nolint:errorlint // one that is wrapped would be tried again whatever it says
	return yes
}
