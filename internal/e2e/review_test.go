package e2e

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestClaimReleaseReassign(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.submitted(t)
	one, two := w.reviewer(t), w.reviewer2(t)
	one.post("/v1/reviews/"+r.id+"/claim", nil).ok(200)
	two.post("/v1/reviews/"+r.id+"/claim", nil).refused(409, "claimed_by_other")
	two.post("/v1/reviews/"+r.id+"/decision", map[string]any{"decision": "approve"}).refused(409, "claimed_by_other")
	one.post("/v1/reviews/"+r.id+"/release", nil).ok(200)
	two.post("/v1/reviews/"+r.id+"/claim", nil).ok(200)
	w.ops(t).post("/v1/reviews/"+r.id+"/assign", map[string]any{"assignee": "reviewer"}).ok(200)
	one.post("/v1/reviews/"+r.id+"/decision", map[string]any{"decision": "approve"}).ok(200)
	r.get().inState("approved")
}

func TestReviewerSeesMaskedRoundAndDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.submitted(t)
	listed := w.reviewer(t).get("/v1/reviews").ok(200)
	require.Contains(t, string(listed.Raw), r.id)
	one := w.reviewer(t).get("/v1/reviews/" + r.id).ok(200)
	for _, secret := range []string{r.who.IDNumber, r.who.Phone, r.who.Name, r.who.Email} {
		require.NotContains(t, string(one.Raw), secret)
	}
	doc := w.reviewer(t).get("/v1/reviews/" + r.id + "/documents/id_card_front").ok(200)
	require.Equal(t, scan("id_card_front"), doc.Raw)
	require.Equal(t, "image/png", doc.Header.Get("Content-Type"))
	require.Contains(t, string(r.platform(t).get(r.path("/timeline")).ok(200).Raw), "document_viewed")
	r.platform(t).get("/v1/reviews/"+r.id).refused(403, "forbidden")
}

// While under review every change is refused.
func TestSubmittedIsLocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.submitted(t)
	r.put("/name", map[string]any{"name": "新的名字"}).refused(409, "submitted_locked")
	r.put("/contact", r.who.contact()).refused(409, "submitted_locked")
	r.upload("id_card_front", scan("x")).refused(409, "submitted_locked")
	a := r.post("/submit", nil).refused(409, "wrong_state")
	require.Equal(t, "under_review", a.at("state"))
}

// A corrected bank account needs a new payment; what was not named stays and is not asked for again.
func TestCorrectedBankAccountIsPaidAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.confirmed(t)
	r.details("business_licence")
	r.post("/submit", nil).inState("under_review")
	r.reject("company.bank.account_number", "contact.email").ok(200)
	r.get().inState("correction_required")
	r.put("/company", map[string]any{"address": "厦门市思明区别处2号"}).refused(409, "submitted_locked")
	r.put("/company", map[string]any{"bank": map[string]any{"account_number": "622500004321"}}).inState("payout_pending")
	r.company = r.company.with("bank.account_number", "622500004321")
	r.until("deposit_required")
	r.deposit(r.amount()).inState("correction_required")
	r.put("/contact", map[string]any{"email": "other@example.com"}).ok(200)
	r.post("/submit", nil).inState("under_review")
	r.approve()
	r.get().inState("approved")
}

// A reviewer names the legal representative, who is not the administrator: the role is chosen again, and the letter that it
// requires can be handed in although nobody asked for it (guide, question 4).
func TestCorrectedRepresentativeIsApproved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.companySubmitted(t).rejected("company.legal_representative")
	agent := map[string]any{"role": "authorized_agent"}
	r.post("/admin-session", agent).refused(409, "submitted_locked")
	other := map[string]any{"legal_representative": "欧阳法人"}
	r.put("/company", other).refused(422, "admin_must_be_authorized_agent")
	r.verifyAdmin("authorized_agent")
	r.until("correction_required")
	r.put("/company", other).ok(200)
	require.Contains(t, string(r.post("/submit", nil).refused(422, "requirements_missing").Raw), "documents.authorization_letter")
	r.upload("business_licence", scan("another")).refused(409, "submitted_locked")
	r.upload("authorization_letter", scan("letter")).ok(200)
	r.post("/submit", nil).inState("under_review")
	r.approve()
	r.get().inState("approved")
	require.Len(t, r.statement(), 1, "paid once")
}

