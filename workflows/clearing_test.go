package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/activities"
	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/internal/wallet"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// standing is how an account stands, and whether it is bound to a person and an organisation.
func standing(t *testing.T, w *workflowtest.World, account string) (standing string, person, organization bool) {
	t.Helper()
	a, err := w.Store.AccountOf(context.Background(), account)
	require.NoError(t, err)
	bound := func(subject string) bool {
		return w.Count(`select count(*) from identity_claims where account_id = $1 and subject = $2 and bound`, account, subject) == 1
	}
	return a.Standing, bound("person"), bound("organization")
}

func unmetOf(v *registration.ClearingView) []registration.ConditionCode {
	var codes []registration.ConditionCode
	for _, c := range v.Conditions {
		if c.Unmet() {
			codes = append(codes, c.Code)
		}
	}
	return codes
}

func TestIdentityIsCleared(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	r := w.Clear("acct-1", 1)
	require.Nil(t, r.Refused)
	require.Equal(t, registration.MaterialsRequired, r.Seen().State)
	assert.Len(t, r.Seen().Conditions, 7)
	assert.Len(t, r.Seen().Requirements, 3)
	refusal := r.Submit()
	require.NotNil(t, refusal)
	assert.Equal(t, registration.CodeRequirementsMissing, refusal.Code)
	assert.Len(t, refusal.Errors, 3)

	r.ToReview()
	require.Equal(t, registration.UnderReview, r.Seen().State)
	assert.Equal(t, registration.CodeSubmittedLocked, r.Upload(registration.Handheld).Code)
	require.Nil(t, r.Approve())
	r.Settle()
	assert.Equal(t, registration.Cleared, r.Seen().State)
	ended, err := r.Ended()
	require.NoError(t, err)
	assert.True(t, ended)

	held, times := w.Purse.Held("acct-1")
	assert.False(t, held, "the hold is released")
	assert.Equal(t, 1, times)
	cleared, unheld := w.Purse.Cleared("acct-1")
	assert.Equal(t, 1, cleared)
	assert.Zero(t, unheld, "cleared under the hold")
	state, person, _ := standing(t, w, "acct-1")
	assert.Equal(t, "identity_required", state)
	assert.False(t, person)
	a, err := w.Store.AccountOf(context.Background(), "acct-1")
	require.NoError(t, err)
	assert.Nil(t, a.Identity, "nobody is verified any more")
	assert.Equal(t, 2, w.Notices("clearing_decided"), "the registered mailbox and the contact's")
	assert.Equal(t, 4, w.Events("clearing.state_changed"))

	w.ApproveIndividual("acct-2", 1) // the identity is free for another account
	other := w.Individual("acct-1", 2)
	require.Equal(t, registration.IdentityRequired, other.State(), "and the account for another identity")
	other.ProveCard(2)
	other.ToReview(2)
	require.Nil(t, other.Approve())
	other.Settle()
	state, person, _ = standing(t, w, "acct-1")
	assert.Equal(t, "active", state)
	assert.True(t, person)
}

func TestClearingIsRefused(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	code := func(r *workflowtest.ClearingRun) registration.Code {
		t.Helper()
		r.Abandon()
		if r.Refused == nil {
			return ""
		}
		return r.Refused.Code
	}
	running := w.Individual("acct-0", 7)
	running.ProveCard(7)
	running.Close()

	w.ApproveIndividual("acct-1", 1)
	assert.Equal(t, registration.CodeClearingNotEligible, code(w.Clear("acct-1", 2)), "another person's data")
	named := workflowtest.ClaimOf(1)
	named.Holder = workflowtest.Person(2).Holder
	assert.Equal(t, registration.CodeClearingNotEligible, code(w.StartClearing(w.ClearingApplication("acct-1", named, false))), "the number alone is not enough")

	w.Purse.Set("acct-1", func(f *wallet.Facts) { f.CardsLast4 = []string{"1234"} })
	assert.Equal(t, registration.CodeClearingNotEligible, code(w.Clear("acct-1", 1)))
	assert.Equal(t, registration.CodeClearingNotEligible, code(w.StartClearing(w.ClearingApplication("acct-1", workflowtest.ClaimOf(1), true))), "time does not unbind a card")
	w.Purse.Set("acct-1", func(f *wallet.Facts) { f.CardsLast4 = nil })
	assert.Zero(t, w.Count(`select count(*) from clearings`), "no row is left behind")

	first := w.Clear("acct-1", 1)
	require.Nil(t, first.Refused)
	first.Abandon()
	second := w.ClearingApplication("acct-1", workflowtest.ClaimOf(1), false)
	result, err := w.Store.Steps().OpenClearing(context.Background(), second)
	require.NoError(t, err)
	assert.Equal(t, registration.CodeClearingExists, result.Refusal.Code, "a second one")
	again := w.Start(w.Application(registration.Individual, "acct-1", 3))
	require.NotNil(t, again.Refused)
	assert.Equal(t, registration.CodeClearingExists, again.Refused.Code, "and no registration meanwhile")
	again.Close()
}

