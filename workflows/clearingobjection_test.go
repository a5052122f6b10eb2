package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/devstack/storetest"
	"shiming/internal/email"
	"shiming/internal/notice"
	"shiming/internal/postgres"
	"shiming/internal/sms"
	"shiming/internal/wallet"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

func reviewsOf(kind string) postgres.ReviewFilter {
	return postgres.ReviewFilter{Kind: kind, Limit: 10}
}

// byLetter is an enterprise's clearing that an authorised person, not the holder, asked for, approved by both reviewers.
func byLetter(t *testing.T, w *workflowtest.World) *workflowtest.ClearingRun {
	t.Helper()
	w.ApproveEnterprise("corp-1", 1)
	r := w.Clear("corp-1", 2)
	require.Nil(t, r.Refused)
	r.ToReview(registration.AuthorizationLetter)
	require.Nil(t, r.ApproveAs("reviewer-1"))
	require.Equal(t, registration.UnderReview, r.Seen().State, "another reviewer must approve too")
	assert.Equal(t, 2, r.Seen().Review.Round)
	assert.Equal(t, registration.CodeSecondReviewer, r.ApproveAs("reviewer-1").Code, "not the same one again")
	me := "reviewer-1"
	refusal, err := w.Store.AssignReview(context.Background(), r.Clearing.ClearingID, me, &me, false)
	require.NoError(t, err)
	assert.Equal(t, registration.CodeSecondReviewer, refusal.Code, "who need not claim it either")
	require.Nil(t, r.ApproveAs("reviewer-2"))
	require.Equal(t, registration.ObjectionPeriod, r.Seen().State)
	return r
}

func TestLetterOfAuthorisation(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := byLetter(t, w)
	until := time.Date(2026, 6, 5, 0, 0, 0, 0, workflowtest.Monday().Location()) // Monday and three working days
	assert.True(t, until.Equal(*r.Seen().ObjectionUntil), "%s", r.Seen().ObjectionUntil)
	assert.Equal(t, 2, w.Notices("clearing_objection"), "by mail and SMS")
	token := r.Token()
	assert.Contains(t, w.Mail.Last(), "An authorised person of")
	r.Until(until.Add(-time.Minute))
	assert.Equal(t, registration.ObjectionPeriod, r.Seen().State)
	r.Until(until.Add(time.Second))
	assert.Equal(t, registration.Cleared, r.Seen().State)
	assert.False(t, r.Object(token), "too late")
	assert.Zero(t, w.Count(`select count(*) from objections where token_ref is not null`), "the token is forgotten")
}

// TestLetterStandsInForTheHolderAlone: the other conditions hold as ever, at every time they are judged.
func TestLetterStandsInForTheHolderAlone(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveEnterprise("corp-1", 1)
	set := func(cards ...string) { w.Purse.Set("corp-1", func(f *wallet.Facts) { f.CardsLast4 = cards }) }
	set("8888")
	barred := w.Clear("corp-1", 2)
	require.NotNil(t, barred.Refused)
	assert.Equal(t, registration.CodeClearingNotEligible, barred.Refused.Code)
	set()
	w.Purse.Set("corp-1", func(f *wallet.Facts) { f.OpenedAt = w.Now().AddDate(0, 0, -10) })
	r := w.StartClearing(w.ClearingApplication("corp-1", workflowtest.ClaimOf(2), true))
	require.Nil(t, r.Refused)
	require.Equal(t, registration.WaitingEligibility, r.Seen().State)
	r.Sleep(20*24*time.Hour + time.Minute)
	require.Equal(t, registration.MaterialsRequired, r.Seen().State)
	assert.Equal(t, []registration.ConditionCode{registration.HolderRequest}, unmetOf(r.Seen()))

	require.Nil(t, r.Upload(registration.RequiredClearingSlots()...))
	assert.Equal(t, registration.CodeRequirementsMissing, r.Submit().Code, "no letter")
	require.Nil(t, r.Upload(registration.AuthorizationLetter))
	set("8888")
	refusal := r.Submit()
	require.NotNil(t, refusal)
	assert.Equal(t, registration.CodeClearingNotEligible, refusal.Code)
	require.Len(t, refusal.Errors, 1)
	assert.Equal(t, "conditions.cards_unbound", refusal.Errors[0].Location)
	set()
	require.Nil(t, r.Submit())
	require.Nil(t, r.ApproveAs("reviewer-1"))
	require.Nil(t, r.ApproveAs("reviewer-2"))
	set("8888")
	r.Settle()
	r.Sleep(6 * 24 * time.Hour)
	v := r.Seen()
	require.Equal(t, registration.MaterialsRequired, v.State, "under the hold too")
	require.Len(t, v.Requirements, 1)
	assert.Equal(t, registration.Field("conditions.cards_unbound"), v.Requirements[0].Field)
	r.Abandon()
}