// A rejection that names the identity leads back to the identity step.
func TestIdentityIsRejected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.submitted(t)
	r.reject("identity").ok(200)
	r.get().inState("identity_required")
	r.who = somebody(t)
	r.proveCard()
	r.get().inState("details_required")
	r.post("/submit", nil).inState("under_review")
}

// A reviewer names company.uscc and the applicant enters another company's: new payment, new proof.
func TestAnotherCompanyIsProvenAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.confirmed(t)
	r.details("business_licence")
	r.post("/submit", nil).inState("under_review")
	r.reject("company.uscc", "company.registration_number", "company.organization_code").ok(200)
	other := someCompany(t, r.who.Name, "6789")
	code := other["uscc"]
	r.put("/company", map[string]any{"uscc": code, "registration_number": code, "organization_code": code}).inState("payout_pending")
	r.until("deposit_required")
	r.deposit(r.amount()).inState("details_required")
}

func TestFinalRejectionFreesTheIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.submitted(t)
	r.decide(map[string]any{"decision": "reject", "final": true}).refused(422, "invalid_request")
	r.decide(map[string]any{"decision": "reject", "final": true, "reasons": []map[string]any{{"field": "identity", "code": "not_accepted", "message": "不符合要求"}}}).ok(200)
	r.get().inState("rejected")
	require.Equal(t, "rejected", w.platform(t).get("/v1/accounts/"+r.account).ok(200).at("standing"))
	again := w.open(t, "individual", newAccount("acct-"))
	again.who = r.who
	again.proveCard()
	again.get().inState("details_required")
}

// Two reviewers at once: one has it, whether they claim or decide, and whoever decides has claimed.
func TestTwoReviewersAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.reviewer(t), w.reviewer2(t)
	for range 5 {
		r := w.submitted(t)
		var answers [2]answer
		var both sync.WaitGroup
		for i, c := range []caller{one, two} {
			both.Go(func() { answers[i] = c.post("/v1/reviews/"+r.id+"/claim", nil) })
		}
		both.Wait()
		winner, loser := one, two
		if answers[0].Status != 200 {
			answers[0], answers[1], winner, loser = answers[1], answers[0], two, one
		}
		answers[0].ok(200)
		answers[1].refused(409, "claimed_by_other")
		winner.post("/v1/reviews/"+r.id+"/release", nil).ok(200)

		decisions := [2]answer{}
		for i, c := range []caller{winner, loser} {
			both.Go(func() { decisions[i] = c.post("/v1/reviews/"+r.id+"/decision", map[string]any{"decision": "approve"}) })
		}
		both.Wait()
		decider := winner
		if decisions[0].Status != 200 {
			decisions[0], decisions[1], decider = decisions[1], decisions[0], loser
		}
		require.Equal(t, decider.token, decisions[0].ok(200).at("assignee"))
		require.Equal(t, 409, decisions[1].Status, "%s", decisions[1].Raw)
		require.Contains(t, []any{"claimed_by_other", "wrong_state"}, decisions[1].at("code"))
	}
}

// A decision and a withdrawal at the same moment: one wins, the other is told.
func TestDecisionRacesWithdrawal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 5 {
		r := w.submitted(t)
		var decision, withdrawal answer
		var both sync.WaitGroup
		both.Go(func() { decision = r.decide(map[string]any{"decision": "approve"}) })
		both.Go(func() { withdrawal = r.post("/withdraw", nil) })
		both.Wait()
		if decision.Status == 200 {
			withdrawal.refused(409, "wrong_state")
			r.get().inState("approved")
			continue
		}
		decision.refused(409, "wrong_state")
		r.get().inState("withdrawn")
	}
}

// Two reminders, then overdue and ops, once each; never decided by the clock.
func TestReviewGetsOverdue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withDay(2*time.Second))
	r := w.submitted(t)
	late := r.untilThat("overdue", func(a answer) bool { return a.Body["overdue"] == true })
	late.inState("under_review")
	r.mailed("", 2, reviewersMailbox)
	r.mailed("", 1, opsMailbox)
	listed := w.reviewer(t).get("/v1/reviews?overdue=true").ok(200)
	require.Contains(t, string(listed.Raw), r.id)
	r.approve()
	require.Equal(t, false, r.get().inState("approved").Body["overdue"])
}