func TestEnterpriseKeepsItsCompany(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	before := w.ApproveEnterprise("corp-1", 1)
	r := w.Clear("corp-1", 1)
	require.Nil(t, r.Refused)
	r.ToReview()
	require.Nil(t, r.Approve())
	r.Settle()
	require.Equal(t, registration.Cleared, r.Seen().State)
	state, person, organization := standing(t, w, "corp-1")
	assert.Equal(t, "identity_required", state)
	assert.False(t, person)
	assert.True(t, organization, "the company stays bound")

	other := w.Enterprise("corp-2", 2) // nobody else can take it
	other.ProveAdministrator(registration.AuthorizedAgent, 2)
	assert.Equal(t, registration.CodeOrganizationInUse, other.Company(workflowtest.Company(1)).Code)
	require.Nil(t, other.Withdraw())
	other.Settle()

	again := w.Enterprise("corp-1", 3)
	require.Equal(t, registration.AdminIdentityRequired, again.State())
	require.NotNil(t, again.View().Company, "offered as before")
	assert.NotEqual(t, before.RegistrationID, again.App.RegistrationID)
	again.ProveAdministrator(registration.AuthorizedAgent, 3)
	require.Equal(t, registration.DetailsRequired, again.State(), "not proven again")
	moved := workflowtest.Company(1)
	moved.Address = "厦门市湖里区例示路9号"
	require.Nil(t, again.Company(moved))
	require.Equal(t, registration.DetailsRequired, again.State(), "an address proves nothing and needs no proof")
	again.ToReview(3)
	require.Nil(t, again.Approve())
	again.Settle()
	state, person, organization = standing(t, w, "corp-1")
	assert.Equal(t, "active", state)
	assert.True(t, person)
	assert.True(t, organization)
	assert.Len(t, w.Bank.Ledger(), 1, "one penny payment in all")

	r = w.Clear("corp-1", 3)
	r.ToReview()
	require.Nil(t, r.Approve())
	r.Settle()
	third := w.Enterprise("corp-1", 4)
	assert.Equal(t, moved.Address, third.View().Company.Address, "as it was approved last")

	// A proof that is given up for another account leaves the company bound: nobody else can take it.
	third.ProveAdministrator(registration.AuthorizedAgent, 4)
	moved.Bank.AccountNumber = workflowtest.Company(9).Bank.AccountNumber
	require.Nil(t, third.Company(moved))
	require.Equal(t, registration.PayoutPending, third.State())
	require.Nil(t, third.Withdraw())
	third.Settle()
	_, _, organization = standing(t, w, "corp-1")
	assert.True(t, organization)
}

// clearedCompany is the account of an enterprise whose administrator was cleared.
func clearedCompany(w *workflowtest.World) {
	w.T.Helper()
	w.ApproveEnterprise("corp-1", 1)
	r := w.Clear("corp-1", 1)
	r.ToReview()
	require.Nil(w.T, r.Approve())
	r.Settle()
}

// TestCompanyOutlivesARegistration: it stays bound, so it is offered again however the next registration ended.
func TestCompanyOutlivesARegistration(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, r *workflowtest.Run){
		"rejected": func(t *testing.T, r *workflowtest.Run) {
			t.Helper()
			r.ProveAdministrator(registration.AuthorizedAgent, 3)
			r.ToReview(3)
			require.Nil(t, r.Decide(dossier.Decision{Decision: "reject", Final: true, Reasons: []registration.Reason{{Field: "name", Code: "not_accepted"}}}))
		},
		"withdrawn": func(t *testing.T, r *workflowtest.Run) { t.Helper(); require.Nil(t, r.Withdraw()) },
		"expired":   func(t *testing.T, r *workflowtest.Run) { t.Helper(); r.Sleep(31 * 24 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := workflowtest.New(t, workflowtest.Monday(), nil)
			clearedCompany(w)
			next := w.Enterprise("corp-1", 3)
			end(t, next)
			next.Settle()
			require.True(t, next.State().Final())
			again := w.Enterprise("corp-1", 4)
			defer again.Close()
			require.NotNil(t, again.View().Company)
			again.ProveAdministrator(registration.AuthorizedAgent, 4)
			assert.Equal(t, registration.DetailsRequired, again.State(), "not proven again")
		})
	}
}

