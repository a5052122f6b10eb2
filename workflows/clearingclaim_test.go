package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/internal/wallet"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// mismatches is how many wrong claims count, and how many are on timelines: it must be the same.
func mismatches(t *testing.T, w *workflowtest.World) int {
	t.Helper()
	counted := w.Count(`select count(*) from attempts where scope = 'claim'`)
	require.Equal(t, counted, w.Count(`select count(*) from timeline where event = $1`, postgres.ClaimMismatched), "each on the account's timeline")
	return counted
}

// claimants are by the holder, and by others who know more or less of them.
func claimants() map[string]dossier.Claim {
	number, name := workflowtest.ClaimOf(1), workflowtest.ClaimOf(1)
	number.IDNumber, name.Holder = workflowtest.Person(2).IDNumber, workflowtest.Person(2).Holder
	return map[string]dossier.Claim{"the holder": workflowtest.ClaimOf(1), "another number": number, "another name": name, "another": workflowtest.ClaimOf(2)}
}

func approveAccount(w *workflowtest.World, company bool) {
	if company {
		w.ApproveEnterprise("acct-1", 1)
		return
	}
	w.ApproveIndividual("acct-1", 1)
}

// guess claims an account's identity wrongly, so many times.
func guess(t *testing.T, w *workflowtest.World, account string, times int) {
	t.Helper()
	for n := range times {
		_, refusal, err := w.Store.JudgeClaim(t.Context(), postgres.Asking{ClearingID: registration.NewID("clr"), AccountID: account, Claim: workflowtest.ClaimOf(50 + n), By: "platform:test"},
			wallet.Facts{Activated: true})
		require.NoError(t, err)
		require.Nil(t, refusal)
	}
}

// TestWaitingTellsNobodyWhoseItIs: who asks is compared when nothing else stands in the way any more; until then everybody
// sees the same.
func TestWaitingTellsNobodyWhoseItIs(t *testing.T) {
	t.Parallel()
	for _, company := range []bool{false, true} {
		for name, claim := range claimants() {
			t.Run(map[bool]string{false: "individual, ", true: "enterprise, "}[company]+name, func(t *testing.T) {
				t.Parallel()
				w := workflowtest.New(t, workflowtest.Monday(), nil)
				approveAccount(w, company)
				w.Purse.Set("acct-1", func(f *wallet.Facts) { f.OpenedAt = w.Now().AddDate(0, 0, -10) })
				r := w.StartClearing(w.ClearingApplication("acct-1", claim, true))
				defer r.Abandon()
				require.Nil(t, r.Refused)
				v := r.Seen()
				require.Equal(t, registration.WaitingEligibility, v.State)
				require.Nil(t, v.Conditions[0].Met)
				require.Equal(t, "Name and ID number are compared once the clearing is asked for and every other condition is met.", v.Conditions[0].Evidence)
				assert.Equal(t, []registration.ConditionCode{registration.AccountAge}, unmetOf(v))
				assert.Zero(t, mismatches(t, w))
				r.Sleep(20*24*time.Hour + time.Minute)
				v = r.Seen()
				require.Equal(t, registration.MaterialsRequired, v.State)
				require.NotNil(t, v.Conditions[0].Met)
				theirs := name == "the holder"
				assert.Equal(t, theirs, *v.Conditions[0].Met)
				assert.Equal(t, map[bool]int{true: 0, false: 1}[theirs], mismatches(t, w))
				var fields []registration.Field
				for _, q := range v.Requirements[3:] { // after the three materials
					fields = append(fields, q.Field)
				}
				switch {
				case theirs:
					assert.Empty(t, fields)
				case company:
					assert.Equal(t, []registration.Field{"documents.authorization_letter"}, fields)
				default:
					assert.Equal(t, []registration.Field{"conditions.holder_request"}, fields)
				}
			})
		}
	}
}

