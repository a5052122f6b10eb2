package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/wallet"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// approveFully approves a clearing as often as it takes, each time as another reviewer.
func approveFully(t *testing.T, r *workflowtest.ClearingRun) {
	t.Helper()
	for _, reviewer := range []string{"anna", "ben", "cleo", "dora"} {
		if r.Seen().State != registration.UnderReview {
			return
		}
		if refused := r.ApproveAs(reviewer); refused != nil { // who approved before an objection is not asked again
			require.Equal(t, registration.CodeSecondReviewer, refused.Code)
		}
	}
	require.NotEqual(t, registration.UnderReview, r.Seen().State)
}

// stages are how far a stranger's claim to the nth person's identity has come.
var stages = map[string]func(t *testing.T, w *workflowtest.World, r *workflowtest.ClearingRun){
	"claimed":   func(*testing.T, *workflowtest.World, *workflowtest.ClearingRun) {},
	"submitted": func(_ *testing.T, _ *workflowtest.World, r *workflowtest.ClearingRun) { r.ToReview() },
	"the holder is asked": func(t *testing.T, _ *workflowtest.World, r *workflowtest.ClearingRun) {
		t.Helper()
		r.ToReview()
		approveFully(t, r)
		require.Equal(t, registration.ObjectionPeriod, r.Seen().State)
	},
	"objected to": func(t *testing.T, _ *workflowtest.World, r *workflowtest.ClearingRun) {
		t.Helper()
		r.ToReview()
		approveFully(t, r)
		require.True(t, r.Object(r.Token()))
		require.Equal(t, registration.UnderReview, r.Seen().State)
	},
	"being carried out": func(t *testing.T, w *workflowtest.World, r *workflowtest.ClearingRun) {
		t.Helper()
		r.ToReview()
		approveFully(t, r)
		w.Purse.Down(true)
		r.Sleep(5 * 24 * time.Hour)
		require.Equal(t, registration.Clearing, r.Seen().State)
	},
}

// TestAStrangersClaimIsInNobodysWay: however far it has come, the owner asks for a clearing of their own as if there were none,
// and is answered nothing of it; whichever is carried out first, both come to an end.
func TestAStrangersClaimIsInNobodysWay(t *testing.T) {
	t.Parallel()
	for stage, bring := range stages {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			w := workflowtest.New(t, workflowtest.Monday(), nil)
			w.ApproveIndividual("acct-1", 1)
			claim := w.Contest(1)
			defer claim.Abandon()
			bring(t, w, claim)

			_, refusal, err := w.Store.MayClear(t.Context(), "acct-1")
			require.NoError(t, err)
			require.Nil(t, refusal)
			w.Purse.Down(false)
			own := w.Clear("acct-1", 1)
			defer own.Abandon()
			require.Nil(t, own.Refused)
			require.Equal(t, registration.MaterialsRequired, own.Seen().State)
			own.ToReview()
			require.Nil(t, own.ApproveAs("zoe"))
			own.Settle()
			claim.Settle()
			claim.Sleep(time.Hour)
			own.Sleep(time.Hour)
			if stage == "being carried out" {
				assert.Contains(t, []registration.State{registration.Cleared, registration.Rejected}, own.Seen().State)
			} else {
				assert.Equal(t, registration.Cleared, own.Seen().State)
			}
			cleared, unheld := w.Purse.Cleared("acct-1")
			assert.Equal(t, 1, cleared, "once")
			assert.Zero(t, unheld)
			held, _ := w.Purse.Held("acct-1")
			assert.False(t, held)
			state, person, _ := standing(t, w, "acct-1")
			assert.Equal(t, "identity_required", state)
			assert.False(t, person)

			if claim.Seen().State == registration.MaterialsRequired {
				claim.ToReview()
			}
			approveFully(t, claim)
			if own.Seen().State == registration.Cleared {
				assert.Equal(t, registration.Rejected, claim.Seen().State, "there is nothing left to clear")
			} else {
				assert.Equal(t, registration.Cleared, claim.Seen().State)
			}
		})
	}
}