// TestReturnedProofIsNotOffered: the bank sent the money back after the approval, so it proves nothing.
func TestReturnedProofIsNotOffered(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	clearedCompany(w)
	key := w.Strings(`select key from payments`)[0]
	w.Report(postgres.Report{Source: "bank", Type: "transfer.returned", Key: key, Reason: "account_closed"})
	again := w.Enterprise("corp-1", 3)
	defer again.Close()
	require.NotNil(t, again.View().Company, "what was handed in is offered all the same")
	again.ProveAdministrator(registration.AuthorizedAgent, 3)
	assert.Equal(t, registration.CompanyRequired, again.State(), "and must be proven")
	require.Nil(t, again.Company(workflowtest.Company(1)))
	assert.Equal(t, registration.PayoutPending, again.State())
}

func TestChangedCompanyIsProvenAgain(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	clearedCompany(w)
	again := w.Enterprise("corp-1", 3)
	defer again.Close()
	again.ProveAdministrator(registration.AuthorizedAgent, 3)
	moved := workflowtest.Company(1)
	moved.Bank.AccountNumber = workflowtest.Company(5).Bank.AccountNumber
	require.Nil(t, again.Company(moved))
	assert.Equal(t, registration.PayoutPending, again.State())
}

// TestConditionStopsBeingMet: between submission and clearing a card is bound.
func TestConditionStopsBeingMet(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	r := w.Clear("acct-1", 1)
	r.ToReview()
	w.Purse.Set("acct-1", func(f *wallet.Facts) { f.CardsLast4 = []string{"8888"} })
	require.Nil(t, r.Approve())
	r.Settle()
	v := r.Seen()
	assert.Equal(t, registration.MaterialsRequired, v.State)
	assert.Equal(t, []registration.ConditionCode{registration.CardsUnbound}, unmetOf(v))
	require.Len(t, v.Requirements, 1)
	assert.Equal(t, registration.Field("conditions.cards_unbound"), v.Requirements[0].Field)
	assert.Equal(t, "1 card bound: ending 8888; unbind it in the wallet.", v.Requirements[0].Message)
	held, times := w.Purse.Held("acct-1")
	assert.False(t, held)
	assert.Equal(t, 1, times)
	cleared, _ := w.Purse.Cleared("acct-1")
	assert.Zero(t, cleared, "nothing was cleared")
	state, person, _ := standing(t, w, "acct-1")
	assert.Equal(t, "active", state)
	assert.True(t, person)

	refusal := r.Submit()
	require.NotNil(t, refusal)
	assert.Equal(t, registration.CodeClearingNotEligible, refusal.Code)
	w.Purse.Set("acct-1", func(f *wallet.Facts) { f.CardsLast4 = nil })
	require.Nil(t, r.Submit())
	require.Nil(t, r.Approve())
	r.Settle()
	assert.Equal(t, registration.Cleared, r.Seen().State)
	held, times = w.Purse.Held("acct-1")
	assert.False(t, held)
	assert.Equal(t, 2, times, "each attempt holds with a key of its own")
}

func TestWaitsUntilEligible(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	opened := w.Now().AddDate(0, 0, -10)
	w.Purse.Set("acct-1", func(f *wallet.Facts) { f.OpenedAt, f.Refundable = opened, []time.Time{w.Now().AddDate(0, 0, -3)} })
	r := w.StartClearing(w.ClearingApplication("acct-1", workflowtest.ClaimOf(1), true))
	require.Nil(t, r.Refused)
	assert.Equal(t, registration.WaitingEligibility, r.Seen().State)
	assert.ElementsMatch(t, []registration.ConditionCode{registration.AccountAge, registration.NoRefundable}, unmetOf(r.Seen()))
	r.Sleep(20*24*time.Hour + time.Minute)
	assert.Equal(t, registration.WaitingEligibility, r.Seen().State, "the later of the two dates")
	r.Sleep(7 * 24 * time.Hour)
	assert.Equal(t, registration.MaterialsRequired, r.Seen().State)
	assert.Empty(t, unmetOf(r.Seen()))
	r.ToReview()
	require.Nil(t, r.Approve())
	r.Settle()
	assert.Equal(t, registration.Cleared, r.Seen().State)
}

