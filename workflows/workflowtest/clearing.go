package workflowtest

import (
	"context"
	"strings"

	"github.com/stretchr/testify/require"

	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/registration"
)

// ClearingRun is one clearing's workflow under way.
type ClearingRun struct {
	*Run
	Clearing registration.ClearingApplication
}

// ApproveIndividual brings an account of the nth person to its approval.
func (w *World) ApproveIndividual(accountID string, n int) registration.Application {
	w.T.Helper()
	r := w.Individual(accountID, n)
	r.ProveCard(n)
	r.ToReview(n)
	require.Nil(w.T, r.Approve())
	r.Settle()
	return r.App
}

// ApproveEnterprise brings an account of the nth company and person to its approval.
func (w *World) ApproveEnterprise(accountID string, n int) registration.Application {
	w.T.Helper()
	r := w.Enterprise(accountID, n)
	r.ToDetails(n)
	r.ToReview(n)
	require.Nil(w.T, r.Approve())
	r.Settle()
	return r.App
}

// ClaimOf is the nth person's request.
func ClaimOf(n int) dossier.Claim {
	p := Person(n)
	return dossier.Claim{Holder: p.Holder, IDNumber: p.IDNumber, Reason: "leaving"}
}

// ClearingApplication prepares a clearing as the API does: the conditions judged, the claim sealed. An account left empty
// makes it a contested claim.
func (w *World) ClearingApplication(accountID string, claim dossier.Claim, whenEligible bool) registration.ClearingApplication {
	w.T.Helper()
	ctx := context.Background()
	app := registration.ClearingApplication{ClearingID: registration.NewID("clr"), AccountID: accountID, WhenEligible: whenEligible}
	require.NoError(w.T, w.Store.NewSubject(ctx, app.ClearingID))
	var err error
	app.ClaimRef, err = w.Store.Put(ctx, postgres.Own(app.ClearingID), dossier.PurposeClaim, claim)
	require.NoError(w.T, err)
	if accountID == "" {
		return app
	}
	facts, err := w.Purse.Facts(ctx, accountID)
	require.NoError(w.T, err)
	conditions, refusal, err := w.Store.JudgeClaim(ctx, postgres.Asking{ClearingID: app.ClearingID, AccountID: accountID, Claim: claim, By: "platform:test"}, facts)
	require.NoError(w.T, err)
	require.Nil(w.T, refusal)
	app.ConditionsRef, err = w.Store.Put(ctx, postgres.Own(app.ClearingID), dossier.PurposeConditions, dossier.Conditions{Conditions: conditions})
	require.NoError(w.T, err)
	return app
}

// Clear asks for the identity of the nth person to be cleared from an account.
func (w *World) Clear(accountID string, n int) *ClearingRun {
	w.T.Helper()
	return w.StartClearing(w.ClearingApplication(accountID, ClaimOf(n), false))
}

// Contest asks for it as the nth person, naming no account.
func (w *World) Contest(n int) *ClearingRun {
	w.T.Helper()
	return w.StartClearing(w.ClearingApplication("", ClaimOf(n), false))
}

// StartClearing starts a clearing and returns when its opening is answered.
func (w *World) StartClearing(app registration.ClearingApplication) *ClearingRun {
	w.T.Helper()
	r := &Run{
		w: w, App: registration.Application{RegistrationID: app.ClearingID, AccountID: app.AccountID, Kind: registration.IdentityClearing},
		id: app.WorkflowID(), name: registration.ClearingWorkflow, arg: app,
		toTest: make(chan struct{}), toEnv: make(chan struct{}), done: make(chan struct{}),
	}
	w.runs[r.id] = r
	r.run()
	c := &ClearingRun{Run: r, Clearing: app}
	_, r.Refused = r.Try(registration.ActOpen, registration.ActArgs{Actor: registration.ByApplicant})
	return c
}

// Seen is the clearing as its applicant's backend sees it.
func (c *ClearingRun) Seen() *registration.ClearingView {
	c.w.T.Helper()
	v, err := c.w.Store.ClearingView(context.Background(), c.Clearing.ClearingID)
	require.NoError(c.w.T, err)
	return v
}

// Upload hands in materials.
func (c *ClearingRun) Upload(slots ...registration.Slot) *registration.Refusal {
	c.w.T.Helper()
	for _, slot := range slots {
		doc := postgres.NewDocument{BlobKey: registration.NewID("blb"), Document: registration.Document{
			Slot: slot, SHA256: strings.Repeat("b", 64), Size: 1, ContentType: "image/png", At: c.w.Now(),
		}}
		refusal, err := c.w.Store.SetClearingDocument(context.Background(), c.Clearing.ClearingID, doc)
		require.NoError(c.w.T, err)
		if refusal != nil {
			return refusal
		}
	}
	return nil
}

// ToReview hands in what is required, and more if wanted, and submits.
func (c *ClearingRun) ToReview(more ...registration.Slot) {
	c.w.T.Helper()
	require.Nil(c.w.T, c.Upload(append(registration.RequiredClearingSlots(), more...)...))
	require.Nil(c.w.T, c.Submit())
}

// Token is what the link of the newest notice to the holder carries.
func (c *ClearingRun) Token() string {
	c.w.T.Helper()
	c.Settle()
	var id string
	err := c.w.Store.Pool().QueryRow(context.Background(), `select id from notices where kind = 'clearing_objection' and about = $1
		order by channel limit 1`, c.Clearing.ClearingID).Scan(&id)
	require.NoError(c.w.T, err)
	var ref string
	err = c.w.Store.Pool().QueryRow(context.Background(), `select token_ref from objections where clearing_id = $1`, c.Clearing.ClearingID).Scan(&ref)
	require.NoError(c.w.T, err)
	var token dossier.Token
	require.NoError(c.w.T, c.w.Store.Get(context.Background(), postgres.Own(c.Clearing.ClearingID), ref, dossier.PurposeObjection, &token))
	return token.Token
}

// Object objects as whoever has the token. It reports false if the token is worth nothing.
func (c *ClearingRun) Object(token string) bool {
	c.w.T.Helper()
	err := c.w.Store.Object(context.Background(), token)
	if err != nil {
		require.ErrorIs(c.w.T, err, postgres.ErrNotFound)
		return false
	}
	c.Settle()
	return true
}

// ApproveAs approves as a reviewer.
func (c *ClearingRun) ApproveAs(reviewer string) *registration.Refusal {
	return c.Decide(dossier.Decision{Decision: "approve", Reviewer: reviewer})
}

// ApproveTwice approves as two reviewers.
func (c *ClearingRun) ApproveTwice() {
	c.w.T.Helper()
	require.Nil(c.w.T, c.ApproveAs("reviewer-1"))
	require.Nil(c.w.T, c.ApproveAs("reviewer-2"))
}

// Abandon ends a clearing that the test leaves unfinished: call it before another workflow starts.
func (c *ClearingRun) Abandon() {
	if c.over() {
		return
	}
	c.w.Faults.kill(true)
	defer c.w.Faults.kill(false)
	c.released = true
	c.env.UpdateWorkflow(string(registration.ActWithdraw), registration.NewID("act"), &Pending{r: c.Run},
		registration.ActArgs{ActID: registration.NewID("act"), RegistrationID: c.Clearing.ClearingID, Actor: registration.ByApplicant})
	c.toEnv <- struct{}{}
	<-c.done
}