// TestAClaimUnderReviewEndsWithItsReview: that its identity was cleared otherwise shows no earlier than a decision, or it would
// tell the claimant that the identity was bound.
func TestAClaimUnderReviewEndsWithItsReview(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	bound, nowhere := w.Contest(1), w.Contest(9)
	bound.ToReview()
	nowhere.ToReview()
	own := w.Clear("acct-1", 1)
	own.ToReview()
	require.Nil(t, own.ApproveAs("zoe"))
	own.Settle()
	require.Equal(t, registration.Cleared, own.Seen().State)
	for _, claim := range []*workflowtest.ClearingRun{bound, nowhere} {
		claim.Settle()
		claim.Sleep(24 * time.Hour)
		require.Equal(t, registration.UnderReview, claim.Seen().State)
		require.Nil(t, claim.ApproveAs("anna"))
		assert.Equal(t, registration.Rejected, claim.Seen().State)
		assert.Nil(t, claim.Seen().LastError)
	}
}

// TestTheOwnersClearingEndsWhenAClaimWasQuicker: wherever it stands, and says why.
func TestTheOwnersClearingEndsWhenAClaimWasQuicker(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		company bool
		ask     int  // who asks
		early   bool // before it is eligible
		bring   func(t *testing.T, r *workflowtest.ClearingRun)
		state   registration.State
	}{
		"waiting":             {ask: 1, early: true, state: registration.WaitingEligibility},
		"waiting, not theirs": {ask: 2, early: true, state: registration.WaitingEligibility},
		"materials":           {ask: 1, state: registration.MaterialsRequired},
		"under review": {ask: 1, state: registration.UnderReview, bring: func(t *testing.T, r *workflowtest.ClearingRun) {
			t.Helper()
			r.ToReview()
		}},
		"objection period": {company: true, ask: 2, state: registration.ObjectionPeriod, bring: func(t *testing.T, r *workflowtest.ClearingRun) {
			t.Helper()
			r.ToReview(registration.AuthorizationLetter)
			approveFully(t, r)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := workflowtest.New(t, workflowtest.Monday(), nil)
			if tc.company {
				w.ApproveEnterprise("acct-1", 1)
			} else {
				w.ApproveIndividual("acct-1", 1)
			}
			claim := w.Contest(1)
			claim.ToReview()
			approveFully(t, claim)
			claim.Until(claim.Seen().ObjectionUntil.Add(-time.Hour))
			if tc.early {
				w.Purse.Set("acct-1", func(f *wallet.Facts) { f.OpenedAt = w.Now().AddDate(0, 0, -20) })
			}
			own := w.StartClearing(w.ClearingApplication("acct-1", workflowtest.ClaimOf(tc.ask), tc.early))
			require.Nil(t, own.Refused)
			if tc.bring != nil {
				tc.bring(t, own)
			}
			require.Equal(t, tc.state, own.Seen().State)
			claim.Sleep(2 * time.Hour)
			require.Equal(t, registration.Cleared, claim.Seen().State)
			own.Settle()
			v := own.Seen()
			require.Equal(t, registration.Rejected, v.State)
			require.NotNil(t, v.LastError)
			assert.Equal(t, registration.CodeNothingToClear, v.LastError.Code)
			assert.Zero(t, w.Count(`select count(*) from reviews where closed_at is null`))
			assert.Zero(t, w.Count(`select count(*) from objections where closed_at is null`))
			ended, err := own.Ended()
			require.NoError(t, err)
			assert.True(t, ended)
			next := w.Start(w.Application(registration.Individual, "acct-1", 3))
			assert.Nil(t, next.Refused, "the account can verify another identity")
			next.Close()
		})
	}
}