// TestComparedAtTheSubmission: a clearing that waited in vain was not compared. It is when the rest is cured, and counts once.
func TestComparedAtTheSubmission(t *testing.T) {
	t.Parallel()
	for _, company := range []bool{false, true} {
		for name, claim := range claimants() {
			t.Run(map[bool]string{false: "individual, ", true: "enterprise, "}[company]+name, func(t *testing.T) {
				t.Parallel()
				w := workflowtest.New(t, workflowtest.Monday(), nil)
				approveAccount(w, company)
				w.Purse.Set("acct-1", func(f *wallet.Facts) { f.OpenedAt = w.Now().AddDate(0, 0, -10) })
				r := w.StartClearing(w.ClearingApplication("acct-1", claim, true))
				defer r.Abandon()
				w.Purse.Set("acct-1", func(f *wallet.Facts) { f.CardsLast4 = []string{"8888"} })
				r.Sleep(20*24*time.Hour + time.Minute)
				require.Equal(t, registration.MaterialsRequired, r.Seen().State)
				require.Nil(t, r.Seen().Conditions[0].Met)
				require.Nil(t, r.Upload(registration.RequiredClearingSlots()...))
				refusal := r.Submit()
				require.NotNil(t, refusal)
				require.Equal(t, registration.CodeClearingNotEligible, refusal.Code)
				require.Len(t, refusal.Errors, 1, "the card")
				require.Nil(t, r.Seen().Conditions[0].Met)
				require.Zero(t, mismatches(t, w))

				w.Purse.Set("acct-1", func(f *wallet.Facts) { f.CardsLast4 = nil })
				theirs := name == "the holder"
				for range 3 {
					refusal = r.Submit()
					if theirs {
						require.Nil(t, refusal)
						break
					}
					require.NotNil(t, refusal)
					want := registration.CodeClearingNotEligible
					if company {
						want = registration.CodeRequirementsMissing // the letter
					}
					require.Equal(t, want, refusal.Code)
					assert.Equal(t, 1, mismatches(t, w), "once")
				}
				assert.Equal(t, theirs, *r.Seen().Conditions[0].Met)
				if company && !theirs {
					require.Nil(t, r.Upload(registration.AuthorizationLetter))
					require.Nil(t, r.Submit())
				}
			})
		}
	}
}

// TestTooManyClaimsPutTheComparisonOff: after five wrong ones in a day nobody is compared, however right they are.
func TestTooManyClaimsPutTheComparisonOff(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	w.Purse.Set("acct-1", func(f *wallet.Facts) { f.OpenedAt = w.Now().AddDate(0, 0, -10) })
	r := w.StartClearing(w.ClearingApplication("acct-1", workflowtest.ClaimOf(1), true))
	defer r.Abandon()
	r.Sleep(20*24*time.Hour - time.Hour)
	guess(t, w, "acct-1", registration.ClaimMismatches)
	r.Sleep(2 * time.Hour)
	require.Equal(t, registration.WaitingEligibility, r.Seen().State)
	require.Nil(t, r.Seen().Conditions[0].Met)
	r.Sleep(20 * time.Hour)
	require.Equal(t, registration.WaitingEligibility, r.Seen().State)
	r.Sleep(4 * time.Hour)
	require.Equal(t, registration.MaterialsRequired, r.Seen().State)
	require.True(t, *r.Seen().Conditions[0].Met)
}

func TestTooManyClaimsPutTheSubmissionOff(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	w.Purse.Set("acct-1", func(f *wallet.Facts) { f.OpenedAt = w.Now().AddDate(0, 0, -10) })
	r := w.StartClearing(w.ClearingApplication("acct-1", workflowtest.ClaimOf(1), true))
	defer r.Abandon()
	w.Purse.Set("acct-1", func(f *wallet.Facts) { f.CardsLast4 = []string{"8888"} })
	r.Sleep(20*24*time.Hour + time.Minute)
	require.Nil(t, r.Upload(registration.RequiredClearingSlots()...))
	w.Purse.Set("acct-1", func(f *wallet.Facts) { f.CardsLast4 = nil })
	at := w.Now()
	guess(t, w, "acct-1", registration.ClaimMismatches)
	refusal := r.Submit()
	require.NotNil(t, refusal)
	require.Equal(t, registration.CodeAccountLimitReached, refusal.Code)
	require.WithinDuration(t, at.Add(24*time.Hour), *refusal.RetryAt, time.Second)
	require.Nil(t, r.Seen().Conditions[0].Met)
	r.Sleep(24 * time.Hour)
	require.Nil(t, r.Submit())
}
