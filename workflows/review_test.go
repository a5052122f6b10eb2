package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// Reminders after one and two working days, then the word to ops; the clock never decides.
func TestReviewRemindsAndEscalatesOnce(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, at(t, "2026-09-30 10:00"), nil)
	r := w.Individual("acct-1", 1)
	defer r.Close()
	r.ProveCard(1)
	r.ToReview(1)
	sameTime(t, "2026-10-11 00:00", r.View().DueAt)
	for _, step := range []struct {
		until              string
		reminders, overdue int
	}{
		{"2026-10-08 23:59", 0, 0},
		{"2026-10-09 00:01", 1, 0},
		{"2026-10-09 23:59", 1, 0},
		{"2026-10-10 00:01", 2, 0},
		{"2026-10-10 23:59", 2, 0},
		{"2026-10-11 00:01", 2, 1},
		{"2026-11-30 00:00", 2, 1},
	} {
		r.Until(at(t, step.until))
		assert.Equal(t, step.reminders, w.Notices("review_reminder"), step.until)
		assert.Equal(t, step.overdue, w.Notices("review_overdue"), step.until)
		assert.Equal(t, step.overdue, w.Events("review.overdue"), step.until)
		assert.Equal(t, step.overdue == 1, r.View().Overdue, step.until)
		assert.Equal(t, registration.UnderReview, r.State())
	}
	require.Nil(t, r.Approve())
	assert.False(t, r.View().Overdue, "cleared when it ends")
}

func TestReviewDeadlineMovesLaterWithTheCalendar(t *testing.T) {
	t.Parallel()
	file, cal := newCalendarFile(t, plain2026)
	w := workflowtest.New(t, workflowtest.Monday(), cal)
	r := w.Individual("acct-1", 1)
	defer r.Close()
	r.ProveCard(1)
	r.ToReview(1)
	sameTime(t, "2026-06-05 00:00", r.View().DueAt)
	r.Until(at(t, "2026-06-04 20:00"))
	file.amend(`"2026": {"source": "test", "holidays": ["2026-06-04"]}`)
	r.Until(at(t, "2026-06-05 00:01"))
	assert.False(t, r.View().Overdue)
	sameTime(t, "2026-06-06 00:00", r.View().DueAt)
	r.Until(at(t, "2026-06-06 00:01"))
	assert.True(t, r.View().Overdue)
}

func TestUnderReviewEverythingIsLocked(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDetails(1)
	r.ToReview(1)
	requireRefused(t, registration.CodeSubmittedLocked, r.SetContact(workflowtest.Contact(2)))
	requireRefused(t, registration.CodeSubmittedLocked, r.Upload(registration.BusinessLicence))
	requireRefused(t, registration.CodeSubmittedLocked, r.Company(workflowtest.Company(1)))
	_, refusal := r.Session(registration.AuthorizedAgent)
	requireRefused(t, registration.CodeSubmittedLocked, refusal)
	requireRefused(t, registration.CodeWrongState, r.Submit())
	requireRefused(t, registration.CodeWrongState, r.Payout())
}

// Only what is named opens; a corrected scan needs no new payment, and nothing else is asked for again.
func TestCorrectionOpensWhatIsNamed(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDetails(1)
	r.ToReview(1)
	require.Nil(t, r.Reject(registration.DocumentField(registration.BusinessLicence), registration.FieldContactEmail, registration.FieldCompanyAddress))
	assert.Equal(t, registration.CorrectionRequired, r.State())
	assert.Equal(t, 2, w.Notices("correction_required"), "the registered mailbox and the contact's")
	assert.Len(t, r.View().Requirements, 3)

	requireRefused(t, registration.CodeSubmittedLocked, r.Upload(registration.AuthorizationLetter))
	requireRefused(t, registration.CodeSubmittedLocked, r.SetContact(dossier.Contact{Name: "王五"}))
	other := workflowtest.Company(1)
	other.LegalName, other.Bank.AccountName = "另一公司", "另一公司"
	requireRefused(t, registration.CodeSubmittedLocked, r.Company(other))
	requireRefused(t, registration.CodeRequirementsMissing, r.Submit())

	require.Nil(t, r.Upload(registration.BusinessLicence))
	require.Nil(t, r.SetContact(dossier.Contact{Email: "new@example.com"}))
	require.Nil(t, r.Company(dossier.Company{Address: "厦门市湖里区例示路9号"}))
	assert.Empty(t, r.View().Requirements)
	require.Nil(t, r.Submit())
	require.Nil(t, r.Approve())
	assert.Len(t, w.Bank.Ledger(), 1)
}

