package workflows_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/dossier"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

const day = 24 * time.Hour

func TestInactivityRemindsAndExpires(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Individual("acct-1", 1)
	defer r.Close()
	r.ProveCard(1)
	assert.WithinDuration(t, w.Now().Add(30*day), *r.View().DueAt, time.Minute)
	r.Sleep(23*day - time.Minute)
	assert.Zero(t, w.Notices("expiry_reminder"))
	r.Sleep(2 * time.Minute)
	assert.Equal(t, 2, w.Notices("expiry_reminder"))
	r.Sleep(7*day - 3*time.Minute)
	assert.Equal(t, registration.DetailsRequired, r.State())
	assert.Equal(t, 2, w.Notices("expiry_reminder"), "once")
	r.Sleep(3 * time.Minute)
	assert.Equal(t, registration.Expired, r.State())
	assert.Zero(t, claims(w, "person"))

	other := w.Individual("acct-2", 2)
	defer other.Close()
	other.ProveCard(1)
	again := w.Start(w.Application(registration.Individual, "acct-1", 1))
	defer again.Close()
	require.Nil(t, again.Refused, "after an end the account can register again")
}

// Every act restarts the clock, and few of them cost a timer.
func TestActsRestartTheClockWithoutATimerEach(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Individual("acct-1", 1)
	defer r.Close()
	r.ProveCard(1)
	before := r.Timers()
	for i := range 20 {
		r.Sleep(day)
		require.Nil(t, r.SetContact(dossier.Contact{Email: fmt.Sprintf("c%d@example.com", i)}))
		requireRefused(t, registration.CodeRequirementsMissing, r.Submit())
	}
	assert.LessOrEqual(t, r.Timers()-before, 6, "of 20 acts, a day apart each")
	last := w.Now()
	assert.WithinDuration(t, last.Add(30*day), *r.View().DueAt, time.Second)
	r.Until(last.Add(30*day - time.Minute))
	assert.Equal(t, registration.DetailsRequired, r.State())
	r.Sleep(2 * time.Minute)
	assert.Equal(t, registration.Expired, r.State())
	assert.LessOrEqual(t, r.Timers()-before, 6)
}

// Waiting for the bank or a reviewer is not the applicant's silence.
func TestOnlyTheApplicantsSilenceCounts(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToPayout(1)
	r.Sleep(100 * day)
	assert.Equal(t, registration.PayoutPending, r.State())
	r.BankSays("transfer.settled", "")
	require.Nil(t, r.Deposit(r.Amount()))
	r.ToReview(1)
	r.Sleep(100 * day)
	assert.Equal(t, registration.UnderReview, r.State())
	require.Nil(t, r.Reject(registration.FieldContactEmail))
	r.Sleep(29 * day)
	assert.Equal(t, registration.CorrectionRequired, r.State())
	assert.Equal(t, 2, w.Notices("expiry_reminder"))
	r.Sleep(2 * day)
	assert.Equal(t, registration.Expired, r.State())
}

// Every open state can be withdrawn from, and then holds nothing.
func TestWithdrawFromEveryState(t *testing.T) {
	t.Parallel()
	type story struct {
		kind registration.Kind
		tell func(*testing.T, *workflowtest.World, *workflowtest.Run)
	}
	for state, s := range map[registration.State]story{
		registration.IdentityRequired: {registration.Individual, func(*testing.T, *workflowtest.World, *workflowtest.Run) {}},
		registration.CardCodeRequired: {registration.Individual, func(t *testing.T, _ *workflowtest.World, r *workflowtest.Run) {
			require.Nil(t, r.Card(workflowtest.Card(1)))
		}},
		registration.AdminIdentityRequired: {registration.Enterprise, func(*testing.T, *workflowtest.World, *workflowtest.Run) {}},
		registration.CompanyRequired: {registration.Enterprise, func(_ *testing.T, _ *workflowtest.World, r *workflowtest.Run) {
			r.ProveAdministrator(registration.LegalRepresentative, 1)
		}},
		registration.PayoutPending:   {registration.Enterprise, func(_ *testing.T, _ *workflowtest.World, r *workflowtest.Run) { r.ToPayout(1) }},
		registration.DepositRequired: {registration.Enterprise, func(_ *testing.T, _ *workflowtest.World, r *workflowtest.Run) { r.ToDeposit(1) }},
		registration.DepositFailed: {registration.Enterprise, func(t *testing.T, _ *workflowtest.World, r *workflowtest.Run) {
			r.ToDeposit(1)
			failPayment(t, r)
		}},
		registration.DetailsRequired: {registration.Enterprise, func(_ *testing.T, _ *workflowtest.World, r *workflowtest.Run) { r.ToDetails(1) }},
		registration.UnderReview: {registration.Enterprise, func(_ *testing.T, _ *workflowtest.World, r *workflowtest.Run) {
			r.ToDetails(1)
			r.ToReview(1)
		}},
		registration.CorrectionRequired: {registration.Enterprise, func(t *testing.T, _ *workflowtest.World, r *workflowtest.Run) {
			r.ToDetails(1)
			r.ToReview(1)
			require.Nil(t, r.Reject(registration.FieldName))
		}},
	} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			w := workflowtest.New(t, workflowtest.Monday(), nil)
			r := w.Start(w.Application(s.kind, "acct-1", 1))
			defer r.Close()
			s.tell(t, w, r)
			require.Equal(t, state, r.State())
			require.Nil(t, r.Withdraw())
			assert.Equal(t, registration.Withdrawn, r.State())
			assert.Zero(t, w.Count(`select count(*) from identity_claims`))
			assert.Zero(t, w.Count(`select count(*) from payments where state in ('requested', 'sent', 'settled')`))
			assert.Zero(t, w.Count(`select count(*) from reviews where closed_at is null`))
			require.NotNil(t, r.Withdraw())
			again := w.Start(w.Application(s.kind, "acct-1", 1))
			defer again.Close()
			require.Nil(t, again.Refused)
		})
	}
}

func TestOneRegistrationAnAccount(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Individual("acct-1", 1)
	defer r.Close()
	second := w.Start(w.Application(registration.Individual, "acct-1", 2))
	defer second.Close()
	requireRefused(t, registration.CodeRegistrationExists, second.Refused)
	assert.Equal(t, 1, w.Count(`select count(*) from registrations`))
}

// A wallet that has verified the account spares the identity step, unless the identity is another account's.
func TestVerifiedWalletSkipsTheIdentityStep(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Start(w.Verified(w.Application(registration.Individual, "acct-1", 1), workflowtest.Person(1)))
	defer r.Close()
	require.Nil(t, r.Refused)
	v := r.View()
	assert.Equal(t, registration.DetailsRequired, v.State)
	assert.Equal(t, registration.ByWallet, v.Identity.Method)
	other := w.Start(w.Verified(w.Application(registration.Individual, "acct-2", 2), workflowtest.Person(1)))
	defer other.Close()
	requireRefused(t, registration.CodeIdentityInUse, other.Refused)
	assert.Equal(t, 1, w.Count(`select count(*) from registrations`), "no registration exists")
	admin := w.Start(w.Verified(w.Application(registration.Enterprise, "acct-3", 3), workflowtest.Person(3)))
	defer admin.Close()
	assert.Equal(t, registration.AdminIdentityRequired, admin.State())
}
