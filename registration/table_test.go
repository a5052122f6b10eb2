package registration_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	. "shiming/registration"
)

// reachable walks the table from the beginning over the rows that pass.
func reachable(kind Kind, pass func(Transition) bool) []State {
	seen := []State{None}
	for i := 0; i < len(seen); i++ {
		for _, row := range Table(kind) {
			if row.From == seen[i] && pass(row) && !slices.Contains(seen, row.To) {
				seen = append(seen, row.To)
			}
		}
	}
	return seen[1:]
}

// statesOf is what the HTTP contract says a kind can be in.
func statesOf(kind Kind) []State {
	foreign := []State{AdminIdentityRequired, CompanyRequired, PayoutPending, DepositRequired, DepositFailed}
	if kind == Enterprise {
		foreign = []State{IdentityRequired, CardCodeRequired}
	}
	return slices.DeleteFunc(States(), func(s State) bool { return slices.Contains(foreign, s) })
}

func TestExactlyTheStatesOfAKindAreReached(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds() {
		assert.ElementsMatch(t, statesOf(kind), reachable(kind, func(Transition) bool { return true }), kind)
	}
}

func TestOnlyFinalStatesHaveNoWayOut(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []State{Approved, Rejected, Withdrawn, Expired}, slices.DeleteFunc(States(), func(s State) bool { return !s.Final() }))
	for _, kind := range Kinds() {
		for _, s := range statesOf(kind) {
			leaves := slices.ContainsFunc(Table(kind), func(row Transition) bool { return row.From == s && row.To != s })
			assert.Equal(t, !s.Final(), leaves, "%s: %s", kind, s)
			if s.Final() {
				assert.False(t, slices.ContainsFunc(Table(kind), func(row Transition) bool { return row.From == s }), "%s: %s", kind, s)
			}
		}
	}
}

// TestNobodyIsStuck: approval can still be had from every state that is not final.
func TestNobodyIsStuck(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds() {
		for _, start := range statesOf(kind) {
			if start.Final() {
				continue
			}
			ends := []State{start}
			for i := 0; i < len(ends); i++ {
				for _, row := range Table(kind) {
					if row.From == ends[i] && !slices.Contains(ends, row.To) {
						ends = append(ends, row.To)
					}
				}
			}
			assert.Contains(t, ends, Approved, "%s: from %s", kind, start)
		}
	}
}

// TestNoApprovalWithout takes one kind of step away at a time: approval must then be out of reach. A company whose amount
// was never confirmed is unproven, so the administrator's scan leads nowhere but to company information.
func TestNoApprovalWithout(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind  Kind
		steps []Event
	}{
		"an individual's proven identity": {Individual, []Event{IdentityVerified, OpenedVerified}},
		"an administrator's":              {Enterprise, []Event{IdentityVerified}},
		"company information":             {Enterprise, []Event{CompanyAccepted}},
		"the right amount":                {Enterprise, []Event{DepositConfirmed}},
		"an individual's submission":      {Individual, []Event{Submitted}},
		"a company's submission":          {Enterprise, []Event{Submitted}},
	} {
		unproven := slices.Contains(c.steps, CompanyAccepted) || slices.Contains(c.steps, DepositConfirmed)
		got := reachable(c.kind, func(row Transition) bool {
			skips := row.From == AdminIdentityRequired && row.Event == IdentityVerified && row.Guard != CompanyUnproven
			return !slices.Contains(c.steps, row.Event) && (!unproven || !skips)
		})
		assert.NotContains(t, got, Approved, name)
	}
}

// TestWhoMayDoWhat: only a reviewer decides, and the clock neither approves nor rejects (docs/process.md, review).
func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds() {
		for _, row := range Table(kind) {
			decided := row.To == Approved || row.To == Rejected || row.Event == CorrectionsRequested
			assert.Equal(t, decided, row.By == ByReviewer, "%+v", row)
			assert.Equal(t, row.From == UnderReview && row.Event != WithdrawnByApplicant && row.Event != PaymentReturned, decided, "%+v", row)
			assert.Equal(t, row.Event == ExpiredByTime || row.Event == WindowClosed, row.By == ByClock, "%+v", row)
			assert.NotEqual(t, ByOps, row.By, "ops acts for the bank, never for a reviewer: %+v", row)
		}
	}
}

// TestWaysOut: an applicant may withdraw before the decision, and silence ends only what waits for the applicant.
func TestWaysOut(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds() {
		for _, s := range statesOf(kind) {
			assert.Equal(t, !s.Final(), Knows(kind, s, WithdrawnByApplicant), "%s: %s", kind, s)
			assert.Equal(t, s.WaitingOn() == Applicant, Knows(kind, s, ExpiredByTime), "%s: %s", kind, s)
		}
	}
}

// TestGuardsAreExhaustive: within one state and event guarded rows come first and the last row has no guard, so that a
// legal event always leads somewhere; no row repeats another.
func TestGuardsAreExhaustive(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds() {
		last := map[cell]Guard{}
		seen := map[Transition]bool{}
		for _, row := range Table(kind) {
			before, again := last[cell{row.From, row.Event}]
			assert.False(t, again && before == Always, "unreachable row: %+v", row)
			last[cell{row.From, row.Event}] = row.Guard
			assert.False(t, seen[row], "twice: %+v", row)
			seen[row] = true
		}
		for c, guard := range last {
			assert.Equal(t, Always, guard, "%s: %s on %s", kind, c.from, c.on)
		}
	}
}

func TestEveryEventIsInATable(t *testing.T) {
	t.Parallel()
	used := map[Event]bool{}
	for _, kind := range Kinds() {
		for _, row := range Table(kind) {
			used[row.Event] = true
			assert.Contains(t, allEvents, row.Event)
		}
	}
	assert.Len(t, used, len(allEvents))
}

// TestWaitingOn is the HTTP contract's list.
func TestWaitingOn(t *testing.T) {
	t.Parallel()
	expected := map[State]Party{
		IdentityRequired: Applicant, CardCodeRequired: Applicant, AdminIdentityRequired: Applicant, CompanyRequired: Applicant,
		PayoutPending: Bank, DepositRequired: Applicant, DepositFailed: Applicant, DetailsRequired: Applicant,
		UnderReview: Reviewer, CorrectionRequired: Applicant,
		Approved: Nobody, Rejected: Nobody, Withdrawn: Nobody, Expired: Nobody,
	}
	for _, s := range States() {
		assert.Equal(t, expected[s], s.WaitingOn(), s)
	}
	assert.Len(t, expected, len(States()))
}
