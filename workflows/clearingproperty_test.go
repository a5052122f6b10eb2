package workflows_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"shiming/internal/dossier"
	"shiming/internal/wallet"
	"shiming/registration"
	"shiming/workflows/workflowtest"
)

// clearingModel drives a clearing, and another beside it, by whatever can happen to them.
type clearingModel struct {
	w       *workflowtest.World
	t       *rapid.T
	r       *workflowtest.ClearingRun // the one that acts are about
	runs    []*workflowtest.ClearingRun
	asked   string
	account string
	n       int
	token   string
	company bool
	rival   *workflowtest.Run // another account's registration, by the same person
}

// TestNoHoldIsLeftBehind: whatever crashes, is lost or stays away, and in whatever order people act, a wallet account is
// held only while its identity is being cleared, for one clearing at a time; an identity is bound to one account at most, and an
// active account to one; another account has it only once it is cleared; a company keeps its account; and what takes an
// identity from somebody who did not ask for it was approved by two reviewers, over an objection by a third. Of its owner's
// clearing and a stranger's claim one at most clears it, and the other comes to an end.
func TestNoHoldIsLeftBehind(t *testing.T) {
	t.Parallel()
	w := workflowtest.New(t, workflowtest.Monday(), nil)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		w.T = rt
		n++
		heal(w)
		m := &clearingModel{w: w, t: rt, n: n, account: fmt.Sprintf("acct-%d", n)}
		m.begin(rapid.SampledFrom([]string{"contested", "by the holder", "of a company", "by letter", "when eligible"}).Draw(rt, "asked"))
		require.Nil(rt, m.r.Refused)
		m.runs = append(m.runs, m.r)
		defer m.close()
		if m.state() == registration.MaterialsRequired && rapid.IntRange(0, 3).Draw(rt, "begin before the review") > 0 {
			m.r.Upload(append(registration.RequiredClearingSlots(), registration.AuthorizationLetter)[:rapid.IntRange(3, 4).Draw(rt, "papers")]...)
			m.r.Submit()
		}
		actions := map[string]func(*rapid.T){
			"materials": m.materials, "submit": m.submit, "approve": m.approve, "approve again": m.approve, "reject": m.reject, "object": m.object,
			"withdraw": m.withdraw, "wait": m.wait, "beside": m.beside, "turn to the other": m.turn, "another account": m.another, "lose calls": m.loseCalls, "crash": m.crash, "wallet": m.wallet, "cards": m.cards,
			"": func(*rapid.T) { m.invariants() },
		}
		rt.Repeat(actions)
		m.recover()
	})
	w.T = t
	t.Log(w.Strings(`select state || ': ' || count(*) from clearings group by state`),
		w.Strings(`select event || ': ' || count(*) from clearing_timeline where event in ('binding_gone', 'identity_cleared') group by event`),
		w.Strings(`select 'rivals in ' || state || ': ' || count(*) from registrations where account_id like 'rival-%' group by state`))
}

// beside has the owner ask for a clearing of their own beside a claim, and a stranger claim beside the owner's.
func (m *clearingModel) beside(t *rapid.T) {
	if len(m.runs) > 1 || m.bound() == 0 {
		return
	}
	heal(m.w) // who asks needs the wallet
	var other *workflowtest.ClearingRun
	if m.asked == "contested" {
		if other = m.w.Clear(m.account, m.n); other.Refused != nil {
			require.Equal(t, registration.CodeClearingNotEligible, other.Refused.Code, "never because of the claim")
			other.Abandon()
			return
		}
	} else {
		other = m.w.Contest(m.n)
		require.Nil(t, other.Refused)
	}
	m.runs = append(m.runs, other)
	m.r = other
	if rapid.IntRange(0, 3).Draw(t, "the other before the review") > 0 {
		m.r.Upload(append(registration.RequiredClearingSlots(), registration.AuthorizationLetter)[:rapid.IntRange(3, 4).Draw(t, "papers")]...)
		m.r.Submit()
	}
}

// turn goes on with the other clearing.
func (m *clearingModel) turn(t *rapid.T) {
	m.r = rapid.SampledFrom(m.runs).Draw(t, "which")
	m.token = ""
}

func (m *clearingModel) bound() int {
	return m.w.Count(`select count(*) from identity_claims where account_id = $1 and subject = 'person' and bound`, m.account)
}