func TestHolderObjects(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := byLetter(t, w)
	token := r.Token()
	assert.False(t, r.Object("another token"))
	require.True(t, r.Object(token))
	r.Settle()
	assert.Equal(t, registration.Rejected, r.Seen().State)
	assert.False(t, r.Object(token), "it works once")
	assert.Equal(t, 1, w.Notices("clearing_objected"), "reviewers are told")
	state, person, _ := standing(t, w, "corp-1")
	assert.Equal(t, "active", state)
	assert.True(t, person)
	_, times := w.Purse.Held("corp-1")
	assert.Zero(t, times)
	decided := storetest.Notices(t, w.Store, `kind = 'clearing_decided' and recipient = 'registered' and channel = 'email'`)
	require.Len(t, decided, 1)
	require.Equal(t, notice.OutcomeObjected, decided[0].Outcome)
}

// TestNewSubmissionAsksAgain: what the holder was asked was about a submission that came to nothing.
func TestNewSubmissionAsksAgain(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := byLetter(t, w)
	before := r.Token()
	set := func(cards ...string) { w.Purse.Set("corp-1", func(f *wallet.Facts) { f.CardsLast4 = cards }) }
	set("8888")
	r.Sleep(4 * 24 * time.Hour)
	require.Equal(t, registration.MaterialsRequired, r.Seen().State)
	assert.Nil(t, r.Seen().ObjectionUntil)
	set()
	require.Nil(t, r.Submit())
	require.Nil(t, r.ApproveAs("reviewer-1"))
	require.Nil(t, r.ApproveAs("reviewer-2"))
	require.Equal(t, registration.ObjectionPeriod, r.Seen().State)
	token := r.Token()
	assert.Equal(t, 4, w.Notices("clearing_objection"), "by mail and SMS, again")
	assert.Contains(t, w.SMS.Last(), token)
	assert.False(t, r.Object(before))
	require.True(t, r.Object(token))
	assert.Equal(t, registration.Rejected, r.Seen().State)
}

// TestObjectionStandsWhileItsStepFails: an objection that was taken in time counts, although the run gets to it only when
// the time is over.
func TestObjectionStandsWhileItsStepFails(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := byLetter(t, w)
	token := r.Token()
	r.Until(r.Seen().ObjectionUntil.Add(-2 * time.Second))
	w.Faults.LoseBefore("Look", 12)
	require.True(t, r.Object(token))
	require.Equal(t, registration.ObjectionPeriod, r.Seen().State, "nobody has worked on it")
	require.True(t, w.Now().After(*r.Seen().ObjectionUntil))
	assert.False(t, r.Object(token), "it is used all the same")
	r.Sleep(time.Hour)
	assert.Equal(t, registration.Rejected, r.Seen().State)
	cleared, _ := w.Purse.Cleared("corp-1")
	assert.Zero(t, cleared)
}

// approvedUnannounced is an enterprise's clearing that the nth person asked for by letter, approved while no channel works.
func approvedUnannounced(t *testing.T, w *workflowtest.World, n int) *workflowtest.ClearingRun {
	t.Helper()
	w.ApproveEnterprise("corp-1", 1)
	w.Mail.Down(true)
	w.SMS.Down(true)
	r := w.Clear("corp-1", n)
	r.ToReview(registration.AuthorizationLetter)
	require.Nil(t, r.ApproveAs("reviewer-1"))
	require.Nil(t, r.ApproveAs("reviewer-2"))
	return r
}

// TestNobodyWasAsked: the time for objecting does not run out while no channel has carried the notice.
func TestNobodyWasAsked(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := approvedUnannounced(t, w, 1)
	r.Sleep(10 * 24 * time.Hour)
	require.Equal(t, registration.ObjectionPeriod, r.Seen().State)
	w.SMS.Down(false)
	r.Settle() // Thursday: asked now
	r.Sleep(3 * 24 * time.Hour)
	require.Equal(t, registration.ObjectionPeriod, r.Seen().State)
	assert.NotEmpty(t, r.Token())
	r.Sleep(3 * 24 * time.Hour)
	assert.Equal(t, registration.Cleared, r.Seen().State)
}

