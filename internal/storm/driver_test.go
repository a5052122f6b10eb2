package storm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"shiming/registration"
)

// driver is the people of one account, and the backend that speaks for them. What it does next depends on what it sees, so
// that it goes on after whatever came in between.
type driver struct {
	applicant
	*backend
	*pass
	outside outside
	r       *rand.Rand
	who     person
	account string
	id      string

	cards, wrong int // handed in so far
	handedIn     int // company information taken
	payments     int // known to have been opened
	asked        int // new payments asked for
	scanned      time.Time
	sessions     int
	accounts     []string  // bank accounts named so far
	expired      bool      // the code: a new one is needed
	waiting      time.Time // for a payment to be ordered, once the storm is over
	surprises    int
	clearing     string // its id
	ended        bool   // all is done
	last         string // the newest surprise
	sameAccount  bool   // there is one bank account, however often it is handed in
}

func newDriver(a applicant, seed uint64, b *backend, g *gate, o outside) *driver {
	account := fmt.Sprintf("%s-%d", map[registration.Kind]string{registration.Individual: "acct", registration.Enterprise: "corp"}[a.Kind], a.N)
	return &driver{
		applicant: a, backend: b, pass: g.enter(), outside: o, who: personOf(a.N + 1), account: account,
		r: rand.New(rand.NewPCG(seed, 1000+uint64(a.N))),
	}
}

// run does everything, from the opening to the end.
func (d *driver) run(ctx context.Context, starts time.Duration) {
	defer d.stand()
	d.pause(ctx, starts)
	for d.id == "" && d.through(ctx) {
		d.open(ctx)
	}
	for !d.ended && d.through(ctx) {
		d.step(ctx)
	}
}

// again is the same people later, with the same bank account: what they have been through, they know; where they stand, they ask.
func (d *driver) again(g *gate) *driver {
	next := newDriver(d.applicant, 1, d.backend, g, d.outside)
	next.id, next.accounts, next.payments, next.asked, next.scanned, next.clearing = d.id, d.accounts, d.payments, d.asked, d.scanned, d.clearing
	next.cards, next.wrong, next.expired, next.sameAccount = d.cards, next.Wrong, true, d.sameAccount
	return next
}

func (d *driver) open(ctx context.Context) {
	t := d.act(ctx, d.pass, ask{account: d.account, act: "open", method: http.MethodPost, path: "/v1/registrations", token: platform, body: map[string]any{
		"account_id": d.account, "kind": d.Kind, "name": "港湾灯塔工作室", "registered_email": d.who.Email, "phone": d.who.Phone, "locale": "zh-CN",
	}})
	var v registration.View
	if t.Status == http.StatusCreated && json.Unmarshal(t.Body, &v) == nil {
		d.id = v.ID
		return
	}
	d.surprised(ctx, t)
}

// surprised notes an answer that the plan did not foresee. Some are the weather's; too many are a way that leads nowhere.
func (d *driver) surprised(ctx context.Context, t *told) {
	if t.Status == 0 {
		return
	}
	d.surprises++
	d.last = fmt.Sprintf("%s: %d %s", t.Act, t.Status, t.Code)
	d.pause(ctx, time.Second)
}

func (d *driver) at(more string) string { return "/v1/registrations/" + d.id + more }

// asks is an act of the applicant's on the registration as it stands.
func (d *driver) asks(ctx context.Context, v registration.View, act, method, more string, body any) *told {
	return d.act(ctx, d.pass, ask{
		account: d.account, act: act, method: method, path: d.at(more), token: platform, body: body, watch: d.at(""), stands: v.State,
	})
}

func (d *driver) step(ctx context.Context) {
	v, ok := d.view(ctx, d.pass, d.at(""))
	d.pause(ctx, time.Duration(200+d.r.IntN(900))*time.Millisecond)
	switch {
	case !ok:
	case v.State.Final():
		d.after(ctx, v)
	case v.Processing:
	case d.Withdraws == v.State, d.lost(v), d.held(ctx, v):
		d.expect(ctx, d.asks(ctx, v, "withdraw", http.MethodPost, "/withdraw", nil))
	case d.Rests == v.State && !d.over():
		d.rest(ctx)
	default:
		d.move(ctx, v)
	}
}

// lost is a registration that cannot reach its end any more: the limits are used up.
func (d *driver) lost(v registration.View) bool {
	tooOften := v.State == registration.AdminIdentityRequired && d.sessions >= mostSessions && time.Since(d.scanned) > scanWithin
	return tooOften || v.State == registration.DepositFailed && d.asked >= 1 || strings.Contains(d.last, "exceeded") || d.surprises > 40
}

// heldFor is how long a payment is asked for before somebody looks why.
const heldFor = 20 * time.Second

