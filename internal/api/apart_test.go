package api

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"shiming/internal/dossier"
	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/registration"
)

// people is a world that an issuer vouches for callers in, beside its tokens file.
type people struct {
	*world
	issuer *issuer
}

func newPeople(t *testing.T) people {
	t.Helper()
	i := newIssuer(t)
	return people{newWorld(t, func(d *Deps) { d.Auth.OIDCIssuer, d.Auth.OIDCAudience = i.server.URL, audience }), i}
}

// subject is a call by a subject of the issuer's.
func (p people) subject(subject string, roles ...role) call {
	c := p.issuer.claims(time.Now())
	c.Subject, c.Roles = subject, roles
	return call{w: p.world, header: http.Header{"Authorization": {"Bearer " + p.issuer.sign(c)}}}
}

// both is a subject that acts for applicants and reviews.
func (p people) both(subject string) call { return p.subject(subject, platform, reviewer) }

// name is how a subject is called.
func (p people) name(subject string) string { return p.issuer.server.URL + "#" + subject }

// reviewCalls are the calls of those who decide a case.
func (c call) reviewCalls(id string) map[string]answer {
	c.w.t.Helper()
	path := "/v1/reviews/" + id
	calls := map[string]answer{
		"read": c.get(path), "document": c.get(path + "/documents/id_card_front"), "claim": c.post(path+"/claim", nil), "release": c.post(path+"/release", nil),
		"assign": c.post(path+"/assign", map[string]any{"assignee": "reviewer"}), "approve": c.approve(id), "reject": c.reject(id),
	}
	if registration.IsClearingID(id) {
		calls["timeline"] = c.get("/v1/identity-clearings/" + id + "/timeline")
	}
	return calls
}

func (c call) approve(id string) answer {
	c.w.t.Helper()
	return c.post("/v1/reviews/"+id+"/decision", map[string]any{"decision": "approve"})
}

func (c call) reject(id string) answer {
	c.w.t.Helper()
	return c.post("/v1/reviews/"+id+"/decision", map[string]any{"decision": "reject", "reasons": reasons("documents.id_card_front")})
}

func (c call) claims(id string) answer {
	c.w.t.Helper()
	return c.post("/v1/reviews/"+id+"/claim", nil)
}

// bound approves an account of the nth person's.
func (w *world) bound(account string, n int) {
	w.t.Helper()
	w.as("reviewer").approve(w.underReview(account, n)).ok(200)
}

// contested is a contested claim under review.
func (w *world) contested(by call, name, number string) string {
	w.t.Helper()
	a := by.post("/v1/identity-clearings", map[string]any{"holder_name": name, "id_number": number, "reason": "not mine"}).ok(201)
	for _, slot := range registration.RequiredClearingSlots() {
		by.put("/v1/identity-clearings/"+a.id()+"/documents/"+string(slot), png(string(slot))).ok(200)
	}
	by.post("/v1/identity-clearings/"+a.id()+"/submit", nil).ok(200)
	return a.id()
}

// objects has the holder object to a contested claim, and the run take it up.
func (w *world) objects(id string) {
	w.t.Helper()
	var token dossier.Token
	require.NoError(w.t, w.store.Get(context.Background(), postgres.Own(id), w.one(`select token_ref from objections where clearing_id = $1`, id), dossier.PurposeObjection, &token))
	w.as("").post("/v1/identity-clearings/objections", map[string]any{"token": token.Token}).ok(200)
	_, err := w.store.Steps().Look(context.Background(), registration.Step{Subject: id})
	require.NoError(w.t, err)
}

func (w *world) stateOf(id string) string {
	w.t.Helper()
	return w.as("platform").get("/v1/identity-clearings/" + id).ok(200).state()
}

