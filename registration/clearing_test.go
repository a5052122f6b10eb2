package registration_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	. "shiming/registration"
)

// clearingEvents is every event a clearing can have.
var clearingEvents = []Event{
	ClearingOpened, ClearingEarly, BecameEligible, ConditionUnmet, ObjectionRaised, ObjectionOver,
	HolderUnreachable, IdentityCleared, BindingGone,
	Submitted, ApprovedByReviewer, CorrectionsRequested, RejectedByReviewer, WithdrawnByApplicant, ExpiredByTime,
}

func clearingFacts() []Facts {
	var all []Facts
	for bits := range 16 {
		all = append(all, Facts{NothingBound: bits&1 != 0, SecondReview: bits&2 != 0, ObjectionOwed: bits&4 != 0, ContestedByName: bits&8 != 0})
	}
	return all
}

// clearingMatrix is the process written down a second time: what is not here is illegal.
var clearingMatrix = map[cell]leads{
	{None, ClearingOpened}: to(MaterialsRequired),
	{None, ClearingEarly}:  to(WaitingEligibility),

	{WaitingEligibility, BindingGone}: to(Rejected),
	{MaterialsRequired, BindingGone}:  to(Rejected),
	{UnderReview, BindingGone}:        to(Rejected),
	{ObjectionPeriod, BindingGone}:    to(Rejected),
	{Clearing, BindingGone}:           to(Rejected),

	{WaitingEligibility, BecameEligible}:       to(MaterialsRequired),
	{WaitingEligibility, ConditionUnmet}:       to(MaterialsRequired),
	{WaitingEligibility, WithdrawnByApplicant}: to(Withdrawn),

	{MaterialsRequired, Submitted}:            to(UnderReview),
	{MaterialsRequired, WithdrawnByApplicant}: to(Withdrawn),
	{MaterialsRequired, ExpiredByTime}:        to(Withdrawn),

	{UnderReview, ApprovedByReviewer}: func(f Facts) State {
		switch {
		case f.NothingBound:
			return Rejected
		case f.SecondReview:
			return UnderReview
		case f.ObjectionOwed:
			return ObjectionPeriod
		}
		return Clearing
	},
	{UnderReview, CorrectionsRequested}: to(MaterialsRequired),
	{UnderReview, RejectedByReviewer}:   to(Rejected),
	{UnderReview, WithdrawnByApplicant}: to(Withdrawn),

	{ObjectionPeriod, ObjectionRaised}: func(f Facts) State {
		if f.ContestedByName {
			return UnderReview
		}
		return Rejected
	},
	{ObjectionPeriod, HolderUnreachable}:    to(UnderReview),
	{ObjectionPeriod, ObjectionOver}:        to(Clearing),
	{ObjectionPeriod, WithdrawnByApplicant}: to(Withdrawn),

	{Clearing, ConditionUnmet}:  to(MaterialsRequired),
	{Clearing, IdentityCleared}: to(Cleared),
}

func TestEveryStepOfAClearing(t *testing.T) {
	t.Parallel()
	for _, from := range append(ClearingStates(), None) {
		for _, event := range clearingEvents {
			want, legal := clearingMatrix[cell{from, event}]
			assert.Equal(t, legal, Knows(IdentityClearing, from, event), "%s on %s", from, event)
			for _, facts := range clearingFacts() {
				got, err := Next(IdentityClearing, from, event, facts)
				if !legal {
					var illegal *IllegalTransitionError
					require.ErrorAs(t, err, &illegal, "%s on %s", from, event)
					continue
				}
				require.NoError(t, err)
				assert.Equal(t, want(facts), got, "%s on %s with %+v", from, event, facts)
			}
		}
	}
}

func TestEveryClearingEventIsSomewhere(t *testing.T) {
	t.Parallel()
	for _, event := range clearingEvents {
		assert.True(t, func() bool {
			for _, row := range Table(IdentityClearing) {
				if row.Event == event {
					return true
				}
			}
			return false
		}(), event)
	}
	for _, row := range Table(IdentityClearing) {
		assert.Contains(t, clearingEvents, row.Event)
		assert.Contains(t, append(ClearingStates(), None), row.From)
		assert.Contains(t, ClearingStates(), row.To)
		assert.False(t, row.From.Final(), "%s is an end", row.From)
	}
}

// TestActsOnAClearing walks every act and state.
func TestActsOnAClearing(t *testing.T) {
	t.Parallel()
	const a, l = Allowed, Locked
	want := map[Act]map[State]Verdict{
		ActDocument: {MaterialsRequired: a, UnderReview: l, ObjectionPeriod: l, Clearing: l},
		ActSubmit:   {MaterialsRequired: a},
		ActWithdraw: {WaitingEligibility: a, MaterialsRequired: a, UnderReview: a, ObjectionPeriod: a},
		ActDecide:   {UnderReview: a},
		ActObject:   {ObjectionPeriod: a},
	}
	for _, act := range ClearingActs() {
		for _, state := range ClearingStates() {
			assert.Equal(t, want[act][state], Judge(IdentityClearing, state, act), "%s in %s", act, state)
		}
	}
	for _, act := range []Act{ActCard, ActCompany, ActDeposit, ActName} {
		assert.Equal(t, WrongState, Judge(IdentityClearing, MaterialsRequired, act), act)
	}
}

func TestWhatTimeCures(t *testing.T) {
	t.Parallel()
	early, late := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	met, young, frozen := Condition{Met: new(true)}, Condition{Met: new(false), EligibleAt: &early}, Condition{Met: new(false), EligibleAt: &late}
	unknown, carded := Condition{}, Condition{Met: new(false)}

	assert.True(t, Conditions{met, unknown}.Eligible())
	assert.False(t, Conditions{met, young}.Eligible())

	at, ok := Conditions{young, met, frozen, unknown}.EligibleAt()
	assert.True(t, ok)
	assert.Equal(t, late, at, "the latest of the dates")
	_, ok = Conditions{young, carded}.EligibleAt()
	assert.False(t, ok, "time does not unbind a card")
}
