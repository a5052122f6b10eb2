package registration

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
)

// FindingKinds lists every kind.
func FindingKinds() []FindingKind {
	return []FindingKind{FindingRunFailing, FindingRunAhead, FindingRunBehind, FindingUndelivered, FindingPayoutFailed, FindingMessageUnsure}
}