// held is a payment that ops knows will not be ordered by itself: its notices may or may not have been sent. Here, nobody
// finds out, and the applicant leaves.
func (d *driver) held(ctx context.Context, v registration.View) bool {
	if !d.over() || v.State != registration.PayoutPending || v.Payout == nil || v.Payout.State != registration.PayoutRequestedState {
		d.waiting = time.Time{}
		return false
	}
	if d.waiting.IsZero() {
		d.waiting = time.Now()
	}
	if time.Since(d.waiting) < heldFor {
		return false
	}
	d.waiting = time.Now()
	known, _, err := d.findings(ctx)
	return err == nil && slices.ContainsFunc(known, func(f finding) bool { return f.AccountID == d.account })
}

// expect takes an answer of 200 as it is, and everything else as a surprise.
func (d *driver) expect(ctx context.Context, t *told) bool {
	if t.Status == http.StatusOK {
		return true
	}
	d.surprised(ctx, t)
	return false
}

func (d *driver) move(ctx context.Context, v registration.View) {
	switch v.State {
	case registration.IdentityRequired:
		d.provesByCard(ctx, v)
	case registration.CardCodeRequired:
		d.entersCode(ctx, v)
	case registration.AdminIdentityRequired:
		d.scansCode(ctx, v)
	case registration.CompanyRequired:
		d.handsInCompany(ctx, v)
	case registration.PayoutPending:
		if d.Early && v.Payout != nil && v.Payout.State != registration.PayoutRequestedState {
			d.entersAmount(ctx, v)
		}
	case registration.DepositRequired:
		d.entersAmount(ctx, v)
	case registration.DepositFailed:
		d.asksForPayment(ctx, v)
	case registration.DetailsRequired:
		d.handsInDetails(ctx, v)
	case registration.UnderReview:
		d.decides(ctx, v)
	case registration.CorrectionRequired:
		d.corrects(ctx, v)
	}
}

func (d *driver) asksForPayment(ctx context.Context, v registration.View) {
	t := d.asks(ctx, v, "payout", http.MethodPost, "/payout", nil)
	if t.Status != 0 {
		d.asked++
	}
	if d.expect(ctx, t) {
		d.payments++
	}
}

func (d *driver) provesByCard(ctx context.Context, v registration.View) {
	prefix := d.Cards[min(d.cards, len(d.Cards)-1)]
	t := d.asks(ctx, v, "card", http.MethodPost, "/card", d.who.card(prefix, d.N*100+d.cards))
	if t.Status != 0 {
		d.cards, d.expired = d.cards+1, false
	}
	if t.Status != http.StatusOK && prefix == d.Cards[len(d.Cards)-1] {
		d.surprised(ctx, t)
	}
}

func (d *driver) entersCode(ctx context.Context, v registration.View) {
	code := d.outside.code(ctx, d.who.Phone)
	if d.expired || code == "" {
		d.provesByCard(ctx, v)
		return
	}
	guess := d.wrong < d.Wrong
	if guess {
		code = map[bool]string{true: "111112", false: "111111"}[code == "111111"]
	}
	t := d.asks(ctx, v, "card_code", http.MethodPost, "/card/code", map[string]any{"code": code})
	switch {
	case t.Status == http.StatusOK:
	case guess && t.Status == http.StatusUnprocessableEntity:
		d.wrong++
	default:
		d.expired = t.Status == http.StatusUnprocessableEntity // an old one, or another card's
		d.surprised(ctx, t)
	}
}

// mostSessions stays below the limit of verification acts a day.
const mostSessions = 10

// scanWithin is how long the wallet and we may take to pass on a scan before it is tried anew.
const scanWithin = 25 * time.Second

func (d *driver) scansCode(ctx context.Context, v registration.View) {
	if time.Since(d.scanned) < scanWithin && v.LastError == nil {
		return
	}
	d.sessions++
	t := d.asks(ctx, v, "admin_session", http.MethodPost, "/admin-session", map[string]any{"role": d.Role})
	var session struct {
		ID string `json:"session_id"`
	}
	if !d.expect(ctx, t) || json.Unmarshal(t.Body, &session) != nil {
		return
	}
	if d.outside.scans(ctx, session.ID, d.who) == nil {
		d.scanned = time.Now()
	}
}

func (d *driver) handsInCompany(ctx context.Context, v registration.View) {
	account := d.nextAccount()
	t := d.asks(ctx, v, "company", http.MethodPut, "/company", companyOf(d.N+1, d.legalRepresentative(), account))
	d.companyTaken(ctx, t)
}

func (d *driver) legalRepresentative() string {
	if d.Role == registration.LegalRepresentative {
		return d.who.Name
	}
	return "欧阳法人"
}

func (d *driver) nextAccount() string {
	try := d.handedIn
	if d.sameAccount {
		try = 0
	}
	account := bankAccount(d.N, try, d.Endings[min(try, len(d.Endings)-1)])
	if !slices.Contains(d.accounts, account) {
		d.accounts = append(d.accounts, account)
	}
	return account
}

