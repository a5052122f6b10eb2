package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// condition is one of a clearing's conditions.
type condition struct {
	Code       string
	Met        *bool
	Evidence   string
	EligibleAt *time.Time `json:"eligible_at"`
}

func conditionsOf(a answer) (all []condition, unmet []string) {
	a.t.Helper()
	var body struct{ Conditions []condition }
	require.NoError(a.t, json.Unmarshal(a.Raw, &body))
	for _, c := range body.Conditions {
		if c.Met != nil && !*c.Met {
			unmet = append(unmet, c.Code)
		}
	}
	return body.Conditions, unmet
}

// cleared is a clearing of an account, or a contested claim.
type clearingCase struct {
	*world
	t    testing.TB
	base string // where it is
	id   string
}

func (w *world) claim(p person) map[string]any {
	return map[string]any{"holder_name": p.Name, "id_number": p.IDNumber, "reason": "已离职"}
}

func clearingPath(account string) string { return "/v1/accounts/" + account + "/identity-clearing" }

// clear asks for the identity of an approved registration to be cleared.
func (r *reg) clear() *clearingCase {
	r.t.Helper()
	a := r.platform(r.t).post(clearingPath(r.account), r.claim(r.who)).ok(201)
	require.Equal(r.t, clearingPath(r.account), location(a))
	return &clearingCase{world: r.world, t: r.t, base: clearingPath(r.account), id: a.Body["id"].(string)}
}

func (c *clearingCase) get() answer { c.t.Helper(); return c.platform(c.t).get(c.base).ok(200) }

// timeline is what happened, and who made it happen.
func (c *clearingCase) timeline(by caller) (lines []string) {
	c.t.Helper()
	for _, v := range by.get("/v1/identity-clearings/" + c.id + "/timeline").ok(200).at("items").([]any) {
		entry := v.(map[string]any)
		lines = append(lines, fmt.Sprintf("%s by %s", entry["event"], entry["actor"]))
	}
	return lines
}

func (c *clearingCase) materials(more ...string) {
	c.t.Helper()
	for _, slot := range append([]string{"id_card_front", "id_card_back", "handheld"}, more...) {
		c.upload(slot).ok(200)
	}
}

func (c *clearingCase) upload(slot string) answer {
	c.t.Helper()
	return c.platform(c.t).send(http.MethodPut, c.base+"/documents/"+slot, bytes.NewReader(scan(slot)), "image/png")
}

func (c *clearingCase) submit() answer {
	c.t.Helper()
	return c.platform(c.t).post(c.base+"/submit", nil)
}

func (c *clearingCase) approve(by caller) answer {
	c.t.Helper()
	return by.post("/v1/reviews/"+c.id+"/decision", map[string]any{"decision": "approve"})
}

// approveTwice has two reviewers approve, as it takes.
func (c *clearingCase) approveTwice() {
	c.t.Helper()
	c.approve(c.reviewer(c.t)).ok(200)
	c.approve(c.reviewer2(c.t)).ok(200)
}

func (c *clearingCase) until(state string) answer {
	c.t.Helper()
	var last answer
	c.eventually(c.t, func() bool { last = c.get(); return last.Body["state"] == state }, func() string { return fmt.Sprintf("state %s: %s", state, last.Raw) })
	return last
}

func (w *world) held(t testing.TB, account string) bool {
	t.Helper()
	asking := w.sandbox(t)
	asking.token = "sandbox"
	return asking.get("/wallet/accounts/" + account).ok(200).Body["held"].(bool)
}

// approved is an individual's approved registration of an account.
func (w *world) approved(t testing.TB, account string) *reg {
	t.Helper()
	r := w.open(t, "individual", account)
	r.proveCard()
	r.details("id_card_front", "id_card_back")
	r.post("/submit", nil).inState("under_review")
	r.approve()
	r.until("approved")
	return r
}