// TestTwoClearingsHoldOneAfterTheOther: both are approved while the wallet is away; it is held for one at a time, and forgets
// once.
func TestTwoClearingsHoldOneAfterTheOther(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"the owner's", "the claim"} {
		t.Run(first, func(t *testing.T) {
			t.Parallel()
			w := workflowtest.New(t, workflowtest.Monday(), nil)
			w.ApproveIndividual("acct-1", 1)
			claim := w.Contest(1)
			claim.ToReview()
			approveFully(t, claim)
			own := w.Clear("acct-1", 1)
			own.ToReview()
			claim.Until(claim.Seen().ObjectionUntil.Add(-time.Hour))
			w.Purse.Down(true)
			carryOut := map[string]func(){
				"the owner's": func() { require.Nil(t, own.ApproveAs("zoe")); own.Sleep(time.Minute) },
				"the claim":   func() { claim.Sleep(2 * time.Hour) },
			}
			carryOut[first]()
			for name, run := range carryOut {
				if name != first {
					run()
				}
			}
			for range 4 { // a run that is behind would be told again and again
				own.Sleep(time.Minute)
				claim.Sleep(time.Minute)
			}
			require.Equal(t, registration.Clearing, own.Seen().State)
			require.Equal(t, registration.Clearing, claim.Seen().State)
			assert.Equal(t, 1, w.Count(`select count(*) from clearings where hold_open`), "one holds, the other waits")
			assert.Zero(t, w.Count(`select count(*) from clearings where acknowledged < version`), "and its run is where its row is")
			w.Purse.Down(false)
			winner, loser := own, claim
			if first == "the claim" {
				winner, loser = claim, own
			}
			winner.Sleep(time.Hour)
			require.Equal(t, registration.Cleared, winner.Seen().State)
			loser.Settle()
			assert.Equal(t, registration.Rejected, loser.Seen().State, "as soon as it hears of it")
			cleared, unheld := w.Purse.Cleared("acct-1")
			assert.Equal(t, 1, cleared)
			assert.Zero(t, unheld)
			held, times := w.Purse.Held("acct-1")
			assert.False(t, held)
			assert.Equal(t, 1, times, "nothing was held for the other")
		})
	}
}

// TestTheOneThatWaitsGoesOn: the clearing that held the account comes to nothing, and the one behind it is carried out.
func TestTheOneThatWaitsGoesOn(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	claim := w.Contest(1)
	claim.ToReview()
	approveFully(t, claim)
	own := w.Clear("acct-1", 1)
	own.ToReview()
	claim.Until(claim.Seen().ObjectionUntil.Add(-time.Hour))
	w.Purse.Down(true)
	require.Nil(t, own.ApproveAs("zoe"))
	own.Sleep(time.Minute)
	claim.Sleep(2 * time.Hour)
	require.Equal(t, registration.Clearing, claim.Seen().State)
	w.Purse.Set("acct-1", func(f *wallet.Facts) { f.CardsLast4 = []string{"8888"} }) // bars the owner's, not the claim
	w.Purse.Down(false)
	own.Sleep(time.Hour)
	require.Equal(t, registration.MaterialsRequired, own.Seen().State)
	claim.Settle()
	require.Equal(t, registration.Cleared, claim.Seen().State)
	own.Settle()
	assert.Equal(t, registration.Rejected, own.Seen().State)
}

// TestManyClaimsStarveNobody: twenty strangers' claims at every stage, and the true holder's is carried out as if there were
// none. Reviewers see how many there are.
func TestManyClaimsStarveNobody(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	var strangers []*workflowtest.ClearingRun
	for i := range 20 {
		r := w.Contest(1)
		strangers = append(strangers, r)
		if i%2 == 0 {
			r.ToReview()
		}
		if i%4 == 0 {
			approveFully(t, r)
		}
	}
	claim := w.Contest(1)
	claim.ToReview()
	beside, err := w.Store.ClaimsBeside(t.Context(), claim.Clearing.ClearingID)
	require.NoError(t, err)
	assert.Equal(t, 20, beside)
	approveFully(t, claim)
	until := *claim.Seen().ObjectionUntil
	for _, r := range strangers {
		if r.Seen().State == registration.ObjectionPeriod {
			require.True(t, r.Object(r.Token()), "the holder objects to each")
		}
	}
	claim.Until(until.Add(time.Minute))
	require.Equal(t, registration.Cleared, claim.Seen().State)
	cleared, _ := w.Purse.Cleared("acct-1")
	assert.Equal(t, 1, cleared)
	for _, r := range strangers {
		r.Close()
	}
}