// What a reviewer names may be right after all: handing it in again as it was is an answer.
func TestCorrectionMayStayAsItWas(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDetails(1)
	r.ToReview(1)
	require.Nil(t, r.Reject(registration.FieldLegalName, registration.FieldContactPhone, registration.FieldName))
	require.Nil(t, r.Company(dossier.Company{LegalName: workflowtest.Company(1).LegalName}))
	require.Nil(t, r.SetContact(dossier.Contact{Phone: workflowtest.Contact(1).Phone}))
	refusal, err := w.Store.SetName(t.Context(), r.App.RegistrationID, "Harbour Light")
	require.NoError(t, err)
	require.Nil(t, refusal)
	require.Nil(t, r.Submit())
	assert.Len(t, w.Bank.Ledger(), 1)
}

// A company's proof is of one organisation, name and account: a change of any is proven anew, a cosmetic one is not.
func TestCorrectedCompanyIsProvenAnewOnlyIfItMust(t *testing.T) {
	t.Parallel()
	type change struct {
		named []registration.Field
		apply func(*dossier.Company)
		anew  bool
	}
	for name, c := range map[string]change{
		"bank account": {[]registration.Field{registration.FieldBankAccountNumber}, func(c *dossier.Company) {
			c.Bank.AccountNumber = workflowtest.Company(9).Bank.AccountNumber
		}, true},
		"bank's CNAPS code": {[]registration.Field{registration.FieldCNAPS}, func(c *dossier.Company) { c.Bank.CNAPSCode = "308100005027" }, true},
		"uscc of another company": {[]registration.Field{registration.FieldUSCC}, func(c *dossier.Company) {
			other := workflowtest.Company(9).USCC
			c.USCC, c.RegistrationNumber, c.OrganizationCode = other, other, other
		}, true},
		"legal name with its account's": {[]registration.Field{registration.FieldLegalName}, func(c *dossier.Company) {
			c.LegalName, c.Bank.AccountName = "厦门例示科技有限公司", "厦门例示科技有限公司"
		}, true},
		"legal name, other brackets and spaces": {[]registration.Field{registration.FieldLegalName}, func(c *dossier.Company) {
			c.LegalName = " " + c.LegalName
		}, false},
		"bank's name": {[]registration.Field{registration.FieldBankName}, func(c *dossier.Company) { c.Bank.BankName = "例示银行" }, false},
		"the whole":   {[]registration.Field{"company"}, func(c *dossier.Company) { c.Address = "厦门市湖里区例示路9号" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := workflowtest.New(t, workflowtest.Monday(), nil)
			r := w.Enterprise("acct-1", 1)
			defer r.Close()
			r.ToDetails(1)
			r.ToReview(1)
			require.Nil(t, r.Reject(c.named...))
			company := workflowtest.Company(1)
			c.apply(&company)
			require.Nil(t, r.Company(company))
			if !c.anew {
				require.Equal(t, registration.CorrectionRequired, r.State())
				require.Equal(t, 1, claims(w, "organization"))
				require.Nil(t, r.Submit())
				return
			}
			require.Equal(t, registration.PayoutPending, r.State())
			assert.Zero(t, claims(w, "organization"), "the claim is released")
			requireRefused(t, registration.CodeSubmittedLocked, r.SetContact(workflowtest.Contact(3)))
			r.Settle()
			require.Nil(t, r.Deposit(r.Amount()))
			require.Equal(t, registration.DetailsRequired, r.State())
			require.Nil(t, r.Submit())
			require.Nil(t, r.Approve())
			assert.Len(t, w.Bank.Ledger(), 2)
		})
	}
}

// Two things named, one needs a payment: after it the other is still to be done.
func TestCorrectionGoesOnAfterAPayment(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDetails(1)
	r.ToReview(1)
	require.Nil(t, r.Reject(registration.FieldBankAccountNumber, registration.DocumentField(registration.BusinessLicence)))
	company := workflowtest.Company(1)
	company.Bank.AccountNumber = workflowtest.Company(9).Bank.AccountNumber
	require.Nil(t, r.Company(company))
	r.Settle()
	require.Nil(t, r.Deposit(r.Amount()))
	require.Equal(t, registration.CorrectionRequired, r.State())
	requireRefused(t, registration.CodeRequirementsMissing, r.Submit())
	require.Nil(t, r.Upload(registration.BusinessLicence))
	require.Nil(t, r.Submit())
}