// TestEachPrefixFailsItsCondition asks the wallet itself, over HTTP.
func TestEachPrefixFailsItsCondition(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	prefixes := map[string]string{
		"frozen": "not_frozen", "young": "account_age", "carded": "cards_unbound", "funded": "zero_balance",
		"refundable": "no_refundable_transactions", "intransit": "no_funds_in_transit",
	}
	timed := []string{"not_frozen", "account_age", "no_refundable_transactions"}
	preflight := func(account string) answer {
		return w.platform(t).get(clearingPath(account) + "/preflight").ok(200)
	}
	clean := preflight("acct-1")
	all, unmet := conditionsOf(clean)
	require.Len(t, all, 7)
	require.Empty(t, unmet)
	require.Equal(t, true, clean.Body["eligible"])
	require.Nil(t, all[0].Met, "nobody has been compared")

	for prefix, code := range prefixes {
		a := preflight(prefix + "-acct-1")
		all, unmet := conditionsOf(a)
		require.Equal(t, []string{code}, unmet, prefix)
		require.Equal(t, false, a.Body["eligible"])
		for _, c := range all {
			require.NotEmpty(t, c.Evidence)
			require.Equal(t, c.Code == code && slices.Contains(timed, code), c.EligibleAt != nil, "%s of %s", c.Code, prefix)
		}
		for other, otherCode := range prefixes {
			if other == prefix {
				continue
			}
			_, unmet := conditionsOf(preflight(prefix + "-" + other + "-acct-1"))
			require.ElementsMatch(t, []string{code, otherCode}, unmet)
		}
	}
}

func TestClearingIsRefusedWithConditions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.approved(t, newAccount("carded-funded-"))
	path := clearingPath(r.account)
	a := w.platform(t).post(path, r.claim(r.who)).refused(409, "clearing_not_eligible")
	all, unmet := conditionsOf(a)
	require.Len(t, all, 7)
	require.Equal(t, []string{"cards_unbound", "zero_balance"}, unmet)
	require.Contains(t, string(a.Raw), "8888")
	claim := r.claim(r.who)
	claim["when_eligible"] = true
	w.platform(t).post(path, claim).refused(409, "clearing_not_eligible")
	claim["id_number"] = "110101199003077759"
	w.platform(t).post(path, claim).refused(422, "id_number_invalid")
	delete(claim, "id_number")
	w.platform(t).post(path, claim).refused(422, "invalid_request")
	w.platform(t).post(clearingPath("acct-nobody"), r.claim(r.who)).refused(404, "not_found")
	w.platform(t).get(path).refused(404, "not_found")
	w.reviewer(t).post(path, r.claim(r.who)).refused(403, "forbidden")
	running := w.individual(t)
	w.platform(t).post(clearingPath(running.account), r.claim(running.who)).refused(409, "registration_exists")
}

func TestClearingFromEndToEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.approved(t, newAccount("acct-"))
	c := r.clear()
	require.Equal(t, "materials_required", c.get().Body["state"])
	c.submit().refused(422, "requirements_missing")
	c.upload("business_licence").refused(404, "not_found")
	c.materials()
	c.submit().inState("under_review")
	c.upload("handheld").refused(409, "submitted_locked")
	w.platform(t).post("/v1/registrations", r.application("individual")).refused(409, "clearing_exists")

	list := w.reviewer(t).get("/v1/reviews?kind=clearing").ok(200).at("items").([]any)
	require.Len(t, list, 1)
	review := w.reviewer(t).get("/v1/reviews/" + c.id).ok(200)
	require.Equal(t, "clearing", review.Body["kind"])
	require.Equal(t, "已离职", review.at("clearing", "reason"))
	require.NotContains(t, string(review.Raw), r.who.IDNumber)
	require.Equal(t, http.StatusOK, w.reviewer(t).get("/v1/reviews/"+c.id+"/documents/handheld").Status)
	c.approve(w.reviewer(t)).ok(200)
	c.until("cleared")
	require.Equal(t, []string{
		"clearing_opened by applicant", "submitted by applicant", "document_viewed:handheld by reviewer:reviewer", "approved by reviewer:reviewer",
		"identity_cleared by wallet",
	}, c.timeline(w.reviewer(t)))
	require.Equal(t, c.timeline(w.reviewer(t)), c.timeline(w.ops(t)))
	w.platform(t).get("/v1/identity-clearings/"+c.id+"/timeline").refused(403, "forbidden")
	w.ops(t).get("/v1/identity-clearings/clr_aaaaaaaaaaaaaaaaaaaaaaaaaa/timeline").refused(404, "not_found")
	w.ops(t).get("/v1/identity-clearings/"+r.id+"/timeline").refused(404, "not_found")
	require.False(t, w.held(t, r.account))

	account := w.platform(t).get("/v1/accounts/" + r.account).ok(200)
	require.Equal(t, "identity_required", account.Body["standing"])
	require.Nil(t, account.Body["identity"])
	c.submit().refused(409, "wrong_state")
	again := &reg{world: w, t: t, account: r.account, who: somebody(t)}
	again.id = w.platform(t).post("/v1/registrations", again.application("individual")).ok(201).Body["id"].(string)
	again.proveCard()
	other := &reg{world: w, t: t, account: newAccount("acct-"), who: r.who}
	other.id = w.platform(t).post("/v1/registrations", other.application("individual")).ok(201).Body["id"].(string)
	other.proveCard() // the identity is free for another account
	other.untilThat("verified", func(a answer) bool { return a.at("identity", "verified") == true })
	w.eventually(t, func() bool {
		return slices.ContainsFunc(w.inbox(t, r.who.Email), func(m message) bool { return m.Subject == "实名信息已清除" })
	}, func() string { return "no notice of the decision" })
}

