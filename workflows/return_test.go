package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/bank"
	"shiming/internal/postgres"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

func claims(w *workflowtest.World, subject string) int {
	return w.Count(`select count(*) from identity_claims where subject = $1`, subject)
}

// Money that comes back after a right amount undoes the proof, and gives the organisation back.
func TestReturnAfterConfirmationReopensTheCompany(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDetails(1)
	require.Equal(t, 1, claims(w, "organization"))
	r.BankSays("transfer.returned", "account_name_mismatch")
	v := r.View()
	assert.Equal(t, registration.CompanyRequired, v.State)
	assert.Equal(t, registration.Field("company.bank.account_name"), v.Requirements[0].Field)
	assert.Zero(t, claims(w, "organization"))
	assert.Equal(t, 1, claims(w, "person"))
	assert.Equal(t, 2, w.Notices("payment_failed"))
	assert.Zero(t, w.Notices("payout_returned"), "the applicant can do something about it")
	require.Nil(t, r.Withdraw())
	assert.Zero(t, w.Notices("payout_returned"))
}

// During a review the round ends; what was submitted stays locked, but for the company information.
func TestReturnDuringReviewLocksAllButTheCompany(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDetails(1)
	r.ToReview(1)
	r.BankSays("transfer.returned", "account_closed")
	require.Equal(t, registration.CompanyRequired, r.State())
	assert.Zero(t, w.Count(`select count(*) from reviews where closed_at is null`))
	requireRefused(t, registration.CodeSubmittedLocked, r.SetContact(workflowtest.Contact(2)))
	requireRefused(t, registration.CodeSubmittedLocked, r.Upload(registration.BusinessLicence))
	for _, need := range r.View().Requirements {
		assert.Contains(t, need.Field, "company")
	}

	fixed := workflowtest.Company(1)
	fixed.Bank.AccountNumber = workflowtest.Company(5).Bank.AccountNumber
	require.Nil(t, r.Company(fixed))
	r.Settle()
	require.Nil(t, r.Deposit(r.Amount()))
	assert.Equal(t, registration.DetailsRequired, r.State())
	assert.Empty(t, r.View().Requirements)
	requireRefused(t, registration.CodeSubmittedLocked, r.SetContact(workflowtest.Contact(2)))
	require.Nil(t, r.Submit(), "nothing is asked for again")
	require.Nil(t, r.Approve())
	assert.Equal(t, 2, r.View().Review.Round)
}

// After an end the state does not change: ops is told, once, and the bank's word is kept.
func TestReturnAfterEndIsToldToOps(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *workflowtest.Run){
		"approved":  func(t *testing.T, r *workflowtest.Run) { r.ToReview(1); require.Nil(t, r.Approve()) },
		"withdrawn": func(t *testing.T, r *workflowtest.Run) { require.Nil(t, r.Withdraw()) },
		"expired":   func(_ *testing.T, r *workflowtest.Run) { r.Sleep(31 * 24 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := workflowtest.New(t, workflowtest.Monday(), nil)
			r := w.Enterprise("acct-1", 1)
			defer r.Close()
			r.ToDetails(1)
			end(t, r)
			require.Equal(t, registration.State(name), r.State())
			for range 2 {
				r.BankSays("transfer.returned", "account_closed")
			}
			assert.Equal(t, registration.State(name), r.State())
			assert.Equal(t, 1, w.Notices("payout_returned"))
			assert.Equal(t, 1, w.Events("payout.returned"))
			assert.Equal(t, "returned", r.Payment().State)
			assert.Equal(t, 2, w.Count(`select count(*) from reports where type = 'transfer.returned'`))
		})
	}
}

// A newer registration of the account is not concerned.
func TestReturnWhileANewerRegistrationRuns(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	old := w.Enterprise("acct-1", 1)
	old.ToPayout(1)
	key := old.Payment().Key
	require.Nil(t, old.Withdraw())
	old.Sleep(time.Second)
	newer := w.Enterprise("acct-1", 1)
	defer newer.Close()
	newer.ToPayout(1)
	w.Report(postgres.Report{Source: "bank", Type: "transfer.settled", Key: key})
	w.Report(postgres.Report{Source: "bank", Type: "transfer.returned", Key: key, Reason: "account_closed"})
	newer.Settle()
	assert.Equal(t, registration.Withdrawn, old.State())
	assert.Equal(t, registration.PayoutPending, newer.State())
	assert.Equal(t, 1, w.Notices("payout_returned"))
}

