package registration

import "cmp"

// Text says what a finding of this kind means and what ops does about it; empty for an unknown kind.
func (k FindingKind) Text() string {
	if text := cmp.Or(k.statementText(), k.restoreText()); text != "" {
		return text
	}
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
	case FindingDocumentMissing:
		return "A document was handed in, and its scan is not in the storage; which slots is under tried. Reviewers who open it are answered not_found. " +
			"Put it back from a backup of the scans. If there is none, have the reviewer reject, not finally, with a reason for documents and the slot: the applicant hands it in again. " +
			"Either way this is resolved by itself. Many at once: the storage is not the one that it was, see BLOBS_URL and what is mounted there."
	case FindingDocumentDamaged:
		return "The scan of a document is there, but cut off, changed, or sealed with another key; which slots is under tried. Reviewers who open it are answered not_found. " +
			"Put it back from a backup of the scans. If there is none, have the reviewer reject, not finally, with a reason for documents and the slot: the applicant hands it in again. " +
			"Either way this is resolved by itself. Many at once: KEYS_FILE is another's, or the disk fails."
	}
	return ""
}

// statementText is Text for what a comparison with the bank's statement finds.
func (k FindingKind) statementText() string {
	switch k {
	case FindingStatementUnknown:
		return "The bank's statement has a transfer under a key, or a reference, that no payment has. Nothing here has ordered it, or the database that did was replaced by an older one. " +
			"Ask the bank who ordered it. If the database was restored, the payment is a lost one: see restores. Resolve this with what you found; it does not come again unless the statement changes."
	case FindingStatementMissing:
		return "The bank said that it took this payment, and its statements of the day and of the days around it do not have it. " +
			"Ask the bank by the payment's key. If it never paid, record that with payout/resolve, so that the applicant can ask for another; if it paid, have the bank mend its statement."
	case FindingStatementDouble:
		return "The bank's statement has two transfers for this payment: its key twice, or another key with the same amount to the same account. The company may have been paid twice. " +
			"Ask the bank whether both were executed, and have one returned. Look in the worker's log for what was ordered, then resolve this with what you found."
	case FindingStatementDiffers:
		return "Amount, account or state of this payment are not what the bank's statement says; tried says which. Where only the state differed, the bank was asked by the key and says the same. " +
			"Ask the bank which is right. If it is the bank's and only the state differs, record it with payout/resolve; then resolve this with what you found."
	case FindingStatementReturnedLate:
		return "Money of this payment came back when its registration had ended or had gone on to another payment: nobody is asked for another account because of it. " +
			"Book the money. If the registration was approved on the strength of this payment, decide whether the company is still proven. Then resolve this."
	case FindingStatementUnavailable:
		return "The bank has given no statement of this day, though it is over and was asked for again and again for a day. The payments of the day are compared with nothing. " +
			"See in the worker's log what the bank answers; mend the access, or ask the bank. It is asked on, and this is resolved by itself once the day is compared."
	}
	return ""
}

// restoreText is Text for what a restore leaves to be judged.
func (k FindingKind) restoreText() string {
	switch k {
	case FindingHeld:
		return "The database is older than its engine: it was restored, perhaps, or is another's. Nothing is opened or paid meanwhile; reading and every other act go on. " +
			"Make sure that this is the database to go on with, then run starter repair --all with a reason. It is resolved by that."
	case FindingEngineBehind:
		return "The engine is older than the database: it was restored, or is another. Runs are rebuilt from their rows by themselves; payments are looked up at the bank first. " +
			"If it stays open, see the worker's log, or run starter repair --all. It is resolved by itself."
	case FindingCaseLost:
		return "The engine knew this registration, clearing or payment, and since the restore no row does. What was handed in is lost, its run was ended, and its account is free. " +
			"Tell the platform to have the account register anew. What the bank paid for it is a lost transfer, and is not paid again."
	case FindingCaseWentBack:
		return "This registration or clearing had come further than its row says since the restore; under tried is how far. It goes on where the row stands. " +
			"Whoever acted meanwhile, an applicant or a reviewer, must act again, and has been told otherwise perhaps: see to it that they know. Then resolve this."
	case FindingTransferLost:
		return "The bank made this transfer for a payment that no row knows since the restore. Before anything is paid to an account of these last four digits the bank is shown this transfer; " +
			"the payment that it is known as takes it over, its applicant enters the amount that has arrived, and this is resolved by itself. " +
			"Resolving it by hand gives it up: the next payment is then a new, second transfer. Do so only if nobody will register with that account again."
	case FindingAdoptionRefused:
		return "A transfer that the restore has lost went to an account of these last four digits, and the bank does not know it as this payment. Nothing was paid, and the payment waits. " +
			"Ask the bank whose account it was. If it was another's, resolve this: the payment is then made. If it was this company's, typed otherwise, " +
			"record the payment as failed with payout/resolve and have the applicant hand in the company as it was before: that takes the transfer over."
	}
	return ""
}