// TestWalletsOwnIdentityIsForgotten: an account that the wallet had verified must be verified anew.
func TestWalletsOwnIdentityIsForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := newAccount("verified-")
	r := w.open(t, "individual", account)
	require.Equal(t, "details_required", r.get().Body["state"])
	asking := w.sandbox(t)
	asking.token = "sandbox"
	known := asking.get("/wallet/accounts/" + account).ok(200)
	r.who.Name, r.who.IDNumber = known.Body["holder_name"].(string), known.Body["id_number"].(string)
	r.details("id_card_front", "id_card_back")
	r.post("/submit", nil).inState("under_review")
	r.approve()
	r.until("approved")
	c := r.clear()
	c.materials()
	c.submit().inState("under_review")
	c.approve(w.reviewer(t)).ok(200)
	c.until("cleared")
	again := w.platform(t).post("/v1/registrations", r.application("individual")).ok(201)
	require.Equal(t, "identity_required", again.Body["state"])
}

func TestClearingTwiceAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.approved(t, newAccount("acct-"))
	const callers = 12
	answers := make([]answer, callers)
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() { answers[i] = w.platform(t).post(clearingPath(r.account), r.claim(r.who)) })
	}
	all.Wait()
	created := 0
	for _, a := range answers {
		if a.Status == http.StatusCreated {
			created++
			continue
		}
		a.refused(409, "clearing_exists")
	}
	require.Equal(t, 1, created)
	w.platform(t).post(clearingPath(r.account)+"/withdraw", nil).inState("withdrawn")
	same := w.platform(t).withKey("the-same").post(clearingPath(r.account), r.claim(r.who)).ok(201)
	repeated := w.platform(t).withKey("the-same").post(clearingPath(r.account), r.claim(r.who)).ok(201)
	require.Equal(t, same.Body["id"], repeated.Body["id"])
}

func TestClearsWhenEligible(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withDay(500*time.Millisecond))
	r := w.approved(t, newAccount("young-"))
	claim := r.claim(r.who)
	claim["when_eligible"] = true
	a := w.platform(t).post(clearingPath(r.account), claim).ok(201)
	require.Equal(t, "waiting_eligibility", a.Body["state"])
	c := &clearingCase{world: w, t: t, base: clearingPath(r.account), id: a.Body["id"].(string)}
	c.until("materials_required")
	_, unmet := conditionsOf(c.get())
	require.Empty(t, unmet)
	require.Equal(t, []string{"clearing_opened_early by applicant", "became_eligible by clock"}, c.timeline(w.ops(t)))
}

// TestClearingIsTold to subscribers, step by step, and in the end to both mailboxes.
func TestClearingIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.subscribe(t, http.StatusOK)
	r := w.open(t, "individual", newAccount("acct-"))
	r.proveCard()
	r.details("id_card_front", "id_card_back")
	contact := somebodyElse(t, r.who)
	r.put("/contact", map[string]any{"email": contact.Email, "phone": contact.Phone, "address": "厦门市思明区例示路1号"}).ok(200)
	r.post("/submit", nil).inState("under_review")
	r.approve()
	r.until("approved")
	c := r.clear()
	c.materials()
	c.submit().inState("under_review")
	c.approve(w.reviewer(t)).ok(200)
	c.until("cleared")
	var steps []string
	w.eventually(t, func() bool { steps = s.clearingSteps(c.id); return len(steps) == 4 }, func() string { return fmt.Sprint("four steps: ", steps) })
	require.Equal(t, []string{"materials_required", "under_review", "clearing", "cleared"}, steps)
	for _, mailbox := range []string{r.who.Email, contact.Email} {
		w.eventually(t, func() bool {
			return slices.ContainsFunc(w.inbox(t, mailbox), func(m message) bool { return m.Subject == "实名信息已清除" })
		}, func() string { return "no notice of the decision to " + mailbox })
	}
}