// TestAClaimThatComesLateTouchesNobodyElse: while its run was away the owner has had the identity cleared, and the account is
// another person's.
func TestAClaimThatComesLateTouchesNobodyElse(t *testing.T) {
	t.Parallel()
	for name, person := range map[string]int{"another person": 3, "the same person again": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := workflowtest.New(t, workflowtest.Monday(), nil)
			w.ApproveIndividual("acct-1", 1)
			claim := w.Contest(1)
			claim.ToReview()
			approveFully(t, claim)
			require.Equal(t, registration.ObjectionPeriod, claim.Seen().State)
			own := w.Clear("acct-1", 1)
			own.ToReview()
			require.Nil(t, own.ApproveAs("zoe"))
			own.Settle()
			require.Equal(t, registration.Cleared, own.Seen().State)
			w.ApproveIndividual("acct-1", person)
			claim.Sleep(10 * 24 * time.Hour)
			assert.Equal(t, registration.Rejected, claim.Seen().State)
			state, bound, _ := standing(t, w, "acct-1")
			assert.Equal(t, "active", state)
			assert.True(t, bound)
			cleared, _ := w.Purse.Cleared("acct-1")
			assert.Equal(t, 1, cleared, "the owner's own")
		})
	}
}

// TestALostRunsHoldEndsWithIt: the run that held the account was lost while another would have been quicker.
func TestALostRunsHoldEndsWithIt(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	w.ApproveIndividual("acct-1", 1)
	claim := w.Contest(1)
	claim.ToReview()
	approveFully(t, claim)
	w.Faults.LoseAfter("ClearingAttempt", 1) // the first attempt is begun, and nobody knows
	claim.Sleep(5 * 24 * time.Hour)
	require.Equal(t, registration.Cleared, claim.Seen().State)
	held, _ := w.Purse.Held("acct-1")
	assert.False(t, held)
	assert.Zero(t, w.Count(`select count(*) from clearings where hold_open`))
}

// TestTheBindingIsGoneUnderTheHold: whatever has unbound the identity while the account was held, the clearing ends, and its hold.
func TestTheBindingIsGoneUnderTheHold(t *testing.T) {
	t.Parallel()
	unbind := `with changed as (update accounts set standing = 'identity_required' where account_id = 'acct-1')
		delete from identity_claims where account_id = 'acct-1' and subject = 'person'`
	for _, during := range []string{"HoldAccount", "JudgeConditions", "ForgetIdentity", "ReleaseAccount", "ClearIdentity"} {
		t.Run(during, func(t *testing.T) {
			t.Parallel()
			w := workflowtest.New(t, workflowtest.Monday(), nil)
			w.ApproveIndividual("acct-1", 1)
			claim := w.Contest(1)
			claim.ToReview()
			approveFully(t, claim)
			w.Faults.During(during, func() {
				_, err := w.Store.Pool().Exec(t.Context(), unbind)
				require.NoError(t, err)
			})
			claim.Sleep(5 * 24 * time.Hour)
			require.Equal(t, registration.Rejected, claim.Seen().State)
			ended, err := claim.Ended()
			require.NoError(t, err)
			assert.True(t, ended)
			held, _ := w.Purse.Held("acct-1")
			assert.False(t, held)
			assert.Zero(t, w.Count(`select count(*) from clearings where hold_open`))
		})
	}
}