// TestWhoActedForAnApplicantDecidesNothing: each act by another subject, all of whom may review otherwise.
func TestWhoActedForAnApplicantDecidesNothing(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	who := person(t, 5)
	path := "/v1/registrations/" + p.both("opener").post("/v1/registrations", who.application("acct-1", "individual")).ok(201).id()
	p.both("card").post(path+"/card", who.card(5)).ok(200)
	p.both("code").post(path+"/card/code", map[string]any{"code": "123456"}).ok(200)
	p.both("namer").put(path+"/name", map[string]any{"name": "Still Water"}).ok(200)
	p.both("contact").put(path+"/contact", who.contact()).ok(200)
	p.both("front").put(path+"/documents/id_card_front", png("front")).ok(200)
	p.both("back").put(path+"/documents/id_card_back", png("back")).ok(200)
	id := p.both("submitter").post(path+"/submit", nil).ok(200).id()
	for _, subject := range []string{"opener", "card", "code", "namer", "contact", "front", "back", "submitter"} {
		for name, a := range p.both(subject).reviewCalls(id) {
			a.refused(403, "forbidden")
			require.Contains(t, a.Body["detail"], "another person", "%s by %s", name, subject)
		}
		item := p.both(subject).get("/v1/reviews").ok(200).Body["items"].([]any)[0].(map[string]any)
		require.Equal(t, []any{true, nil, nil}, []any{item["own_case"], item["account_id"], item["name"]}, subject)
		p.subject(subject, reviewer).claims(id).refused(403, "forbidden") // another token of the same person
		p.as("ops").post("/v1/reviews/"+id+"/assign", map[string]any{"assignee": p.name(subject)}).refused(403, "forbidden")
	}
	p.subject("opener", ops, platform).post("/v1/reviews/"+id+"/assign", map[string]any{"assignee": "reviewer"}).refused(403, "forbidden")

	other := p.both("somebody-else")
	item := other.get("/v1/reviews").ok(200).Body["items"].([]any)[0].(map[string]any)
	require.Equal(t, []any{false, "acct-1", "Still Water"}, []any{item["own_case"], item["account_id"], item["name"]})
	other.claims(id).ok(200)
	require.Equal(t, p.name("somebody-else"), other.approve(id).ok(200).Body["assignee"])
}

// TestAClaimantWhoReviewsLearnsNothing: neither whose account it is nor whether the name was right.
func TestAClaimantWhoReviewsLearnsNothing(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	p.bound("acct-victim", 7)
	who := person(t, 7)
	id := p.contested(p.both("claimant"), "李四", who.id)
	for _, a := range p.both("claimant").reviewCalls(id) {
		a.refused(403, "forbidden")
		require.NotContains(t, string(a.Raw), "acct-victim")
	}
	for _, more := range []string{"", "?kind=clearing"} {
		require.NotContains(t, string(p.both("claimant").get("/v1/reviews"+more).ok(200).Raw), "acct-victim")
	}
	require.NotContains(t, string(p.both("claimant").get("/v1/identity-clearings/"+id).ok(200).Raw), "name_matches")
	require.Equal(t, false, p.as("reviewer").get("/v1/reviews/" + id).ok(200).Body["clearing"].(map[string]any)["name_matches"])

	// A claim whose materials another hands in is that one's case too.
	shared := p.both("one").post("/v1/identity-clearings", map[string]any{"holder_name": who.name, "id_number": person(t, 8).id, "reason": "not mine"}).ok(201).id()
	for _, slot := range registration.RequiredClearingSlots() {
		p.both("two").put("/v1/identity-clearings/"+shared+"/documents/"+string(slot), png(string(slot))).ok(200)
	}
	p.both("three").post("/v1/identity-clearings/"+shared+"/submit", nil).ok(200)
	for _, subject := range []string{"one", "two", "three"} {
		p.both(subject).approve(shared).refused(403, "forbidden")
	}
	p.both("four").approve(shared).ok(200)
}

// TestARefusedOpeningLeavesNoCaller: nothing was opened, so nobody has.
func TestARefusedOpeningLeavesNoCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.underReview("acct-1", 5)
	before := w.rows()
	w.as("platform-2").post("/v1/registrations", person(t, 6).application("acct-1", "individual")).refused(409, "registration_exists")
	w.engine.goes(engine.ErrUnavailable)
	w.as("platform-2").post("/v1/registrations", person(t, 6).application("acct-2", "individual")).refused(503, "engine_unavailable")
	require.Equal(t, before, w.rows())
}

