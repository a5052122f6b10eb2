package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/dossier"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// enterpriseStory goes through most of what can happen, and does crash before every line.
func enterpriseStory(t *testing.T, w *workflowtest.World, crash func()) *workflowtest.Run {
	t.Helper()
	crash()
	r := w.Enterprise("acct-1", 1)
	do := func(refusal *registration.Refusal) {
		t.Helper()
		require.Nil(t, refusal)
		crash()
	}
	crash()
	r.ProveAdministrator(registration.LegalRepresentative, 1)
	crash()
	do(r.Company(workflowtest.Company(1)))
	r.Sleep(10 * time.Minute)
	crash()
	r.BankSays("transfer.settled", "")
	crash()
	refusal := r.Deposit(r.WrongAmount())
	requireRefused(t, registration.CodeDepositMismatch, refusal)
	require.Equal(t, 2, *refusal.AttemptsLeft)
	do(r.Deposit(r.Amount()))
	do(r.SetContact(workflowtest.Contact(2)))
	do(r.Upload(registration.BusinessLicence))
	do(r.Submit())
	do(r.Reject(registration.FieldBankAccountNumber))
	company := workflowtest.Company(1)
	company.Bank.AccountNumber = workflowtest.Company(3).Bank.AccountNumber
	do(r.Company(company))
	r.Sleep(10 * time.Minute)
	do(r.Deposit(r.Amount()))
	do(r.Submit())
	do(r.Decide(dossier.Decision{Decision: "approve"}))
	return r
}

// A worker that dies after every piece of work, before the engine knows, leaves the same behind as one that lives.
func TestEveryStepMayBeLostAfterItsCommit(t *testing.T) {
	t.Parallel()
	tell := func(crash func(*workflowtest.World)) (*workflowtest.World, []registration.TimelineEntry) {
		w := workflowtest.New(t, workflowtest.Monday(), nil)
		r := enterpriseStory(t, w, func() { crash(w) })
		defer r.Close()
		line, err := w.Store.Timeline(t.Context(), r.App.RegistrationID)
		require.NoError(t, err)
		for i := range line {
			line[i].At = time.Time{}
		}
		return w, line
	}
	calm, want := tell(func(*workflowtest.World) {})
	for name, crash := range map[string]func(*workflowtest.World){
		"once":  func(w *workflowtest.World) { w.Faults.LoseAfter("", 1) },
		"twice": func(w *workflowtest.World) { w.Faults.LoseAfter("", 2) },
		"first": func(w *workflowtest.World) { w.Faults.LoseBefore("", 1) },
	} {
		w, got := tell(crash)
		assert.Equal(t, want, got, name)
		assert.Len(t, w.Bank.Ledger(), 2, name)
		for _, count := range []string{
			`select count(*) from notices`, `select count(*) from events`, `select count(*) from deposit_entries`, `select count(*) from payments`,
			`select count(*) from reviews`, `select count(*) from acts where finished_at is not null`, `select sequence from registrations`,
		} {
			assert.Equal(t, calm.Count(count), w.Count(count), "%s: %s", name, count)
		}
		assert.Equal(t, calm.Mail.Sent(), w.Mail.Sent(), name)
		assert.Equal(t, calm.SMS.Sent(), w.SMS.Sent(), name)
	}
}

// The engine may ask a registration to go on in a new run in any state: the act that comes next is answered, and then it does.
func TestContinuesAsNewInEveryState(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.Continues(func() { r.ProveAdministrator(registration.LegalRepresentative, 1) })
	r.Continues(func() { require.Nil(t, r.Company(workflowtest.Company(1))) })
	r.Settle()
	r.Continues(func() { r.BankSays("transfer.settled", "") })
	assert.Len(t, w.Bank.Ledger(), 1, "not ordered again")
	r.Continues(func() { requireRefused(t, registration.CodeDepositMismatch, r.Deposit(r.WrongAmount())) })
	assert.Equal(t, 2, r.Payment().AttemptsLeft)
	r.Continues(func() { require.Nil(t, r.Deposit(r.Amount())) })
	r.Continues(func() { r.ToReview(1) })
	r.Until(at(t, "2026-06-05 00:01"))
	assert.True(t, r.View().Overdue, "the review's clock goes on")
	assert.Equal(t, 2, w.Notices("review_reminder"))
	r.Continues(func() { require.Nil(t, r.Reject(registration.FieldName)) })
	r.AgreesWithTheDatabase()
	r.Sleep(31 * day)
	assert.Equal(t, registration.Expired, r.State(), "so does inactivity's")
}

// An act that is told again to a run that does not remember it changes nothing and is answered the same.
func TestActToldAgainToAnotherRun(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDeposit(1)
	wrong, refusal := r.BeginDo(registration.ActDeposit, dossier.PurposeAmount, dossier.Amount{Fen: r.WrongAmount()})
	require.Nil(t, refusal)
	r.Wait(wrong)
	require.ErrorContains(t, wrong.Err, "deposit_amount_mismatch")
	r.Continues(func() { requireRefused(t, registration.CodeDepositMismatch, r.Deposit(r.WrongAmount())) })
	again := r.Begin(registration.ActDeposit, wrong.Args)
	r.Wait(again)
	require.ErrorContains(t, again.Err, "deposit_amount_mismatch")
	assert.Equal(t, 1, r.Payment().AttemptsLeft)
}