// clearingSteps are the states that a subscriber was told a clearing came to, in their order.
func (s *subscriber) clearingSteps(id string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	told := map[float64]string{}
	for _, e := range s.events {
		data := e["data"].(map[string]any)
		if e["type"] == "clearing.state_changed" && data["id"] == id {
			told[e["sequence"].(float64)] = data["to"].(string)
		}
	}
	var steps []string
	for _, sequence := range slices.Sorted(maps.Keys(told)) {
		steps = append(steps, told[sequence])
	}
	return steps
}

// TestClearingSurvivesItsWorker: the wallet goes away in the middle and the worker is another when it comes back.
func TestClearingSurvivesItsWorker(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.approved(t, newAccount("acct-"))
	c := r.clear()
	c.materials()
	c.submit().inState("under_review")
	w.fault(t, "wallet", "timeout")
	c.approve(w.reviewer(t)).ok(200)
	c.until("clearing")
	w.restartWorker(t)
	w.heal(t)
	c.until("cleared")
	require.False(t, w.held(t, r.account))
}

var tokenInMail = regexp.MustCompile(`#token=([a-z0-9]+)`)

// token reads the objection's token out of the notice to a mailbox.
func (w *world) token(t testing.TB, mailbox string) string {
	t.Helper()
	var token string
	w.eventually(t, func() bool {
		for _, m := range w.inbox(t, mailbox) {
			if found := tokenInMail.FindStringSubmatch(m.Text); found != nil {
				token = found[1]
			}
		}
		return token != ""
	}, func() string { return "no link to object by" })
	return token
}

func (w *world) object(t testing.TB, token string) answer {
	t.Helper()
	anybody := w.platform(t)
	anybody.token = ""
	return anybody.post("/v1/identity-clearings/objections", map[string]any{"token": token})
}

// approvedCompany is an enterprise's approved registration.
func (w *world) approvedCompany(t testing.TB) *reg {
	t.Helper()
	r := w.confirmed(t)
	r.details("business_licence")
	r.post("/submit", nil).inState("under_review")
	r.approve()
	r.until("approved")
	return r
}

// somebodyElse is a person of another name than who.
func somebodyElse(t testing.TB, who person) person {
	t.Helper()
	other := somebody(t)
	for other.Name == who.Name {
		other = somebody(t)
	}
	return other
}

// requirementsOf are the fields that a clearing still needs.
func requirementsOf(a answer) (fields []string) {
	a.t.Helper()
	for _, r := range a.at("requirements").([]any) {
		fields = append(fields, r.(map[string]any)["field"].(string))
	}
	return fields
}

// TestAuthorisedPersonAndObjection: the holder has left, and somebody of the company asks with a letter: two reviewers,
// three working days, one objection.
func TestAuthorisedPersonAndObjection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.approvedCompany(t)
	asking := somebodyElse(t, r.who)
	a := w.platform(t).post(clearingPath(r.account), w.claim(asking)).ok(201)
	all, unmet := conditionsOf(a)
	require.Len(t, all, 7)
	require.Equal(t, []string{"holder_request"}, unmet)
	require.Contains(t, all[0].Evidence, "授权")
	c := &clearingCase{world: w, t: t, base: clearingPath(r.account), id: a.Body["id"].(string)}
	c.materials()
	require.Equal(t, []string{"documents.authorization_letter"}, requirementsOf(c.get()))
	require.Contains(t, string(c.submit().refused(422, "requirements_missing").Raw), "documents.authorization_letter")
	c.upload("authorization_letter").ok(200)
	require.Empty(t, requirementsOf(c.get()))
	c.submit().inState("under_review")
	for _, disclosed := range []string{r.who.Name, r.who.IDNumber} {
		require.NotContains(t, string(c.get().Raw), disclosed)
	}
	review := w.reviewer(t).get("/v1/reviews/" + c.id).ok(200)
	require.Equal(t, false, review.at("clearing", "is_holder"))
	require.Equal(t, true, review.at("clearing", "by_letter"))
	c.approve(w.reviewer(t)).ok(200)
	require.Equal(t, "under_review", c.get().Body["state"])
	c.approve(w.reviewer(t)).refused(409, "second_reviewer_required")
	c.approve(w.reviewer2(t)).ok(200)
	a = c.until("objection_period")
	require.NotNil(t, a.Body["objection_until"])
	w.object(t, "guessed").refused(404, "not_found")
	token := w.token(t, r.who.Email)
	w.eventually(t, func() bool { return strings.Contains(w.inbox(t, r.who.Phone)[0].Text, token) }, func() string { return "the phone gets it too" })
	w.object(t, token).ok(200)
	c.until("rejected")
	w.object(t, token).refused(404, "not_found")
	require.Equal(t, "active", w.platform(t).get("/v1/accounts/" + r.account).ok(200).Body["standing"])
	require.False(t, w.held(t, r.account))
}