// TestAContestedClaimTakesTwoAndAThird: one reviewer twice is one; an objection is judged by nobody who let the claim pass.
func TestAContestedClaimTakesTwoAndAThird(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	p.bound("acct-1", 7)
	who := person(t, 7)
	id := p.contested(p.as("platform"), who.name, who.id)
	one, two, three := p.as("reviewer"), p.as("reviewer-2"), p.subject("anna", reviewer)
	outOf := func(names ...string) {
		t.Helper()
		for _, name := range names {
			p.as("ops").post("/v1/reviews/"+id+"/assign", map[string]any{"assignee": name}).refused(409, "second_reviewer_required")
		}
	}
	refused := func(c call) {
		t.Helper()
		c.claims(id).refused(409, "second_reviewer_required")
		c.approve(id).refused(409, "second_reviewer_required")
		c.reject(id).refused(409, "second_reviewer_required")
	}
	review := func() map[string]any { t.Helper(); return two.get("/v1/reviews/" + id).ok(200).Body }

	require.Equal(t, []any{}, review()["decided_before"])
	one.approve(id).ok(200)
	require.Equal(t, "under_review", p.stateOf(id))
	refused(one)
	outOf("reviewer")
	require.Equal(t, []any{"reviewer"}, review()["decided_before"])
	require.Equal(t, []any{"reviewer"}, p.as("ops").get("/v1/reviews?kind=clearing").ok(200).Body["items"].([]any)[0].(map[string]any)["decided_before"])
	two.claims(id).ok(200)
	refused(one) // who has it does not matter
	two.approve(id).ok(200)
	require.Equal(t, "objection_period", p.stateOf(id))

	p.objects(id)
	require.Equal(t, "under_review", p.stateOf(id))
	refused(one)
	refused(two)
	outOf("reviewer", "reviewer-2")
	require.Equal(t, []any{"reviewer", "reviewer-2"}, review()["decided_before"])
	three.claims(id).ok(200)
	three.approve(id).ok(200)
	require.Equal(t, "clearing", p.stateOf(id))
	require.Zero(t, p.count(`select count(*) from acts where act = 'decide' and refusal is not null`), "what is refused is refused before it is begun")
}

// TestCorrectionsBeginAnew: what was approved was another submission, whoever did may approve this one.
func TestCorrectionsBeginAnew(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	p.bound("acct-1", 7)
	id := p.contested(p.as("platform"), person(t, 7).name, person(t, 7).id)
	p.as("reviewer").approve(id).ok(200)
	p.as("reviewer-2").reject(id).ok(200)
	require.Equal(t, "materials_required", p.stateOf(id))
	p.as("platform").put("/v1/identity-clearings/"+id+"/documents/id_card_front", png("sharper")).ok(200)
	p.as("platform").post("/v1/identity-clearings/"+id+"/submit", nil).ok(200)
	p.as("reviewer").approve(id).ok(200)
	p.as("reviewer").approve(id).refused(409, "second_reviewer_required")
	p.as("reviewer-2").approve(id).ok(200)
	require.Equal(t, "objection_period", p.stateOf(id))
}

// TestReviewersSeeWhetherTheNameMatches the one that the ID number is bound with.
func TestReviewersSeeWhetherTheNameMatches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.bound("acct-1", 7)
	w.underReview("acct-2", 9) // proven, but not bound yet
	for _, c := range []struct {
		name string
		n    int
		want any
	}{
		{"张三", 7, true},
		{" 张 三 ", 7, true},
		{"李四", 7, false},
		{"张三丰", 7, false},
		{"张三", 8, nil},
		{"张三", 9, nil},
	} {
		id := w.contested(w.as("platform"), c.name, person(t, c.n).id)
		seen := w.as("ops").get("/v1/reviews/" + id).ok(200).Body["clearing"].(map[string]any)["name_matches"]
		assert.Equal(t, c.want, seen, "%q as the %dth", c.name, c.n)
		w.as("platform").post("/v1/identity-clearings/"+id+"/withdraw", nil).ok(200)
	}
}

