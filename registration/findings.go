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
	// FindingStatementUnknown: the bank's statement has a transfer that is no payment of ours.
	FindingStatementUnknown FindingKind = "statement_unknown"
	// FindingStatementMissing: the bank's statement has not a payment that we hold accepted.
	FindingStatementMissing FindingKind = "statement_missing"
	// FindingStatementDouble: the bank's statement has more than one transfer for a payment.
	FindingStatementDouble FindingKind = "statement_double"
	// FindingStatementDiffers: amount, account or state is another on the bank's statement.
	FindingStatementDiffers FindingKind = "statement_differs"
	// FindingStatementReturnedLate: money came back after its registration had ended or gone on to another payment.
	FindingStatementReturnedLate FindingKind = "statement_returned_late"
	// FindingStatementUnavailable: no statement of a finished day could be had for a day.
	FindingStatementUnavailable FindingKind = "statement_unavailable"
	// FindingDocumentMissing: a document was handed in, and its scan is not in the storage.
	FindingDocumentMissing FindingKind = "document_missing"
	// FindingDocumentDamaged: the scan is there and is not what was handed in, or does not open.
	FindingDocumentDamaged FindingKind = "document_damaged"
	// FindingHeld: the database is older than its engine; nothing is opened or paid until it is repaired.
	FindingHeld FindingKind = "held_after_restore"
	// FindingEngineBehind: the engine is older than the database; runs are rebuilt from rows.
	FindingEngineBehind FindingKind = "engine_behind"
	// FindingCaseLost: the engine knew a registration, a clearing or a payment that no row knows since a restore.
	FindingCaseLost FindingKind = "case_lost"
	// FindingCaseWentBack: a registration or clearing had come further than its row says since a restore.
	FindingCaseWentBack FindingKind = "case_went_back"
	// FindingTransferLost: the bank made a transfer for a payment that no row knows since a restore.
	FindingTransferLost FindingKind = "transfer_lost"
	// FindingAdoptionRefused: no transfer that a restore has lost is this payment's, though one went to an account of its digits.
	FindingAdoptionRefused FindingKind = "adoption_refused"
)

// FindingKinds lists every kind.
func FindingKinds() []FindingKind {
	return []FindingKind{
		FindingRunFailing, FindingRunAhead, FindingRunBehind, FindingUndelivered, FindingPayoutFailed, FindingMessageUnsure,
		FindingPayoutsPaused, FindingSpendingHigh, FindingSpendingCeiling,
		FindingStatementUnknown, FindingStatementMissing, FindingStatementDouble, FindingStatementDiffers, FindingStatementReturnedLate, FindingStatementUnavailable,
		FindingDocumentMissing, FindingDocumentDamaged,
		FindingHeld, FindingEngineBehind, FindingCaseLost, FindingCaseWentBack, FindingTransferLost, FindingAdoptionRefused,
	}
}

// StatementDifferences lists the kinds of findings that a comparison of the bank's statement with the payments makes.
func StatementDifferences() []FindingKind {
	return []FindingKind{
		FindingStatementUnknown, FindingStatementMissing, FindingStatementDouble, FindingStatementDiffers, FindingStatementReturnedLate,
	}
}

// OfRun reports whether a finding is about how a run stands to its row.
func (k FindingKind) OfRun() bool {
	return slices.Contains([]FindingKind{FindingRunFailing, FindingRunAhead, FindingRunBehind}, k)
}
