package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"shiming/registration"
)

// Guide section 5.1, from the first call to approval.
func TestIndividualIsApproved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.open(t, "individual", newAccount("acct-"))
	created := r.get().inState("identity_required")
	require.Equal(t, "applicant", created.at("waiting_on"))
	require.Nil(t, created.at("identity"))

	r.post("/card", r.who.card("622202")).inState("card_code_required")
	proven := r.post("/card/code", map[string]any{"code": r.smsCode()}).inState("details_required")
	require.Equal(t, "debit_card", proven.at("identity", "method"))
	require.Equal(t, r.who.IDNumber[:1]+"****************"+r.who.IDNumber[17:], proven.at("identity", "id_number"))

	r.details("id_card_front", "id_card_back")
	under := r.post("/submit", nil).inState("under_review")
	require.Equal(t, "reviewer", under.at("waiting_on"))
	require.NotNil(t, under.at("due_at"))

	r.approve()
	r.get().inState("approved")
	require.Equal(t, "active", w.platform(t).get("/v1/accounts/"+r.account).ok(200).at("standing"))
	r.mailed("审核", 1, r.who.Email)
	w.costs(t, "individual", cost{Events: 50, Transitions: 16})
}

// An account the wallet has verified skips the card.
func TestVerifiedWalletSkipsTheCard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.open(t, "individual", newAccount("verified-"))
	a := r.get().inState("details_required")
	require.Equal(t, "wallet", a.at("identity", "method"))
	contact := r.who.contact()
	r.put("/contact", contact).refused(422, "contact_name_mismatch") // the contact is the verified person
	delete(contact, "name")
	r.put("/contact", contact).ok(200)
	for _, slot := range []string{"id_card_front", "id_card_back"} {
		r.upload(slot, scan(slot)).ok(200)
	}
	r.post("/submit", nil).inState("under_review")
	r.approve()
	r.get().inState("approved")
}

// Guide section 5.2, from the first call to approval.
func TestEnterpriseIsApproved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.open(t, "enterprise", newAccount("corp-"))
	r.get().inState("admin_identity_required")
	r.verifyAdmin("legal_representative")
	r.until("company_required")
	r.company = someCompany(t, r.who.Name, "6789")
	pending := r.put("/company", r.company).inState("payout_pending")
	require.Equal(t, "bank", pending.at("waiting_on"))
	require.NotContains(t, string(pending.Raw), r.company.account())
	r.until("deposit_required")
	require.Len(t, r.statement(), 1)

	r.deposit(r.amount()).inState("details_required")
	r.details("business_licence")
	r.post("/submit", nil).inState("under_review")
	r.approve()
	r.get().inState("approved")
	w.costs(t, "enterprise", cost{Events: 85, Transitions: 36})
	w.byLanes(t, map[string]registration.Lane{"Order": registration.TransferLane})
}

// An authorised agent needs a letter; a rejection opens what it names and nothing else.
func TestAgentIsRejectedCorrectsAndIsApproved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.enterprise(t, "authorized_agent")
	r.company = someCompany(t, "欧阳法人", "6789")
	r.put("/company", r.company).inState("payout_pending")
	r.until("deposit_required")
	r.deposit(r.amount()).inState("details_required")
	r.details("business_licence")
	r.post("/submit", nil).refused(422, "requirements_missing")
	r.upload("authorization_letter", scan("letter")).ok(200)
	r.post("/submit", nil).inState("under_review")

	r.reject("documents.business_licence").ok(200)
	r.get().inState("correction_required")
	r.post("/submit", nil).refused(422, "requirements_missing")
	r.put("/name", map[string]any{"name": "另一个名字"}).refused(409, "submitted_locked")
	r.upload("business_licence", scan("a better scan")).ok(200)
	r.post("/submit", nil).inState("under_review")
	r.approve()
	r.get().inState("approved")
}