func (d *driver) companyTaken(ctx context.Context, t *told) {
	if d.expect(ctx, t) {
		d.handedIn++
		d.payments++
	}
}

// entersAmount reads the statement, and may misread it as often as planned. Who guesses, and hears that we are
// busy, does not send the same guess again.
func (d *driver) entersAmount(ctx context.Context, v registration.View) {
	entries, err := d.outside.statement(ctx, d.accounts[len(d.accounts)-1])
	if err != nil || len(entries) == 0 {
		d.pause(ctx, time.Second)
		return
	}
	amount, guess := entries[len(entries)-1].Amount, d.wrong < d.Wrong
	if guess {
		amount = map[bool]string{true: "0.38", false: "0.37"}[amount == "0.37"]
	}
	t := d.act(ctx, d.pass, ask{
		account: d.account, act: "deposit", method: http.MethodPost, path: d.at("/deposit"), token: platform, body: map[string]any{"amount": amount},
		watch: d.at(""), stands: v.State, abandon: guess,
	})
	d.backend.mu.Lock()
	t.payment = d.payments
	d.backend.mu.Unlock()
	switch {
	case t.Status == http.StatusOK, t.Abandoned:
	case guess && t.Status == http.StatusUnprocessableEntity:
		d.wrong++
	default:
		d.surprised(ctx, t)
	}
}

// slots are the documents that the kind needs.
func (d *driver) slots() []string {
	switch {
	case d.Kind == registration.Individual:
		return []string{"id_card_front", "id_card_back"}
	case d.Role == registration.AuthorizedAgent:
		return []string{"business_licence", "authorization_letter"}
	}
	return []string{"business_licence"}
}

func (d *driver) handsInDetails(ctx context.Context, v registration.View) {
	if v.Contact == nil {
		d.expect(ctx, d.asks(ctx, v, "contact", http.MethodPut, "/contact", d.who.contact()))
		return
	}
	for _, slot := range d.slots() {
		if !slices.ContainsFunc(v.Documents, func(doc registration.Document) bool { return string(doc.Slot) == slot }) {
			d.uploads(ctx, v, slot, "first")
			return
		}
	}
	d.expect(ctx, d.asks(ctx, v, "submit", http.MethodPost, "/submit", nil))
}

func (d *driver) uploads(ctx context.Context, v registration.View, slot, version string) {
	image := scan(fmt.Sprint(d.N, slot, version))
	t := d.asks(ctx, v, "document", http.MethodPut, "/documents/"+slot, image)
	sum := sha256.Sum256(image)
	d.backend.mu.Lock()
	t.slot, t.sha256 = slot, hex.EncodeToString(sum[:])
	d.backend.mu.Unlock()
	d.expect(ctx, t)
}

// decides is the reviewer's turn.
func (d *driver) decides(ctx context.Context, v registration.View) {
	verdict := map[string]any{"decision": "approve"}
	act := "approve"
	switch field := d.objection(); {
	case v.Review != nil && v.Review.Round == 1 && field != "":
		act, verdict = "correct", rejection(false, field)
	case !d.Approve:
		act, verdict = "reject", rejection(true, "identity")
	}
	d.expect(ctx, d.act(ctx, d.pass, ask{
		account: d.account, act: act, method: http.MethodPost, path: "/v1/reviews/" + d.id + "/decision", token: reviewer, body: verdict,
		watch: d.at(""), stands: v.State,
	}))
}

// objection is the field that the first round's reviewer names, "" for none.
func (d *driver) objection() string {
	switch d.Corrects {
	case "documents":
		return "documents." + d.slots()[0]
	case "bank":
		return "company.bank.account_number"
	}
	return d.Corrects
}

func rejection(final bool, field string) map[string]any {
	return map[string]any{"decision": "reject", "final": final, "reasons": []map[string]any{{"field": field, "code": "mismatch", "message": "请更正"}}}
}

func (d *driver) corrects(ctx context.Context, v registration.View) {
	for _, need := range v.Requirements {
		slot, isDocument := strings.CutPrefix(string(need.Field), "documents.")
		switch {
		case isDocument:
			d.uploads(ctx, v, slot, "corrected")
			return
		case strings.HasPrefix(string(need.Field), "company."):
			account := d.nextAccount()
			d.companyTaken(ctx, d.asks(ctx, v, "company", http.MethodPut, "/company", map[string]any{"bank": map[string]any{"account_number": account}}))
			return
		}
	}
	d.expect(ctx, d.asks(ctx, v, "submit", http.MethodPost, "/submit", nil))
}

// after the end there may be a clearing.
func (d *driver) after(ctx context.Context, v registration.View) {
	if v.State != registration.Approved || d.Clears == "" {
		d.ended = true
		return
	}
	d.clears(ctx)
}