// Naming the identity leads back to its step, for either kind; what it leads on to depends on what is left.
func TestNamedIdentityIsProvenAnew(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Individual("acct-1", 1)
	defer r.Close()
	r.ProveCard(1)
	r.ToReview(1)
	require.Nil(t, r.Reject(registration.FieldIdentity))
	require.Equal(t, registration.IdentityRequired, r.State())
	assert.Zero(t, claims(w, "person"))
	r.ProveCard(2)
	v := r.View()
	assert.Equal(t, registration.DetailsRequired, v.State)
	assert.Equal(t, 1, claims(w, "person"))
	require.Nil(t, r.Submit())

	require.Nil(t, r.Reject(registration.FieldIdentity, registration.DocumentField(registration.IDCardFront)))
	r.ProveCard(2)
	assert.Equal(t, registration.CorrectionRequired, r.State())
	require.Nil(t, r.Upload(registration.IDCardFront))
	require.Nil(t, r.Submit())
	require.Nil(t, r.Approve())
}

// Question 4 holds for a new administrator of a proven company too.
func TestNewAdministratorIsHeldAgainstTheCompany(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDetails(1)
	r.ToReview(1)
	require.Nil(t, r.Reject(registration.FieldIdentity))
	require.Equal(t, registration.AdminIdentityRequired, r.State())
	r.ProveAdministrator(registration.LegalRepresentative, 2)
	v := r.View()
	assert.Equal(t, registration.AdminIdentityRequired, v.State)
	assert.Equal(t, registration.CodeAdminMustBeAgent, v.LastError.Code)
	assert.Zero(t, claims(w, "person"))
	r.ProveAdministrator(registration.AuthorizedAgent, 2)
	assert.Equal(t, registration.DetailsRequired, r.State())
	requireRefused(t, registration.CodeRequirementsMissing, r.Submit())
	requireRefused(t, registration.CodeSubmittedLocked, r.Upload(registration.BusinessLicence))
	require.Nil(t, r.Upload(registration.AuthorizationLetter), "required now, and never asked for before")
	require.Nil(t, r.Upload(registration.AuthorizationLetter), "until it is submitted")
	require.Nil(t, r.Submit())
}

// newRepresentative is company information that names another person than the company's administrator.
func newRepresentative(n int) dossier.Company {
	return dossier.Company{LegalRepresentative: workflowtest.Person(n).Holder}
}

// A reviewer names the legal representative, who is another person by now: the role is chosen again.
func TestCorrectedRepresentativeLeadsToTheRole(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDetails(1)
	_, refusal := r.Session(registration.AuthorizedAgent)
	requireRefused(t, registration.CodeWrongState, refusal)
	r.ToReview(1)
	require.Nil(t, r.Reject(registration.FieldLegalRep))
	_, refusal = r.Session(registration.AuthorizedAgent)
	requireRefused(t, registration.CodeSubmittedLocked, refusal)
	requireRefused(t, registration.CodeAdminMustBeAgent, r.Company(newRepresentative(2)))
	r.ProveAdministrator(registration.AuthorizedAgent, 1)
	require.Equal(t, registration.CorrectionRequired, r.State())
	require.Nil(t, r.Company(newRepresentative(2)))
	require.Nil(t, r.Upload(registration.AuthorizationLetter))
	require.Nil(t, r.Submit())
	require.Nil(t, r.Approve())
	assert.Len(t, w.Bank.Ledger(), 1, "the company was paid once")
}

// Before anything is proven the way to another role is open too, whichever way the payment went.
func TestAnotherRepresentativeAfterAFailedDeposit(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDeposit(1)
	for range registration.AmountGuesses {
		require.NotNil(t, r.Deposit(r.WrongAmount()))
	}
	require.Equal(t, registration.DepositFailed, r.State())
	_, refusal := r.Session(registration.AuthorizedAgent)
	requireRefused(t, registration.CodeWrongState, refusal)
	company := workflowtest.Company(1)
	company.LegalRepresentative = workflowtest.Person(2).Holder
	requireRefused(t, registration.CodeAdminMustBeAgent, r.Company(company))
	r.ProveAdministrator(registration.AuthorizedAgent, 1)
	require.Equal(t, registration.CompanyRequired, r.State())
	require.Nil(t, r.Company(company))
}

// A reviewer names the administrator and the legal representative: the new one is held against what is handed in, not
// against what was rejected.
func TestNewRepresentativeIsTheAdministrator(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ToDetails(1)
	r.ToReview(1)
	require.Nil(t, r.Reject(registration.FieldIdentity, registration.FieldLegalRep))
	r.ProveAdministrator(registration.LegalRepresentative, 2)
	require.Equal(t, registration.CorrectionRequired, r.State())
	requireRefused(t, registration.CodeRequirementsMissing, r.Submit())
	requireRefused(t, registration.CodeAdminMustBeAgent, r.Company(newRepresentative(3)))
	require.Nil(t, r.Company(newRepresentative(2)))
	require.Nil(t, r.Submit())
}

