package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// reg is one registration and the people around it.
type reg struct {
	*world
	t       testing.TB
	id      string
	account string
	who     person
	company company
}

func (r *reg) path(more string) string { return "/v1/registrations/" + r.id + more }
func (r *reg) get() answer             { r.t.Helper(); return r.platform(r.t).get(r.path("")).ok(200) }

func (r *reg) post(act string, body any) answer {
	r.t.Helper()
	return r.platform(r.t).post(r.path(act), body)
}

func (r *reg) put(act string, body any) answer {
	r.t.Helper()
	return r.platform(r.t).put(r.path(act), body)
}

// open starts a registration.
func (w *world) open(t testing.TB, kind, account string) *reg {
	t.Helper()
	r := &reg{world: w, t: t, account: account, who: somebody(t)}
	a := w.platform(t).post("/v1/registrations", r.application(kind)).ok(201)
	r.id = a.Body["id"].(string)
	require.Equal(t, "/v1/registrations/"+r.id, location(a))
	return r
}

func location(a answer) string {
	u, err := url.Parse(a.Header.Get("Location"))
	require.NoError(a.t, err)
	return u.Path
}

func (r *reg) application(kind string) map[string]any {
	return map[string]any{
		"account_id": r.account, "kind": kind, "name": "港湾灯塔工作室", "registered_email": r.who.Email, "phone": r.who.Phone, "locale": "zh-CN",
	}
}

// individual is a registration up to details_required.
func (w *world) individual(t testing.TB) *reg {
	t.Helper()
	r := w.open(t, "individual", newAccount("acct-"))
	r.proveCard()
	return r
}

