package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/bank"
	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

func TestFifthWrongCodeStartsOver(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Individual("acct-1", 1)
	defer r.Close()
	require.Nil(t, r.Card(workflowtest.Card(1)))
	for left := 4; left > 0; left-- {
		refusal := r.Code("000000")
		requireRefused(t, registration.CodeCodeIncorrect, refusal)
		require.Equal(t, left, *refusal.AttemptsLeft)
	}
	requireRefused(t, registration.CodeCodeAttemptsExceeded, r.Code("000000"))
	assert.Equal(t, registration.IdentityRequired, r.State())
	r.ProveCard(1)
	assert.Equal(t, registration.DetailsRequired, r.State())
	assert.Zero(t, w.Count(`select count(*) from vault_items where purpose in ('card', 'code')`), "cards and codes are not kept")
}

func TestCodeExpiresAndIsResent(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Individual("acct-1", 1)
	defer r.Close()
	require.Nil(t, r.Card(workflowtest.Card(1)))
	resend := func() *registration.Refusal {
		_, refusal := r.Do(registration.ActCardResend, "", nil)
		return refusal
	}
	refusal := resend()
	requireRefused(t, registration.CodeCodeResendTooSoon, refusal)
	require.NotNil(t, refusal.RetryAt)
	r.Sleep(6 * time.Minute)
	requireRefused(t, registration.CodeCodeExpired, r.Code(workflowtest.RightCode))
	for range registration.CodeResends {
		require.Nil(t, resend())
		r.Sleep(61 * time.Second)
	}
	requireRefused(t, registration.CodeCodeAttemptsExceeded, resend())
	require.Nil(t, r.Code(workflowtest.RightCode))
}

// A bank that is busy burns no attempt and is said so; one that is back within seconds is not noticed.
func TestBusyBankBurnsNothing(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Individual("acct-1", 1)
	defer r.Close()
	w.Bank.Ask(func(b *workflowtest.Bank) { b.Busy = 2 })
	require.Nil(t, r.Card(workflowtest.Card(1)))
	w.Bank.Ask(func(b *workflowtest.Bank) { b.Busy = -1 })
	for range 6 {
		requireRefused(t, registration.CodeProviderUnavailable, r.Code("000000"))
	}
	w.Bank.Ask(func(b *workflowtest.Bank) { b.Busy = 0 })
	refusal := r.Code("000000")
	requireRefused(t, registration.CodeCodeIncorrect, refusal)
	assert.Equal(t, 4, *refusal.AttemptsLeft)
}

func TestMismatchesAreCountedByCard(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Individual("acct-1", 1)
	defer r.Close()
	w.Bank.Ask(func(b *workflowtest.Bank) { b.RefuseCard = bank.ReasonCardElementsMismatch })
	start := w.Now()
	for range registration.MismatchesAccount {
		requireRefused(t, registration.CodeCardElementsMismatch, r.Card(workflowtest.Card(1)))
	}
	refusal := r.Card(workflowtest.Card(1))
	requireRefused(t, registration.CodeCardAttemptsExceeded, refusal)
	assert.WithinDuration(t, start.Add(day), *refusal.RetryAt, time.Minute)
	requireRefused(t, registration.CodeCardElementsMismatch, r.Card(workflowtest.Card(2)))
	r.Sleep(day + time.Minute)
	requireRefused(t, registration.CodeCardElementsMismatch, r.Card(workflowtest.Card(1)))
}

func TestTwentyVerificationActsADay(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Individual("acct-1", 1)
	defer r.Close()
	start := w.Now()
	for range registration.VerificationActs {
		require.Nil(t, r.Card(workflowtest.Card(1)))
	}
	refusal := r.Card(workflowtest.Card(1))
	requireRefused(t, registration.CodeActsExceeded, refusal)
	assert.WithinDuration(t, start.Add(day), *refusal.RetryAt, time.Minute)
	r.Sleep(day + time.Minute)
	require.Nil(t, r.Card(workflowtest.Card(1)))
}

// Another account's person, known only after the scan: back to the step that proves it, with the reason.
func TestScannedPersonIsBoundElsewhere(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	first := w.Individual("acct-1", 1)
	first.ProveCard(1)
	first.Close()
	r := w.Enterprise("acct-2", 2)
	defer r.Close()
	id, refusal := r.Session(registration.AuthorizedAgent)
	require.Nil(t, refusal)
	for range 3 { // the report comes repeated
		r.Scan(id, workflowtest.Person(1))
	}
	v := r.View()
	assert.Equal(t, registration.AdminIdentityRequired, v.State)
	assert.Equal(t, registration.CodeIdentityInUse, v.LastError.Code)
	assert.Nil(t, v.Identity)
	assert.Equal(t, 1, w.Count(`select count(*) from timeline where event = 'identity_refused'`))
	r.ProveAdministrator(registration.AuthorizedAgent, 2)
	assert.Equal(t, registration.CompanyRequired, r.State())
	assert.Nil(t, r.View().LastError)
}

func TestSessionsThatFailOrAreReplaced(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	old, _ := r.Session(registration.LegalRepresentative)
	w.Report(postgres.Report{Source: "wallet", Type: "session.failed", Key: old})
	r.Settle()
	assert.Equal(t, registration.CodeAdminNotVerified, r.View().LastError.Code)
	current, _ := r.Session(registration.LegalRepresentative)
	r.Scan(old, workflowtest.Person(9))
	assert.Equal(t, registration.AdminIdentityRequired, r.State(), "a replaced session proves nobody")
	r.Scan(current, workflowtest.Person(1))
	assert.Equal(t, registration.CompanyRequired, r.State())
	r.Scan(current, workflowtest.Person(1))
	assert.Equal(t, 1, w.Count(`select count(*) from timeline where event = 'identity_verified'`))
}

// A scan reported before our own answer was stored is not lost.
func TestScanBeforeTheSessionIsStored(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	w.Wallet.OnOpen(func(sessionID string) {
		p := workflowtest.Person(1)
		known := w.Report(postgres.Report{Source: "wallet", Type: "session.verified", Key: sessionID, Person: dossier.WalletReport{Holder: p.Holder, IDNumber: p.IDNumber}})
		assert.False(t, known)
	})
	_, refusal := r.Session(registration.LegalRepresentative)
	require.Nil(t, refusal)
	r.Settle()
	assert.Equal(t, registration.CompanyRequired, r.State())
	assert.Equal(t, 1, w.Notices("report_unmatched"))
}

// A report nobody knows is kept, and ops is told.
func TestUnmatchedReportIsKept(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	for range 2 {
		assert.False(t, w.Report(postgres.Report{Source: "bank", MessageID: "m1", Type: "transfer.settled", Key: "shm_nobody"}))
	}
	assert.Equal(t, 1, w.Count(`select count(*) from reports where registration_id is null`))
	assert.Equal(t, 1, w.Notices("report_unmatched"))
}

// An individual's contact is the verified person, whenever it was handed in.
func TestContactBearsTheHoldersName(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Individual("acct-1", 1)
	defer r.Close()
	require.Nil(t, r.SetContact(workflowtest.Contact(2))) // before anybody is proven
	r.ProveCard(1)
	assert.Equal(t, "张*", r.View().Contact.Name)
	requireRefused(t, registration.CodeContactNameMismatch, r.SetContact(workflowtest.Contact(2)))
	require.Nil(t, r.SetContact(dossier.Contact{Email: "a@example.com", Phone: "13800000001", Address: "厦门市"}))
}