// Stored, but not heard by the run when it ended: ops is told by the end itself, and not again by the late word.
func TestReturnNotHeardBeforeTheEndIsToldOnce(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDetails(1)
	w.Report(postgres.Report{Source: "bank", Type: "transfer.returned", Key: r.Payment().Key, Reason: "account_closed"})
	require.Nil(t, r.Withdraw())
	r.Settle()
	assert.Equal(t, registration.Withdrawn, r.State())
	assert.Equal(t, 1, w.Notices("payout_returned"))
	assert.Equal(t, 1, w.Events("payout.returned"))
}

// A decision does not stand on a payment that has come back, even if the run has not heard of it yet.
func TestDecisionWaitsForAReturnThatIsStored(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDetails(1)
	r.ToReview(1)
	w.Report(postgres.Report{Source: "bank", Type: "transfer.returned", Key: r.Payment().Key, Reason: "account_closed"})
	requireRefused(t, registration.CodeWrongState, r.Approve())
	r.Settle()
	assert.Equal(t, registration.CompanyRequired, r.State())
}

// A void payment whose money comes back leads to the company information too: the account was wrong.
func TestReturnOfAVoidPayment(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDeposit(1)
	failPayment(t, r)
	r.BankSays("transfer.returned", "account_closed")
	assert.Equal(t, registration.CompanyRequired, r.State())
	assert.Equal(t, 2, w.Notices("payment_failed"))
}

// The bank took the order, was away until the registration had ended, and by then the money was back: whoever asks first
// tells ops, and the bank's own report does not tell them again.
func TestReturnLearnedByAskingAfterTheEnd(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	executedUnanswered(t, w, r)
	w.Bank.Ask(func(b *workflowtest.Bank) { b.Busy = -1 })
	require.Nil(t, r.Withdraw())
	w.Bank.Progress(r.Payment().Key, bank.TransferReturned, bank.ReasonAccountClosed)
	w.Bank.Ask(func(b *workflowtest.Bank) { b.Busy = 0 })
	r.Sleep(time.Hour)
	require.Equal(t, "returned", r.Payment().BankState)
	assert.Equal(t, 1, w.Notices("payout_returned"))
	assert.Equal(t, 1, w.Events("payout.returned"))
	r.BankSays("transfer.returned", "account_closed")
	assert.Equal(t, 1, w.Notices("payout_returned"))
	assert.Equal(t, 1, w.Events("payout.returned"))
}

// A return that was recorded and told to nobody, as one was before it was told by whoever learns it: the bank's report,
// which is no news, makes up for it.
func TestReturnThatNobodyWasToldOf(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToPayout(1)
	require.Nil(t, r.Withdraw())
	_, err := w.Store.Pool().Exec(t.Context(), `update payments set state = 'returned', bank_state = 'returned', returned_at = now()`)
	require.NoError(t, err)
	for range 2 {
		r.BankSays("transfer.returned", "account_closed")
	}
	assert.Equal(t, 1, w.Notices("payout_returned"))
}

// executedUnanswered brings an enterprise to where the bank has executed its payment and nobody knows yet.
func executedUnanswered(t *testing.T, w *workflowtest.World, r *workflowtest.Run) {
	t.Helper()
	w.Bank.Ask(func(b *workflowtest.Bank) { b.Mute = 1 })
	r.ProveAdministrator(registration.LegalRepresentative, 1)
	require.Nil(t, r.Company(workflowtest.Company(1)))
	for range 500 {
		if len(w.Bank.Ledger()) == 1 {
			break
		}
		r.Sleep(10 * time.Millisecond)
	}
	require.Len(t, w.Bank.Ledger(), 1)
	require.Equal(t, "requested", r.Payment().BankState)
}

// Withdrawn while the payment is under way: Payout goes on, and what the bank says is recorded.
func TestWithdrawalWhileThePaymentIsUnderWay(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	executedUnanswered(t, w, r)
	require.Nil(t, r.Withdraw())
	r.Sleep(time.Minute)
	assert.Equal(t, "sent", r.Payment().BankState)
	assert.NotNil(t, r.Payment().AcceptedAt, "it counts")
	assert.Equal(t, "void", r.Payment().State)
	r.BankSays("transfer.settled", "")
	assert.Equal(t, "settled", r.Payment().BankState)
	assert.Equal(t, registration.Withdrawn, r.State())
}