// TestAnnouncedIsWhatHolds: the days count from the notice, and it says so, however long it was on its way.
func TestAnnouncedIsWhatHolds(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := approvedUnannounced(t, w, 2)
	r.Sleep(24 * time.Hour)
	w.SMS.Down(false)
	r.Settle()
	until := time.Date(2026, 6, 6, 0, 0, 0, 0, workflowtest.Monday().Location()) // Tuesday and three working days
	assert.True(t, until.Equal(*r.Seen().ObjectionUntil), "%s", r.Seen().ObjectionUntil)
	assert.Contains(t, w.SMS.Last(), "24:00 on 5 Jun 2026")
	w.Mail.Down(false)
	r.Sleep(24 * time.Hour)
	assert.Contains(t, w.Mail.Last(), "24:00 on 5 Jun 2026", "a later one announces the same")
	r.Until(until.Add(-time.Minute))
	assert.Equal(t, registration.ObjectionPeriod, r.Seen().State)
	r.Until(until.Add(time.Second))
	assert.Equal(t, registration.Cleared, r.Seen().State)
}

// TestHolderCannotBeReached: that nobody could be asked is no consent; reviewers decide again, who know of it.
func TestHolderCannotBeReached(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		open         func(w *workflowtest.World) *workflowtest.ClearingRun
		first, again []string
		not          string // who may not be the second again
	}{
		"by letter": {func(w *workflowtest.World) *workflowtest.ClearingRun {
			w.ApproveEnterprise("acct-1", 1)
			r := w.Clear("acct-1", 2)
			r.ToReview(registration.AuthorizationLetter)
			return r
		}, []string{"reviewer-1", "reviewer-2"}, []string{"reviewer-1", "reviewer-2"}, "reviewer-1"},
		"contested": {func(w *workflowtest.World) *workflowtest.ClearingRun {
			w.ApproveIndividual("acct-1", 1)
			r := w.Contest(1)
			r.ToReview()
			return r
		}, []string{"reviewer-1", "reviewer-2"}, []string{"reviewer-1", "reviewer-3"}, "reviewer-2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := workflowtest.New(t, workflowtest.Monday(), nil)
			r := tc.open(w)
			w.Mail.Refuse(&email.Refusal{})
			w.SMS.Refuse(&sms.Refusal{})
			for _, reviewer := range tc.first {
				require.Nil(t, r.ApproveAs(reviewer))
			}
			r.Settle()
			require.Equal(t, registration.UnderReview, r.Seen().State, "at once, not when the time is over")
			assert.Nil(t, r.Seen().ObjectionUntil)
			review, err := w.Store.ReviewOf(context.Background(), r.Clearing.ClearingID)
			require.NoError(t, err)
			assert.Contains(t, string(review.Snapshot), `"unreachable": true`)
			r.Sleep(2 * 24 * time.Hour)
			assert.NotZero(t, w.Notices("review_reminder"))
			require.Nil(t, r.ApproveAs(tc.again[0]))
			require.Equal(t, registration.UnderReview, r.Seen().State)
			refusal := r.ApproveAs(tc.not)
			require.NotNil(t, refusal)
			assert.Equal(t, registration.CodeSecondReviewer, refusal.Code)
			require.Nil(t, r.ApproveAs(tc.again[1]))
			r.Settle()
			assert.Equal(t, registration.Cleared, r.Seen().State)
		})
	}
}

// TestThePhoneCounts: the time runs from the message to the holder's phone, and from the mail only if the phone takes none.
func TestThePhoneCounts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		phone func(w *workflowtest.World)
		until int // day of June, 0:00
	}{
		"the phone takes it on Thursday": {func(w *workflowtest.World) { w.SMS.Down(true) }, 10},
		"the phone takes none":           {func(w *workflowtest.World) { w.SMS.Refuse(&sms.Refusal{}) }, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := workflowtest.New(t, workflowtest.Monday(), nil)
			w.ApproveIndividual("acct-1", 1)
			tc.phone(w)
			r := w.Contest(1)
			r.ToReview()
			r.ApproveTwice()
			r.Sleep(3 * 24 * time.Hour)
			w.SMS.Down(false)
			r.Settle()
			until := time.Date(2026, 6, tc.until, 0, 0, 0, 0, workflowtest.Monday().Location())
			assert.True(t, until.Equal(*r.Seen().ObjectionUntil), "%s", r.Seen().ObjectionUntil)
			r.Until(until.Add(-time.Minute))
			assert.Equal(t, registration.ObjectionPeriod, r.Seen().State)
			r.Until(until.Add(time.Second))
			assert.Equal(t, registration.Cleared, r.Seen().State)
		})
	}
}