func (r *reg) proveCard() {
	r.t.Helper()
	r.post("/card", r.who.card("622202")).inState("card_code_required")
	r.post("/card/code", map[string]any{"code": r.smsCode()}).ok(200)
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// smsCode reads the newest code that the bank has sent to the applicant's phone.
func (r *reg) smsCode() string {
	r.t.Helper()
	for _, m := range r.inbox(r.t, r.who.Phone) {
		if code := sixDigits.FindString(m.Text); m.Channel == "sms" && code != "" {
			return code
		}
	}
	r.t.Fatal("no SMS code in the inbox")
	return ""
}

// details hands in contact and the documents that the kind needs.
func (r *reg) details(slots ...string) {
	r.t.Helper()
	r.put("/contact", r.who.contact()).ok(200)
	for _, slot := range slots {
		r.upload(slot, scan(slot)).ok(200)
	}
}

func (r *reg) upload(slot string, content []byte) answer {
	r.t.Helper()
	return r.platform(r.t).send(http.MethodPut, r.path("/documents/"+slot), bytes.NewReader(content), "image/png")
}

// scan is a small real PNG that differs with its seed.
func scan(seed string) []byte {
	img := image.NewGray(image.Rect(0, 0, 16, 16))
	for i, c := range []byte(seed) {
		img.SetGray(i%16, i/16%16, color.Gray{Y: c})
	}
	var b bytes.Buffer
	_ = png.Encode(&b, img)
	return b.Bytes()
}

// submitted is an individual's registration under review.
func (w *world) submitted(t testing.TB) *reg {
	t.Helper()
	r := w.individual(t)
	r.details("id_card_front", "id_card_back")
	r.post("/submit", nil).inState("under_review")
	return r
}

func (r *reg) decide(body map[string]any) answer {
	r.t.Helper()
	return r.reviewer(r.t).post("/v1/reviews/"+r.id+"/decision", body)
}

func (r *reg) approve() { r.t.Helper(); r.decide(map[string]any{"decision": "approve"}).ok(200) }

// reject names fields; each gets the code "mismatch".
func (r *reg) reject(fields ...string) answer {
	r.t.Helper()
	reasons := []map[string]any{}
	for _, f := range fields {
		reasons = append(reasons, map[string]any{"field": f, "code": "mismatch", "message": "请更正"})
	}
	return r.decide(map[string]any{"decision": "reject", "final": false, "reasons": reasons})
}

// enterprise is a registration up to company_required, its administrator verified in a role.
func (w *world) enterprise(t testing.TB, role string) *reg {
	t.Helper()
	r := w.open(t, "enterprise", newAccount("corp-"))
	r.verifyAdmin(role)
	r.until("company_required")
	return r
}

func (r *reg) verifyAdmin(role string) {
	r.t.Helper()
	a := r.post("/admin-session", map[string]any{"role": role}).ok(200)
	require.NotEmpty(r.t, a.Body["qr_payload"])
	r.scan(a.Body["session_id"].(string), "verified").ok(200)
}

func (r *reg) scan(session, outcome string) answer {
	r.t.Helper()
	return r.sandbox(r.t).post("/wallet/sessions/"+session+"/scan", map[string]any{"holder_name": r.who.Name, "id_number": r.who.IDNumber, "outcome": outcome})
}

// paid is an enterprise whose money has arrived, at an account with this ending.
func (w *world) paid(t testing.TB, ending string) *reg {
	t.Helper()
	r := w.enterprise(t, "legal_representative")
	r.company = someCompany(t, r.who.Name, ending)
	r.put("/company", r.company).inState("payout_pending")
	r.until("deposit_required")
	return r
}

// entry is a line of the account holder's statement.
type entry struct {
	Key, Amount, State string
	Presented          int
	At                 time.Time
}

func (r *reg) statement() []entry {
	r.t.Helper()
	var entries []entry
	a := r.sandbox(r.t).get("/bank/ledger?account_number=" + r.company.account()).ok(200)
	require.NoError(r.t, json.Unmarshal(a.Raw, &entries))
	return entries
}

// amount is what the newest payment on the statement came to.
func (r *reg) amount() string {
	r.t.Helper()
	entries := r.statement()
	require.NotEmpty(r.t, entries)
	return entries[len(entries)-1].Amount
}

// wrongAmount is a possible amount that is not the one paid.
func (r *reg) wrongAmount() string {
	if r.amount() == "0.37" {
		return "0.38"
	}
	return "0.37"
}

func (r *reg) deposit(amount any) answer {
	r.t.Helper()
	return r.post("/deposit", map[string]any{"amount": amount})
}

// confirmed is an enterprise in details_required, its company proven.
func (w *world) confirmed(t testing.TB) *reg {
	t.Helper()
	r := w.paid(t, "6789")
	r.deposit(r.amount()).inState("details_required")
	return r
}

// until waits for the registration to come into a state.
func (r *reg) until(state string) answer {
	r.t.Helper()
	return r.untilThat("state "+state, func(a answer) bool { return a.Body["state"] == state })
}

// untilThat waits for the registration to be as wanted.
func (r *reg) untilThat(what string, as func(answer) bool) answer {
	r.t.Helper()
	var last answer
	r.eventually(r.t, func() bool { last = r.get(); return as(last) }, func() string { return fmt.Sprintf("%s: %s", what, last.Raw) })
	return last
}

// eventually waits for a condition, with a limit that only a broken product meets.
func (w *world) eventually(t testing.TB, holds func() bool, describe func() string) {
	t.Helper()
	limit, look := time.NewTimer(60*time.Second), time.NewTicker(30*time.Millisecond)
	defer limit.Stop()
	defer look.Stop()
	for !holds() {
		select {
		case <-limit.C:
			t.Fatalf("never came to be: %s", describe())
		case <-look.C:
		}
	}
}

// message is one entry of the sandbox's inbox.
type message struct{ Channel, To, Subject, Text, HTML string }

func (w *world) inbox(t testing.TB, to string) []message {
	t.Helper()
	var all []message
	a := w.sandbox(t).get("/inbox?to=" + url.QueryEscape(to)).ok(200)
	require.NoError(t, json.Unmarshal(a.Raw, &all))
	return all
}