// TestObjectionHoldsWithoutAWorker: what was answered accepted counts, although nobody worked on it before the time was over.
func TestObjectionHoldsWithoutAWorker(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withDay(2*time.Second))
	r := w.approved(t, newAccount("acct-"))
	c := w.contest(t, r.who)
	c.materials()
	c.submit().inState("under_review")
	c.approveTwice()
	c.until("objection_period")
	token := w.token(t, r.who.Email)
	w.stopWorker()
	w.object(t, token).ok(200)
	var over string
	w.eventually(t, func() bool {
		over = c.get().Body["objection_until"].(string)
		at, err := time.Parse(time.RFC3339, over)
		return err == nil && time.Now().After(at)
	}, func() string { return "the time for objecting ends " + over })
	w.stopWorker = w.startWorker(t)
	c.until("under_review")
	review := w.reviewer(t).get("/v1/reviews/" + c.id).ok(200)
	require.Equal(t, true, review.at("clearing", "objected"))
	w.reviewer(t).post("/v1/reviews/"+c.id+"/claim", nil).refused(409, "second_reviewer_required")
	w.reviewer3(t).post("/v1/reviews/"+c.id+"/claim", nil).ok(200)
	require.Equal(t, "active", w.platform(t).get("/v1/accounts/" + r.account).ok(200).Body["standing"])
}

// contest claims a person's identity back.
func (w *world) contest(t testing.TB, who person) *clearingCase {
	t.Helper()
	a := w.platform(t).post("/v1/identity-clearings", w.claim(who)).ok(201)
	id := a.Body["id"].(string)
	return &clearingCase{world: w, t: t, base: "/v1/identity-clearings/" + id, id: id}
}

func TestContestedClaimFromEndToEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withDay(1500*time.Millisecond))
	r := w.approved(t, newAccount("acct-"))
	shapes := map[string][]string{}
	var c *clearingCase
	for name, who := range map[string]person{"bound": r.who, "bound nowhere": somebody(t)} {
		a := w.platform(t).post("/v1/identity-clearings", w.claim(who)).ok(201)
		require.Equal(t, "materials_required", a.Body["state"])
		require.Nil(t, a.Body["account_id"])
		require.NotContains(t, string(a.Raw), r.account)
		claim := &clearingCase{world: w, t: t, base: "/v1/identity-clearings/" + a.Body["id"].(string), id: a.Body["id"].(string)}
		require.Equal(t, claim.base, location(a))
		claim.materials()
		claim.submit().inState("under_review")
		for field := range claim.get().Body {
			shapes[name] = append(shapes[name], field)
		}
		if name == "bound" {
			c = claim
		} else {
			claim.approve(w.reviewer(t)).ok(200)
			claim.until("rejected")
		}
	}
	require.ElementsMatch(t, shapes["bound"], shapes["bound nowhere"])
	w.platform(t).get(clearingPath(r.account)).refused(404, "not_found")
	c.approveTwice()
	c.until("cleared")
	require.False(t, w.held(t, r.account))
	require.Equal(t, "identity_required", w.platform(t).get("/v1/accounts/" + r.account).ok(200).Body["standing"])
}