// The wrong role is corrected without starting over.
func TestWrongRoleIsChosenAgain(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Enterprise("acct-1", 1)
	defer r.Close()
	r.ProveAdministrator(registration.LegalRepresentative, 2)
	requireRefused(t, registration.CodeAdminMustBeAgent, r.Company(workflowtest.Company(1)))
	require.Equal(t, registration.CompanyRequired, r.State())
	r.ProveAdministrator(registration.AuthorizedAgent, 2)
	require.Nil(t, r.Company(workflowtest.Company(1)))
}

func TestFinalRejectionReleasesTheIdentity(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Individual("acct-1", 1)
	defer r.Close()
	r.ProveCard(1)
	r.ToReview(1)
	require.Nil(t, r.Decide(dossier.Decision{Decision: "reject", Final: true, Reasons: []registration.Reason{{Field: registration.FieldIdentity, Code: "other"}}}))
	assert.Equal(t, registration.Rejected, r.State())
	assert.Zero(t, claims(w, "person"))
	assert.Equal(t, 2, w.Notices("rejected"))

	other := w.Individual("acct-2", 2)
	defer other.Close()
	other.ProveCard(1)
	assert.Equal(t, registration.DetailsRequired, other.State())
	again := w.Individual("acct-1", 1)
	defer again.Close()
	require.Nil(t, again.Card(workflowtest.Card(1)))
	requireRefused(t, registration.CodeIdentityInUse, again.Code(workflowtest.RightCode))
}

// A decision races a withdrawal: one wins, the other is told where it stands.
func TestDecisionRacesWithdrawal(t *testing.T) {
	t.Parallel()
	for _, decisionFirst := range []bool{true, false} {
		w := workflowtest.New(t, workflowtest.Monday(), nil)
		r := w.Individual("acct-1", 1)
		r.ProveCard(1)
		r.ToReview(1)
		act := registration.NewID("act")
		ref, err := w.Store.Put(t.Context(), postgres.Owner{Subject: r.App.RegistrationID, Row: act}, dossier.PurposeDecision, dossier.Decision{Decision: "approve", Reviewer: "r1"})
		require.NoError(t, err)
		decide := func() *workflowtest.Pending {
			return r.Begin(registration.ActDecide, registration.ActArgs{ActID: act, Actor: "reviewer:r1", InputRef: ref})
		}
		withdraw := func() *workflowtest.Pending {
			return r.Begin(registration.ActWithdraw, registration.ActArgs{Actor: registration.ByApplicant})
		}
		first, second, want := decide, withdraw, registration.Approved
		if !decisionFirst {
			first, second, want = withdraw, decide, registration.Withdrawn
		}
		one, two := first(), second()
		r.Wait(one, two)
		require.NoError(t, one.Err)
		require.ErrorContains(t, two.Err, "wrong_state")
		assert.Equal(t, want, r.State())
		r.Close()
	}
}

func TestTwoReviewersAtOnce(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Individual("acct-1", 1)
	defer r.Close()
	r.ProveCard(1)
	r.ToReview(1)
	one, two := "reviewer-1", "reviewer-2"
	refusal, err := w.Store.AssignReview(t.Context(), r.App.RegistrationID, one, &one, false)
	require.NoError(t, err)
	require.Nil(t, refusal)
	refusal, err = w.Store.AssignReview(t.Context(), r.App.RegistrationID, two, &two, false)
	require.NoError(t, err)
	requireRefused(t, registration.CodeClaimedByOther, refusal)
	requireRefused(t, registration.CodeClaimedByOther, r.Decide(dossier.Decision{Decision: "approve", Reviewer: two}))
	assert.Equal(t, registration.UnderReview, r.State())
	require.Nil(t, r.Decide(dossier.Decision{Decision: "approve", Reviewer: one}))
}

// The contact's mailbox becomes the registered one while the result waits for its provider: it gets one mail.
func TestOneMailToAMailboxThatHasBecomeTheSame(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Individual("acct-1", 1)
	defer r.Close()
	r.ProveCard(1)
	r.ToReview(1)
	w.Mail.Down(true)
	require.Nil(t, r.Reject(registration.FieldContactEmail))
	contact := workflowtest.Contact(1)
	contact.Email = "registered-" + contact.Email
	require.Nil(t, r.SetContact(contact))
	w.Mail.Down(false)
	r.Settle()
	assert.Equal(t, 1, w.Mail.Sent())
	assert.Equal(t, []string{"contact"}, w.Strings(`select recipient from notices where skipped_at is not null and accepted_at is null and refused_at is null`))
	require.Nil(t, r.Submit())
	require.Nil(t, r.Approve())
	r.Settle()
	assert.Equal(t, 2, w.Mail.Sent())
}
