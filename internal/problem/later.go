package problem

import (
	"net/http"
	"slices"
	"time"

	"shiming/registration"
)

// later are the 429s and 503s: the same request can succeed after a pause. The pauses are for when no date is
// known; a date, where there is one, comes with the refusal.
func later() []Entry {
	return slices.Concat(
		withStatus(http.StatusTooManyRequests, []Entry{
			{
				Code: registration.CodeCardAttemptsExceeded, RetryAfter: 24 * time.Hour, Title: "Too many tries with cards",
				Detail: "Wait until this step opens again.",
			},
			{
				Code: registration.CodeCodeAttemptsExceeded, RetryAfter: time.Minute, Title: "The code was wrong, or sent, too often",
				Detail: "Start over with the card.",
			},
			{
				Code: registration.CodeCodeResendTooSoon, RetryAfter: time.Minute, Title: "No further code can be sent now",
				Detail: "A code can be sent again once a minute.",
			},
			{
				Code: registration.CodePayoutLimitReached, RetryAfter: 24 * time.Hour, Title: "No further payment to this bank account now",
				Detail: "Wait until retry_at, use another company account, or contact support.",
			},
			{
				Code: registration.CodeActsExceeded, RetryAfter: time.Hour, Title: "Too many acts",
				Detail: "A registration takes so many of a kind in an hour, and 20 verification acts in 24 hours; wait until it takes more.",
			},
			{
				Code: registration.CodeAccountLimitReached, RetryAfter: 24 * time.Hour, Title: "Too many for this account, phone, mailbox, ID number or caller",
				Detail: "Wait until retry_at, and send what is on the papers. What is counted is counted over all registrations: withdrawing and opening anew resets nothing.",
			},
			{
				Code: registration.CodeSpendingPaused, RetryAfter: 10 * time.Minute, Title: "No payments are made at the moment",
				Detail: "Try again at retry_at, or later; nothing was kept and no attempt was used. Payments that were asked for before are not lost.",
			},
			{
				Code: CodeRateLimited, RetryAfter: time.Second, Title: "Too many requests",
				Detail: "Slow down and try again.",
			},
		}),
		withStatus(http.StatusServiceUnavailable, []Entry{
			{
				Code: registration.CodeProviderUnavailable, RetryAfter: 30 * time.Second, Title: "An outside service does not answer",
				Detail: "Try again later; no attempt was used.",
			},
			{
				Code: registration.CodeHeldAfterRestore, RetryAfter: 10 * time.Minute, Title: "The service is being repaired after a restore",
				Detail: "Try again later; nothing was kept and no attempt was used. What is under way can be read, and goes on but for its payments.",
			},
			{
				Code: CodeEngineUnavailable, RetryAfter: 5 * time.Second, Title: "The service is not ready",
				Detail: "Try again later; no attempt was used.",
			},
			{
				Code: CodeEngineBusy, RetryAfter: 5 * time.Second, Title: "More is asked than can be done",
				Detail: "Send it again with the same key after Retry-After; nothing was done, and no attempt was used.",
			},
			{
				Code: CodeStorageUnavailable, RetryAfter: 30 * time.Second, Title: "Nothing can be stored, or read, at the moment",
				Detail: "Send the same again later; nothing was kept of this call, and no attempt was used.",
			},
		}),
	)
}