// begin approves an account and asks for its clearing.
func (m *clearingModel) begin(asked string) {
	m.asked = asked
	stranger := m.n + 100_000
	switch asked {
	case "of a company", "by letter":
		m.company = true
		m.w.ApproveEnterprise(m.account, m.n)
	default:
		m.w.ApproveIndividual(m.account, m.n)
	}
	switch asked {
	case "contested":
		m.r = m.w.Contest(m.n)
	case "by letter":
		m.r = m.w.Clear(m.account, stranger)
	case "when eligible":
		m.w.Purse.Set(m.account, func(f *wallet.Facts) { f.OpenedAt = m.w.Now().AddDate(0, 0, -28) })
		m.r = m.w.StartClearing(m.w.ClearingApplication(m.account, workflowtest.ClaimOf(m.n), true))
	default:
		m.r = m.w.Clear(m.account, m.n)
	}
}

func (m *clearingModel) close() {
	if m.rival != nil {
		m.rival.Close()
	}
	for _, r := range m.runs {
		r.Abandon()
	}
}

// crashing are the activities that the worker dies in; "" is any.
func crashing() []string {
	return []string{"HoldAccount", "JudgeConditions", "ForgetIdentity", "ReleaseAccount", "ClearIdentity", "ClearingUnmet", "DecideClearing", "SubmitClearing", "LookClearing", "ClearingAttempt", ""}
}

// heal ends every trouble.
func heal(w *workflowtest.World) {
	w.Purse.Down(false)
	w.Purse.Lose(0, 0)
	for _, at := range crashing() {
		w.Faults.LoseBefore(at, 0)
		w.Faults.LoseAfter(at, 0)
	}
}

func (m *clearingModel) state() registration.State { return m.r.Seen().State }

func (m *clearingModel) materials(t *rapid.T) {
	slots := registration.RequiredClearingSlots()
	if rapid.IntRange(0, 3).Draw(t, "letter") == 0 {
		slots = append(slots, registration.AuthorizationLetter)
	}
	m.r.Upload(slots...)
}

func (m *clearingModel) submit(*rapid.T) { m.r.Submit() }

func (m *clearingModel) approve(t *rapid.T) {
	m.r.ApproveAs(rapid.SampledFrom([]string{"reviewer-1", "reviewer-2", "reviewer-3"}).Draw(t, "reviewer"))
}

func (m *clearingModel) reject(t *rapid.T) {
	m.r.Decide(dossier.Decision{
		Decision: "reject", Final: rapid.IntRange(0, 9).Draw(t, "final") == 0,
		Reasons: []registration.Reason{{Field: "documents.handheld", Code: "unreadable"}},
	})
}

func (m *clearingModel) object(t *rapid.T) {
	if m.state() == registration.ObjectionPeriod {
		m.token = m.r.Token()
	}
	if m.token != "" && rapid.Bool().Draw(t, "object") {
		m.r.Object(m.token)
	}
}

func (m *clearingModel) withdraw(t *rapid.T) {
	if rapid.IntRange(0, 9).Draw(t, "withdraw") == 0 {
		m.r.Withdraw()
	}
}

func (m *clearingModel) wait(t *rapid.T) {
	m.r.Sleep(time.Duration(rapid.IntRange(1, 100).Draw(t, "hours")) * time.Hour)
}

// another registers another account as the same person, as far as that goes.
func (m *clearingModel) another(*rapid.T) {
	if m.rival == nil {
		m.rival = m.w.Start(m.w.Application(registration.Individual, "rival-"+m.account, m.n))
		require.Nil(m.t, m.rival.Refused)
	}
	if m.rival.State().Final() {
		return
	}
	m.rival.Card(workflowtest.Card(m.n))
	m.rival.Code(workflowtest.RightCode)
	if m.rival.View().Identity == nil {
		return
	}
	m.rival.SetContact(workflowtest.Contact(m.n))
	m.rival.Upload(registration.IDCardFront, registration.IDCardBack)
	m.rival.Submit()
	m.rival.Approve()
}

// loseCalls has calls to the wallet lost on their way there, or on their way back.
func (m *clearingModel) loseCalls(t *rapid.T) {
	m.w.Purse.Lose(rapid.IntRange(0, 3).Draw(t, "before"), rapid.IntRange(0, 3).Draw(t, "after"))
}

