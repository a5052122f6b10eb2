package api

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestACallerIsIssuerAndSubject: a static token and a subject of the issuer's who are called the same are two callers,
// wherever callers are compared, shown or counted.
func TestACallerIsIssuerAndSubject(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	id := p.underReview("acct-1", 5)
	static, subject := p.as("reviewer"), p.subject("reviewer", reviewer)
	require.Equal(t, "reviewer", static.claims(id).ok(200).Body["assignee"])
	subject.claims(id).refused(409, "claimed_by_other")
	subject.approve(id).refused(409, "claimed_by_other")
	subject.post("/v1/reviews/"+id+"/release", nil).refused(409, "claimed_by_other")
	subject.post("/v1/reviews/"+id+"/assign", map[string]any{"assignee": p.name("reviewer")}).refused(409, "claimed_by_other")
	require.Equal(t, p.name("reviewer"), static.post("/v1/reviews/"+id+"/assign", map[string]any{"assignee": p.name("reviewer")}).ok(200).Body["assignee"])
	static.approve(id).refused(409, "claimed_by_other")
	mine := subject.get("/v1/reviews?assignee=" + strings.ReplaceAll(p.name("reviewer"), "#", "%23")).ok(200)
	require.Len(t, mine.Body["items"], 1)
	require.Empty(t, static.get("/v1/reviews?assignee=reviewer").ok(200).Body["items"])
	subject.get("/v1/reviews/" + id + "/documents/id_card_front").ok(200)
	subject.approve(id).ok(200)
	timeline := string(p.as("ops").get("/v1/registrations/" + id + "/timeline").ok(200).Raw)
	for _, event := range []string{`"event":"document_viewed:id_card_front"`, `"event":"approved"`} {
		require.Regexp(t, event+`[^}]*"actor":"reviewer:`+p.name("reviewer")+`"`, timeline)
	}

	// Their approvals are two people's, and their own cases are not each other's.
	claim := p.contested(p.subject("platform", platform), "张三", person(t, 5).id)
	static.approve(claim).ok(200)
	static.approve(claim).refused(409, "second_reviewer_required")
	p.subject("platform", reviewer).approve(claim).refused(403, "forbidden")
	subject.approve(claim).ok(200)
	require.Equal(t, "objection_period", p.stateOf(claim))
}

// TestCallersOfOneNameShareNothing: neither keys nor endpoints.
func TestCallersOfOneNameShareNothing(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	static, subject := p.as("platform").withKey("k"), p.subject("platform", platform).withKey("k")
	first := static.post("/v1/registrations", person(t, 1).application("acct-1", "individual")).ok(201)
	other := subject.post("/v1/registrations", person(t, 2).application("acct-2", "individual")).ok(201)
	require.NotEqual(t, first.id(), other.id())
	endpoint := subject.post("/v1/webhook-endpoints", map[string]any{"url": "https://example.com/hook"}).ok(201).id()
	p.as("platform").get("/v1/webhook-endpoints/"+endpoint).refused(404, "not_found")
	subject.get("/v1/webhook-endpoints/" + endpoint).ok(200)
}

// TestEndpointsOfBareSubjectsAreAdopted: what an earlier release kept for a subject of the only issuer is that subject's.
func TestEndpointsOfBareSubjectsAreAdopted(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	own := map[string]string{}
	for _, subject := range []string{"anna", "ben"} {
		own[subject] = p.subject(subject, platform).post("/v1/webhook-endpoints", map[string]any{"url": "https://example.com/" + subject}).ok(201).id()
	}
	kept := p.as("platform").post("/v1/webhook-endpoints", map[string]any{"url": "https://example.com/static"}).ok(201).id()
	old := func(id, owner string) {
		t.Helper()
		_, err := p.store.Pool().Exec(t.Context(), `update webhook_endpoints set owner = $2 where id = $1`, id, owner)
		require.NoError(t, err)
	}
	old(own["anna"], "oidc:anna")
	old(own["ben"], "oidc:https://another.example.com#ben")
	for range 2 {
		p.start()
		p.subject("anna", platform).get("/v1/webhook-endpoints/" + own["anna"]).ok(200)
		p.subject("ben", platform).get("/v1/webhook-endpoints/"+own["ben"]).refused(404, "not_found")
		p.as("platform").get("/v1/webhook-endpoints/" + kept).ok(200)
	}
}

// TestOpsAreNamedWithTheirIssuer in what they say of payments, notices and findings.
func TestOpsAreNamedWithTheirIssuer(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	id := p.underReview("acct-1", 5)
	_, err := p.store.Pool().Exec(t.Context(), `insert into findings (id, kind, subject, since, seen_at, tried) values ('fnd_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'run_failing', $1, $2, $2, '')`, id, time.Now())
	require.NoError(t, err)
	a := p.subject("ops", ops).post("/v1/findings/fnd_aaaaaaaaaaaaaaaaaaaaaaaaaa/resolve", map[string]any{"reason": "seen to"}).ok(200)
	require.Equal(t, "ops:"+p.name("ops"), a.Body["resolved_by"])
}