func TestWaitsInVain(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(f *wallet.Facts, now time.Time)
		state  registration.State
		unmet  []registration.ConditionCode
	}{
		"a card was bound":     {func(f *wallet.Facts, _ time.Time) { f.CardsLast4 = []string{"1111"} }, registration.MaterialsRequired, []registration.ConditionCode{registration.CardsUnbound}},
		"a new transaction":    {func(f *wallet.Facts, now time.Time) { f.Refundable = []time.Time{now.AddDate(0, 0, 15)} }, registration.WaitingEligibility, []registration.ConditionCode{registration.NoRefundable}},
		"frozen in the while":  {func(f *wallet.Facts, now time.Time) { f.Frozen, f.LastFrozenAt = true, &now }, registration.MaterialsRequired, []registration.ConditionCode{registration.NotFrozen}},
		"unfrozen in between":  {func(f *wallet.Facts, now time.Time) { f.LastFrozenAt = &now }, registration.WaitingEligibility, []registration.ConditionCode{registration.NotFrozen}},
		"nothing: it goes on.": {func(*wallet.Facts, time.Time) {}, registration.MaterialsRequired, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := workflowtest.New(t, workflowtest.Monday(), nil)
			w.ApproveIndividual("acct-1", 1)
			now := w.Now()
			w.Purse.Set("acct-1", func(f *wallet.Facts) { f.OpenedAt = now.AddDate(0, 0, -10) })
			r := w.StartClearing(w.ClearingApplication("acct-1", workflowtest.ClaimOf(1), true))
			require.Nil(t, r.Refused)
			w.Purse.Set("acct-1", func(f *wallet.Facts) { tc.change(f, now) })
			r.Sleep(20*24*time.Hour + time.Minute)
			assert.Equal(t, tc.state, r.Seen().State)
			assert.Equal(t, tc.unmet, unmetOf(r.Seen()))
			r.Abandon()
		})
	}
}

// TestWalletAwayWhileWaiting: acts are answered in between, and it goes on when the wallet is back.
func TestWalletAwayWhileWaiting(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	w.Purse.Set("acct-1", func(f *wallet.Facts) { f.OpenedAt = w.Now().AddDate(0, 0, -10) })
	r := w.StartClearing(w.ClearingApplication("acct-1", workflowtest.ClaimOf(1), true))
	w.Purse.Down(true)
	r.Sleep(20*24*time.Hour + time.Hour)
	assert.Equal(t, registration.WaitingEligibility, r.Seen().State)
	w.Purse.Down(false)
	r.Sleep(10 * time.Minute)
	assert.Equal(t, registration.MaterialsRequired, r.Seen().State)
	require.Nil(t, r.Upload(registration.RequiredClearingSlots()...))
	w.Purse.Down(true)
	refusal := r.Submit()
	require.NotNil(t, refusal)
	assert.Equal(t, registration.CodeProviderUnavailable, refusal.Code)
	w.Purse.Down(false)
	require.Nil(t, r.Submit())
	require.Nil(t, r.Withdraw())
	r.Settle()
	assert.Equal(t, registration.Withdrawn, r.Seen().State)
}

func TestClearingReview(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	r := w.Clear("acct-1", 1)
	r.ToReview()
	ctx := context.Background()
	page, err := w.Store.Reviews(ctx, reviewsOf("clearing"))
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	assert.Equal(t, "clearing", page.Items[0].SubjectKind)
	assert.Equal(t, "acct-1", *page.Items[0].AccountID)
	assert.Equal(t, registration.UnderReview, *page.Items[0].State)

	other := "reviewer-2"
	refusal, err := w.Store.AssignReview(ctx, r.Clearing.ClearingID, other, &other, false)
	require.NoError(t, err)
	require.Nil(t, refusal)
	assert.Equal(t, registration.CodeClaimedByOther, r.Approve().Code)
	require.Nil(t, r.Decide(dossier.Decision{Decision: "reject", Reviewer: other, Reasons: []registration.Reason{{Field: "documents.handheld", Code: "unreadable", Message: "Too dark."}}}))
	v := r.Seen()
	assert.Equal(t, registration.MaterialsRequired, v.State)
	require.Len(t, v.Requirements, 1)
	assert.Equal(t, registration.Field("documents.handheld"), v.Requirements[0].Field)
	assert.Equal(t, registration.CodeSubmittedLocked, r.Upload(registration.IDCardFront).Code, "what was not named stays")
	assert.Equal(t, registration.CodeRequirementsMissing, r.Submit().Code)
	require.Nil(t, r.Upload(registration.Handheld))
	require.Nil(t, r.Submit())
	require.Nil(t, r.Decide(dossier.Decision{Decision: "reject", Final: true, Reasons: []registration.Reason{{Field: "documents.handheld", Code: "mismatch"}}}))
	r.Settle()
	assert.Equal(t, registration.Rejected, r.Seen().State)
	state, person, _ := standing(t, w, "acct-1")
	assert.Equal(t, "active", state)
	assert.True(t, person)
	assert.Equal(t, 4, w.Notices("clearing_decided"), "twice to two mailboxes")

	next := w.Clear("acct-1", 1) // another may be asked for
	require.Nil(t, next.Refused)
	require.Nil(t, next.Withdraw())
	next.Settle()
}