// TestAThirdReviewerDecidesOverAnObjection: a claim to an identity is nobody's alone to let pass. One reviewer counts once; who
// approved before the owner objected has no say after it.
func TestAThirdReviewerDecidesOverAnObjection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.approved(t, newAccount("acct-"))
	claimed := r.who
	claimed.Name = somebodyElse(t, r.who).Name
	c := w.contest(t, claimed)
	c.materials()
	c.submit().inState("under_review")
	review := func(field string) any {
		t.Helper()
		return w.ops(t).get("/v1/reviews/"+c.id).ok(200).at("clearing", field)
	}
	require.Equal(t, false, review("name_matches"))
	require.NotContains(t, string(c.get().Raw), "name_matches")
	c.approve(w.reviewer(t)).ok(200)
	require.Equal(t, "under_review", c.get().Body["state"])
	out := func(by caller) {
		t.Helper()
		by.post("/v1/reviews/"+c.id+"/claim", nil).refused(409, "second_reviewer_required")
		c.approve(by).refused(409, "second_reviewer_required")
		w.ops(t).post("/v1/reviews/"+c.id+"/assign", map[string]any{"assignee": by.token}).refused(409, "second_reviewer_required")
	}
	out(w.reviewer(t))
	c.approve(w.reviewer2(t)).ok(200)
	c.until("objection_period")
	require.Equal(t, "active", w.platform(t).get("/v1/accounts/" + r.account).ok(200).Body["standing"])
	w.object(t, w.token(t, r.who.Email)).ok(200)
	c.until("under_review")
	require.Equal(t, true, review("objected"))
	out(w.reviewer(t))
	out(w.reviewer2(t))
	require.Equal(t, "active", w.platform(t).get("/v1/accounts/" + r.account).ok(200).Body["standing"])
	w.reviewer3(t).post("/v1/reviews/"+c.id+"/claim", nil).ok(200)
	c.approve(w.reviewer3(t)).ok(200)
	c.until("cleared")
	require.Equal(t, []string{
		"clearing_opened by applicant", "submitted by applicant", "approved by reviewer:reviewer", "approved by reviewer:reviewer2",
		"objection_raised by holder", "approved by reviewer:reviewer3", "identity_cleared by wallet",
	}, c.timeline(w.ops(t)))
}

func TestEnterpriseIsClearedAndRegistersAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.approvedCompany(t)
	c := r.clear()
	c.materials()
	c.submit().inState("under_review")
	c.approve(w.reviewer(t)).ok(200)
	c.until("cleared")

	again := &reg{world: w, t: t, account: r.account, who: somebodyElse(t, r.who), company: r.company}
	a := w.platform(t).post("/v1/registrations", again.application("enterprise")).ok(201)
	again.id = a.Body["id"].(string)
	require.Equal(t, "admin_identity_required", a.Body["state"])
	require.Equal(t, r.company["legal_name"], a.at("company", "legal_name"))
	again.verifyAdmin("legal_representative")
	again.untilThat("told to be an agent", func(a answer) bool {
		e, refused := a.Body["last_error"].(map[string]any)
		return refused && e["code"] == "admin_must_be_authorized_agent"
	})
	again.verifyAdmin("authorized_agent")
	again.until("details_required")
	again.details("business_licence", "authorization_letter")
	again.post("/submit", nil).inState("under_review")
	again.approve()
	again.until("approved")
	require.Len(t, again.statement(), 1, "the company was paid once")
	require.Equal(t, "active", w.platform(t).get("/v1/accounts/" + r.account).ok(200).Body["standing"])
}

// TestPreflightSpeaksTheAccountsLanguage: whether or not the account has an identity.
func TestPreflightSpeaksTheAccountsLanguage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := &reg{world: w, t: t, account: newAccount("carded-"), who: somebody(t)}
	says := func() string {
		all, _ := conditionsOf(w.platform(t).get(clearingPath(r.account) + "/preflight").ok(200))
		return all[3].Evidence
	}
	require.Contains(t, says(), "已绑定")
	application := r.application("individual")
	application["locale"] = "en"
	r.id = w.platform(t).post("/v1/registrations", application).ok(201).Body["id"].(string)
	require.Contains(t, says(), "1 card bound")
	r.post("/withdraw", nil).inState("withdrawn")
	require.Contains(t, says(), "1 card bound")
}