func TestContestedClaim(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	r := w.Contest(1)
	require.Nil(t, r.Refused)
	v := r.Seen()
	assert.Equal(t, registration.MaterialsRequired, v.State)
	assert.Nil(t, v.AccountID)
	require.Len(t, v.Conditions, 1)
	assert.Nil(t, v.Conditions[0].Met)
	r.ToReview()
	require.Nil(t, r.ApproveAs("reviewer-1"))
	require.Equal(t, registration.UnderReview, r.Seen().State, "another reviewer must approve too")
	assert.Zero(t, w.Notices("clearing_objection"))
	require.Nil(t, r.ApproveAs("reviewer-2"))
	require.Equal(t, registration.ObjectionPeriod, r.Seen().State)
	assert.Equal(t, 2, w.Notices("clearing_objection"))
	r.Settle()
	assert.Contains(t, w.Mail.Last(), "The holder of an ID card")
	r.Sleep(4 * 24 * time.Hour)
	assert.Equal(t, registration.Cleared, r.Seen().State)
	state, person, _ := standing(t, w, "acct-1")
	assert.Equal(t, "identity_required", state)
	assert.False(t, person)
	held, times := w.Purse.Held("acct-1")
	assert.False(t, held)
	assert.Equal(t, 1, times)
	assert.Zero(t, w.Count(`select count(*) from events where type = 'clearing.state_changed' and account_id <> ''`), "subscribers learn no account either")
}

// TestContestedClaimLooksTheSame: whether the identity is bound, bound nowhere or in a clearing already, the claimant sees
// the same.
func TestContestedClaimLooksTheSame(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	w.ApproveIndividual("acct-2", 2)
	own := w.Clear("acct-2", 2)
	own.Abandon()
	var seen []registration.ClearingView
	for _, n := range []int{1, 2, 3} {
		r := w.Contest(n)
		require.Nil(t, r.Refused)
		r.ToReview()
		v := *r.Seen()
		v.ID, v.CreatedAt, v.UpdatedAt, v.Documents, v.Review = "", time.Time{}, time.Time{}, nil, nil
		seen = append(seen, v)
		r.Abandon()
	}
	assert.Equal(t, seen[0], seen[1])
	assert.Equal(t, seen[0], seen[2])
}

func TestContestedClaimToNothing(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	r := w.Contest(9)
	require.Nil(t, r.Refused)
	r.ToReview()
	require.Nil(t, r.Approve())
	r.Settle()
	assert.Equal(t, registration.Rejected, r.Seen().State, "there is nothing to clear")
}

// TestContestedClaimIsObjectedTo: then a third reviewer decides, who knows of it.
func TestContestedClaimIsObjectedTo(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	r := w.Contest(1)
	r.ToReview()
	r.ApproveTwice()
	require.True(t, r.Object(r.Token()))
	require.Equal(t, registration.UnderReview, r.Seen().State)
	review, err := w.Store.ReviewOf(context.Background(), r.Clearing.ClearingID)
	require.NoError(t, err)
	assert.Contains(t, string(review.Snapshot), `"objected": true`)
	assert.Equal(t, "acct-1", *review.AccountID, "reviewers see whom it concerns")
	for _, before := range []string{"reviewer-1", "reviewer-2"} {
		refusal, err := w.Store.AssignReview(context.Background(), r.Clearing.ClearingID, before, &before, false)
		require.NoError(t, err)
		require.Equal(t, registration.Refuse(registration.CodeSecondReviewer), refusal)
		require.Equal(t, registration.CodeSecondReviewer, r.ApproveAs(before).Code)
	}
	require.Nil(t, r.ApproveAs("reviewer-3"))
	r.Settle()
	assert.Equal(t, registration.Cleared, r.Seen().State)
}

// A person has nobody to authorise: with a letter among the materials of their own request one reviewer is enough.
func TestAPersonsLetterIsADocumentLikeOthers(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	r := w.Clear("acct-1", 1)
	defer r.Close()
	r.ToReview(registration.AuthorizationLetter)
	require.Nil(t, r.ApproveAs("anna"))
	r.Settle()
	assert.Equal(t, registration.Cleared, r.Seen().State)
}

// A holder who could not be asked is asked by the submission that follows a correction.
func TestCorrectedClearingAsksTheHolderAgain(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveEnterprise("corp-1", 1)
	r := w.Clear("corp-1", 2)
	defer r.Close()
	w.Mail.Refuse(&email.Refusal{})
	w.SMS.Refuse(&sms.Refusal{})
	r.ToReview(registration.AuthorizationLetter)
	require.Nil(t, r.ApproveAs("anna"))
	require.Nil(t, r.ApproveAs("ben"))
	r.Settle()
	r.Sleep(time.Minute)
	require.Equal(t, registration.UnderReview, r.Seen().State, "nobody could be asked")
	require.Nil(t, r.Reject(registration.DocumentField(registration.Handheld)))
	w.Mail.Refuse(nil)
	w.SMS.Refuse(nil)
	require.Nil(t, r.Upload(registration.Handheld))
	require.Nil(t, r.Submit())
	require.Nil(t, r.ApproveAs("anna"))
	require.Nil(t, r.ApproveAs("ben"))
	r.Settle()
	assert.Equal(t, registration.ObjectionPeriod, r.Seen().State)
}
