package registration

import "slices"

// FindingKind names what is not as it should be and waits for ops (docs/failures.md says what to do about each).
type FindingKind string

// The kinds of findings.
const (
	// FindingRunFailing: the run cannot finish its task, for a release that does not fit its history, say.
	FindingRunFailing FindingKind = "run_failing"
	// FindingRunAhead: the run knows a newer version than the row has: the database is an older one, or another's.
	FindingRunAhead FindingKind = "run_ahead"
	// FindingRunBehind: the run was told again and again to read its row, and has not.
	FindingRunBehind FindingKind = "run_behind"
	// FindingUndelivered: what a transaction left to be done has not been done for an hour.
	FindingUndelivered FindingKind = "undelivered"
	// FindingPayoutFailed: a payment's workflow ended with an error that trying again does not cure.
	FindingPayoutFailed FindingKind = "payout_failed"
	// FindingMessageUnsure: a message may have been sent; nobody knows, so it is not sent again.
	FindingMessageUnsure FindingKind = "message_unsure"
	// FindingPayoutsPaused: ops has paused payments, and has not resumed them.
	FindingPayoutsPaused FindingKind = "payouts_paused"
	// FindingSpendingHigh: four fifths of what may be spent in a day are spent.
	FindingSpendingHigh FindingKind = "spending_high"
	// FindingSpendingCeiling: all that may be spent in a day is spent; payments are refused, messages wait for the next.
	FindingSpendingCeiling FindingKind = "spending_ceiling"
)

// FindingKinds lists every kind.
func FindingKinds() []FindingKind {
	return []FindingKind{
		FindingRunFailing, FindingRunAhead, FindingRunBehind, FindingUndelivered, FindingPayoutFailed, FindingMessageUnsure,
		FindingPayoutsPaused, FindingSpendingHigh, FindingSpendingCeiling,
	}
}

// OfRun reports whether a finding is about how a run stands to its row.
func (k FindingKind) OfRun() bool {
	return slices.Contains([]FindingKind{FindingRunFailing, FindingRunAhead, FindingRunBehind}, k)
}

// Text says what a finding of this kind means and what ops does about it; empty for an unknown kind.
func (k FindingKind) Text() string {
	switch k {
	case FindingRunFailing:
		return "The run cannot finish its task; the registration or clearing stands still and has lost nothing. Its workflow's last failure in Temporal says why. " +
			"Roll back the release, or mend it and release: the run goes on by itself. Then resolve this, so that it looks again at once. Do not terminate it."
	case FindingRunAhead:
		return "The run knows a newer version than the database has: the database is an older one, restored perhaps, or another's. The run stands still, and its payments are held. " +
			"Check which database the workers use. If it was restored to an earlier time, compare this registration with bank and wallet and bring it up to date; then resolve this, so that the run looks again."
	case FindingRunBehind:
		return "The run was told again and again to read its row and has not done so. See in Temporal whether workers take tasks of its queue and what its last events are; " +
			"once they do, resolve this, and it is told again."
	case FindingUndelivered:
		return "Something that a step left to be done, a message, an event or word to a run, has not been done for an hour, though it is tried again and again. The last error is under tried, " +
			"details are in the worker's log. Mend the cause, a provider or an engine that is away, say: then it is delivered, and this is resolved, by itself."
	case FindingPayoutFailed:
		return "The workflow that orders a payment has ended with an error that trying again does not cure; whether money was sent is for the bank to say. " +
			"Ask the bank by the payment's key, then record the outcome with payout/resolve and a reason. Do not order by hand."
	case FindingMessageUnsure:
		return "The provider was handed this message and has not said, twice, whether it took it. It may have been sent, so it is not sent again. " +
			"Look it up with the provider. Resolve this once you know that it came, or have reached the recipient in another way."
	case FindingPayoutsPaused:
		return "Payments are paused by ops' word: none is announced or ordered, and whoever asks for one is answered spending_paused. What was asked for before waits and is not lost. " +
			"Read who paused them and why with payouts status; resume them with payouts resume and a reason. Then this is resolved by itself."
	case FindingSpendingHigh:
		return "Four fifths of what may be spent in a day are spent: payments, sms or mails, as the subject says. See who causes it: registrations by account, and the kinds of notices. " +
			"If it is honest, raise the setting named under tried for API and worker alike; if not, pause payments. It is resolved by itself when the day is over."
	case FindingSpendingCeiling:
		return "All that may be spent in a day is spent: payments, sms or mails, as the subject says. New payments are refused until midnight with spending_paused; messages wait for the next day and are not lost. " +
			"If it is honest, raise the setting named under tried for API and worker alike: what waits goes on within minutes. It is resolved by itself when the day is over."
	}
	return ""
}