// TestOneReviewerAtOnce: two decisions of one reviewer at the same moment are one approval, and a claim beside them changes nothing.
func TestOneReviewerAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 5 {
		w.bound(fmt.Sprint("acct-", n), n+20)
		id := w.contested(w.as("platform"), "张三", person(t, n+20).id)
		answers := make([]answer, 6)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				if i < 4 {
					answers[i] = w.as("reviewer").approve(id)
				} else {
					answers[i] = w.as("reviewer").claims(id)
				}
			})
		}
		all.Wait()
		done := 0
		for _, a := range answers[:4] {
			if a.Status == http.StatusOK {
				done++
				continue
			}
			require.Equal(t, 409, a.Status, "%s", a.Raw)
			require.Contains(t, []any{"second_reviewer_required", "claimed_by_other", "wrong_state"}, a.Body["code"], "the last: overtaken by the other")
		}
		require.Equal(t, 1, done)
		require.Equal(t, "under_review", w.stateOf(id))
		require.Equal(t, 1, w.count(`select cardinality(approved_by) from clearings where id = $1`, id))
		require.Zero(t, w.count(`select count(*) from reviews where subject_id = $1 and closed_at is null and assignee = 'reviewer'`, id), "the next round is another's")
	}
}

// TestADecisionIsOfTheRoundThatWasSeen: one that was answered 202, and comes to its step only after the holder has objected,
// was made by somebody who does not know of that.
func TestADecisionIsOfTheRoundThatWasSeen(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	p.bound("acct-1", 7)
	id := p.contested(p.as("platform"), "张三", person(t, 7).id)
	p.as("reviewer").approve(id).ok(200)
	var late registration.ActArgs
	p.engine.answers(func(_ registration.Act, args registration.ActArgs) error { late = args; return engine.ErrStillWorking })
	p.subject("anna", reviewer).approve(id).ok(202)
	p.engine.answers(nil)
	p.as("reviewer-2").approve(id).ok(200)
	p.objects(id)
	_, err := p.engine.perform(t.Context(), registration.ActDecide, late)
	var refusal *registration.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, registration.CodeClaimedByOther, refusal.Code)
	require.Equal(t, "under_review", p.stateOf(id))
	p.subject("anna", reviewer).approve(id).ok(200)
	require.Equal(t, "clearing", p.stateOf(id))
}

// TestTheStepJudgesWhoDecidesAgain: whatever the API has let pass.
func TestTheStepJudgesWhoDecidesAgain(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	p.bound("acct-1", 7)
	id := p.contested(p.as("platform"), "张三", person(t, 7).id)
	registered := p.underReview("acct-2", 8)
	decide := func(id, by string) registration.Code {
		t.Helper()
		act := postgres.Act{ID: registration.NewID("act"), RegistrationID: id, Act: registration.ActDecide, Actor: registration.Actor("reviewer:" + by)}
		known, refusal, err := p.store.BeginAct(t.Context(), act, dossier.PurposeDecision, dossier.Decision{Decision: "approve", Reviewer: by})
		require.NoError(t, err)
		require.Nil(t, refusal)
		_, err = p.engine.perform(t.Context(), registration.ActDecide, registration.ActArgs{ActID: act.ID, RegistrationID: id, Actor: act.Actor, InputRef: *known.InputRef})
		if err == nil {
			return ""
		}
		require.ErrorAs(t, err, &refusal)
		return refusal.Code
	}
	require.Equal(t, registration.CodeOwnCase, decide(id, "platform"))
	require.Equal(t, registration.CodeOwnCase, decide(registered, "platform"))
	require.Empty(t, decide(id, "reviewer"))
	require.Equal(t, registration.CodeSecondReviewer, decide(id, "reviewer"))
	require.Empty(t, decide(id, "reviewer-2"))
	require.Empty(t, decide(registered, "reviewer"))
}
