package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// One notice of each event and channel, whatever happens to the worker in between.
func TestNoticesOncePerEventAndChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.enterprise(t, "legal_representative")
	r.company = someCompany(t, r.who.Name, "6789")
	r.put("/company", r.company).inState("payout_pending")
	r.until("deposit_required")
	w.restartWorker(t)
	r.deposit(r.amount()).inState("details_required")
	r.put("/contact", r.who.contact()).ok(200) // the contact's mailbox is the registered one
	r.upload("business_licence", scan("licence")).ok(200)
	r.post("/submit", nil).inState("under_review")
	w.restartWorker(t)
	r.approve()
	r.mailed("", 3, r.who.Email) // payment requested, money arrived, approved: one mail each
	r.eventually(t, func() bool { return len(r.inbox(t, r.who.Phone)) >= 2 }, func() string { return "two SMS" })
	require.Len(t, r.inbox(t, r.who.Phone), 2, "payment requested, money arrived")
}

// The result goes to the contact's mailbox too, if it is another.
func TestResultGoesToTheContactToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.individual(t)
	contact := r.who.contact()
	contact["email"] = "contact-" + r.who.Email
	r.put("/contact", contact).ok(200)
	for _, slot := range []string{"id_card_front", "id_card_back"} {
		r.upload(slot, scan(slot)).ok(200)
	}
	r.post("/submit", nil).inState("under_review")
	r.approve()
	r.mailed("", 1, r.who.Email)
	r.mailed("", 1, "contact-"+r.who.Email)
}

// A name with markup in it shows as text; in English when the registration is.
func TestMarkupInANameShowsAsText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := &reg{world: w, t: t, account: newAccount("acct-"), who: somebody(t)}
	body := r.application("individual")
	body["name"], body["locale"] = `<b>Bold</b> & Sons`, "en"
	r.id = w.platform(t).post("/v1/registrations", body).ok(201).Body["id"].(string)
	r.proveCard()
	r.details("id_card_front", "id_card_back")
	r.post("/submit", nil).inState("under_review")
	r.approve()
	r.mailed("", 1, r.who.Email)
	mail := r.inbox(t, r.who.Email)[0]
	require.Contains(t, strings.ToLower(mail.Subject), "approved")
	require.NotContains(t, mail.HTML, "<b>Bold</b>")
	require.Contains(t, mail.HTML, "&lt;b&gt;Bold&lt;/b&gt;")
}

// A provider that is down delays a notice and never the registration.
func TestMailProviderDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.submitted(t)
	w.fault(t, "email", "down")
	r.approve()
	r.get().inState("approved")
	require.Empty(t, r.inbox(t, r.who.Email))
	w.heal(t)
	r.mailed("", 1, r.who.Email)
}

// The payment notice alone holds the transfer, until one channel accepted it.
func TestNoTransferBeforeTheNotice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.enterprise(t, "legal_representative")
	r.company = someCompany(t, r.who.Name, "6789")
	w.fault(t, "email", "down")
	w.fault(t, "sms", "down")
	r.put("/company", r.company).inState("payout_pending")
	w.eventually(t, func() bool { return w.triesOf(t, "Announce") >= 3 }, func() string { return "the notice was tried again and again" })
	require.Empty(t, r.statement())
	require.Nil(t, r.get().at("payout", "notified_at"))
	w.heal(t)
	r.until("deposit_required")
	require.NotNil(t, r.get().at("payout", "notified_at"))
	require.Len(t, r.statement(), 1)
}

// One channel is enough.
func TestOneChannelIsEnough(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.enterprise(t, "legal_representative")
	r.company = someCompany(t, r.who.Name, "6789")
	w.fault(t, "sms", "down")
	r.put("/company", r.company).inState("payout_pending")
	r.until("deposit_required")
}