func TestClearingReviewIsLate(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	r := w.Clear("acct-1", 1)
	r.ToReview()
	r.Until(time.Date(2026, 6, 4, 1, 0, 0, 0, workflowtest.Monday().Location())) // Thursday: two working days have passed
	assert.Equal(t, 2, w.Notices("review_reminder"))
	assert.Zero(t, w.Notices("review_overdue"))
	r.Sleep(24 * time.Hour)
	assert.Equal(t, 1, w.Notices("review_overdue"))
	assert.Equal(t, 1, w.Events("review.overdue"))
	assert.Equal(t, registration.UnderReview, r.Seen().State, "never decided by the clock")
	r.Sleep(30 * 24 * time.Hour)
	assert.Equal(t, 1, w.Notices("review_overdue"), "told once")
	require.Nil(t, r.Approve())
	r.Settle()
	assert.Equal(t, registration.Cleared, r.Seen().State)
}

func TestForgottenClearingEnds(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	r := w.Clear("acct-1", 1)
	r.Sleep(20 * 24 * time.Hour)
	require.Nil(t, r.Upload(registration.Handheld)) // restarts the clock
	r.Sleep(29 * 24 * time.Hour)
	assert.Equal(t, registration.MaterialsRequired, r.Seen().State)
	r.Sleep(48 * time.Hour)
	assert.Equal(t, registration.Withdrawn, r.Seen().State)
}

// A call that a lost run made to hold the account may reach the wallet after its hold was released: it holds nothing then.
func TestALateHoldOfALostRunHoldsNothing(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	app := w.ApproveIndividual("acct-1", 1)
	w.Faults.LoseAfter("ClearingAttempt", 1) // the first attempt is begun, and nobody knows
	c := w.Clear(app.AccountID, 1)
	defer c.Close()
	require.Nil(t, c.Refused)
	c.ToReview()
	require.Nil(t, c.Approve())
	c.Settle()
	require.Equal(t, registration.Cleared, c.Seen().State)
	require.NoError(t, w.Purse.Hold(t.Context(), c.Clearing.ClearingID+"-1", app.AccountID))
	held, _ := w.Purse.Held(app.AccountID)
	assert.False(t, held)
}

// While the wallet is away for long the run is where its row is: nobody is told to look, again and again.
func TestAClearingThatWaitsForTheWalletIsNotBehind(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	app := w.ApproveIndividual("acct-1", 1)
	c := w.Clear(app.AccountID, 1)
	defer c.Close()
	c.ToReview()
	w.Purse.Down(true)
	require.Nil(t, c.Approve())
	c.Sleep(time.Hour)
	require.Equal(t, registration.Clearing, c.Seen().State)
	assert.Zero(t, w.Count(`select count(*) from clearings where acknowledged < version`))
	w.Purse.Down(false)
	c.Sleep(time.Hour)
	require.Equal(t, registration.Cleared, c.Seen().State)
}

// The wallet has forgotten the identity, and the run that had it do so is lost before it could record that. A card that was bound
// meanwhile leads nobody back: there is nothing left to unbind it from.
func TestNoWayLeadsBackOnceTheWalletMayHaveForgotten(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	app := w.ApproveIndividual("acct-1", 1)
	c := w.Clear(app.AccountID, 1)
	defer c.Close()
	c.ToReview()
	w.Purse.Down(true)
	require.Nil(t, c.Approve())
	require.Equal(t, registration.Clearing, c.Seen().State)

	w.Purse.Down(false)
	lost := &activities.Clearance{Wallet: w.Purse, Book: w.Store}
	hold := registration.Hold{ClearingID: c.Clearing.ClearingID, Key: c.Clearing.ClearingID + "-0"}
	require.NoError(t, lost.HoldAccount(t.Context(), hold))
	require.NoError(t, lost.ForgetIdentity(t.Context(), hold))
	require.NoError(t, lost.ReleaseAccount(t.Context(), hold))
	w.Purse.Set(app.AccountID, func(f *wallet.Facts) { f.CardsLast4 = []string{"8888"} })
	c.Sleep(time.Hour)
	require.Equal(t, registration.Cleared, c.Seen().State)
	held, _ := w.Purse.Held(app.AccountID)
	assert.False(t, held)
}