// crash has the worker die before or after the work of an activity.
func (m *clearingModel) crash(t *rapid.T) {
	at := rapid.SampledFrom(crashing()).Draw(t, "activity")
	if times := rapid.IntRange(1, 3).Draw(t, "times"); rapid.Bool().Draw(t, "before its work") {
		m.w.Faults.LoseBefore(at, times)
	} else {
		m.w.Faults.LoseAfter(at, times)
	}
}

func (m *clearingModel) wallet(t *rapid.T) { m.w.Purse.Down(rapid.Bool().Draw(t, "down")) }

func (m *clearingModel) cards(t *rapid.T) {
	bound := rapid.Bool().Draw(t, "bound")
	m.w.Purse.Set(m.account, func(f *wallet.Facts) {
		if f.CardsLast4 = nil; bound {
			f.CardsLast4 = []string{"8888"}
		}
	})
}

// states are where the clearings stand.
func (m *clearingModel) states() []registration.State {
	var all []registration.State
	for _, r := range m.runs {
		all = append(all, r.Seen().State)
	}
	return all
}

func (m *clearingModel) invariants() {
	states := m.states()
	in := func(s registration.State) bool { return slices.Contains(states, s) }
	held, _ := m.w.Purse.Held(m.account)
	require.False(m.t, held && !in(registration.Clearing), "held in %s", states)
	require.LessOrEqual(m.t, m.w.Count(`select count(*) from clearings where account_id = $1 and hold_open`, m.account), 1)
	cleared, unheld := m.w.Purse.Cleared(m.account)
	require.Zero(m.t, unheld, "forgotten without a hold")
	require.Zero(m.t, m.w.Count(`select count(*) from accounts a where a.standing = 'active' and not exists
		(select from identity_claims c where c.account_id = a.account_id and c.subject = 'person' and c.bound)`), "active and bound to nobody")
	const claims = `select count(*) from identity_claims where account_id = $1 and subject = $2 and (bound or not $3)`
	bound := m.bound()
	if !in(registration.Cleared) {
		require.Zero(m.t, m.w.Count(claims, "rival-"+m.account, "person", false), "another's, but %s", states)
	}
	for _, r := range m.runs {
		m.approvals(r)
	}
	if m.company {
		require.Equal(m.t, 1, m.w.Count(claims, m.account, "organization", true), "the company stays")
	}
	switch {
	case in(registration.Cleared):
		require.Equal(m.t, 1, cleared)
		require.Zero(m.t, bound)
	case in(registration.Clearing): // on its way
	default:
		require.Zero(m.t, cleared, "forgotten, but %s", states)
		require.Equal(m.t, 1, bound, "released, but %s", states)
	}
}

// approvals counts the people who let the newest submission of a clearing pass.
func (m *clearingModel) approvals(r *workflowtest.ClearingRun) {
	id, state := r.Clearing.ClearingID, r.Seen().State
	const approved = `from clearing_timeline where clearing_id = $1 and event = 'approved'
		and id > (select max(id) from clearing_timeline where clearing_id = $1 and event = 'submitted')`
	people := m.w.Count(`select count(distinct actor) `+approved, id)
	require.Equal(m.t, people, m.w.Count(`select count(*) `+approved, id), "somebody has decided twice")
	needed := 1
	if m.w.Count(`select count(*) from clearings k where id = $1 and (contested or exists (select from registrations r where r.id = k.registration_id and r.kind = 'enterprise')
		and exists (select from documents where subject = $1 and slot = 'authorization_letter' and superseded_at is null))`, id) > 0 {
		needed = 2 + m.w.Count(`select count(*) from clearings where id = $1 and objected_at is not null and state <> 'objection_period'`, id)
	}
	if state == registration.ObjectionPeriod || state == registration.Clearing || state == registration.Cleared {
		require.GreaterOrEqual(m.t, people, needed, "in %s", state)
	}
}

// recover brings everything back: then a clearing under way comes to its end, and no hold is left; nor is a clearing of what is
// bound no more, unless its claimant would learn of it.
func (m *clearingModel) recover() {
	heal(m.w)
	for range 2 {
		for _, r := range m.runs {
			r.Sleep(time.Hour)
		}
	}
	require.NotContains(m.t, m.states(), registration.Clearing)
	if slices.Contains(m.states(), registration.Cleared) {
		require.Zero(m.t, m.w.Count(`select count(*) from clearings where account_id = $1 and ended_at is null and (not contested or state <> 'under_review')`, m.account))
	}
	held, _ := m.w.Purse.Held(m.account)
	require.False(m.t, held)
	m.invariants()
}
