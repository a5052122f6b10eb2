package registration_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	. "shiming/registration"
)

// causes are the events that an act can make happen. An act that is not here makes none.
var causes = map[Act][]Event{
	ActCard:       {CardAccepted},
	ActCardCode:   {IdentityVerified, IdentityRefused, CodesExhausted},
	ActCompany:    {CompanyAccepted, CompanyUpdated},
	ActDeposit:    {DepositConfirmed, OrganizationRefused, GuessesExhausted},
	ActPayout:     {PayoutRequested},
	ActSubmit:     {Submitted},
	ActWithdraw:   {WithdrawnByApplicant},
	ActDecide:     {ApprovedByReviewer, RejectedByReviewer, CorrectionsRequested},
	ActCardResend: nil, ActAdminSession: nil, ActName: nil, ActContact: nil, ActDocument: nil, ActResolvePayout: nil,
}

// TestActsFollowTheTable: an act that causes events is allowed exactly where the table knows all of them, or, for
// company information, at least one (which of the two follows from what has changed).
func TestActsFollowTheTable(t *testing.T) {
	t.Parallel()
	require.Len(t, causes, len(Acts()), "an act without a line in causes")
	for _, kind := range Kinds() {
		for act, events := range causes {
			if events == nil {
				continue
			}
			for _, s := range statesOf(kind) {
				legal := 0
				for _, e := range events {
					if Knows(kind, s, e) {
						legal++
					}
				}
				// The administrator's scan proves an identity too, but that is the wallet's report and no act.
				if act == ActCardCode && kind == Enterprise {
					legal = 0
				}
				allowed := Judge(kind, s, act) == Allowed
				assert.Equal(t, legal > 0, allowed, "%s: %s in %s", kind, act, s)
				if allowed && act != ActCompany {
					assert.Len(t, events, legal, "%s: %s in %s is allowed, but not all it can lead to is", kind, act, s)
				}
			}
		}
	}
}

// TestWhereActsAreAllowed is the HTTP contract's list of the acts that cause no event by themselves, and of those whose
// place it names.
func TestWhereActsAreAllowed(t *testing.T) {
	t.Parallel()
	final := []State{Approved, Rejected, Withdrawn, Expired}
	open := func(kind Kind) []State {
		return slices.DeleteFunc(statesOf(kind), func(s State) bool { return slices.Contains(final, s) })
	}
	editable := func(kind Kind) []State {
		return slices.DeleteFunc(open(kind), func(s State) bool { return s == UnderReview })
	}
	for act, in := range map[Act]map[Kind][]State{
		ActCard:         {Individual: {IdentityRequired, CardCodeRequired}},
		ActCardCode:     {Individual: {CardCodeRequired}},
		ActCardResend:   {Individual: {CardCodeRequired}},
		ActAdminSession: {Enterprise: {AdminIdentityRequired, CompanyRequired, DepositFailed, DetailsRequired, CorrectionRequired}},
		ActCompany: {Enterprise: {
			CompanyRequired, PayoutPending, DepositRequired, DepositFailed, DetailsRequired, CorrectionRequired,
		}},
		ActDeposit:       {Enterprise: {PayoutPending, DepositRequired}},
		ActPayout:        {Enterprise: {DepositFailed}},
		ActName:          {Individual: editable(Individual), Enterprise: editable(Enterprise)},
		ActContact:       {Individual: editable(Individual), Enterprise: editable(Enterprise)},
		ActDocument:      {Individual: editable(Individual), Enterprise: editable(Enterprise)},
		ActSubmit:        {Individual: {DetailsRequired, CorrectionRequired}, Enterprise: {DetailsRequired, CorrectionRequired}},
		ActWithdraw:      {Individual: open(Individual), Enterprise: open(Enterprise)},
		ActDecide:        {Individual: {UnderReview}, Enterprise: {UnderReview}},
		ActResolvePayout: {Enterprise: statesOf(Enterprise)},
	} {
		for _, kind := range Kinds() {
			for _, s := range statesOf(kind) {
				assert.Equal(t, slices.Contains(in[kind], s), Judge(kind, s, act) == Allowed, "%s: %s in %s", kind, act, s)
			}
		}
	}
}

// TestWhatIsLocked: what would change a submitted registration is told apart from what makes no sense in a state.
func TestWhatIsLocked(t *testing.T) {
	t.Parallel()
	changes := map[Kind][]Act{
		Individual: {ActCard, ActName, ActContact, ActDocument},
		Enterprise: {ActAdminSession, ActCompany, ActName, ActContact, ActDocument},
	}
	for _, kind := range Kinds() {
		for _, s := range statesOf(kind) {
			for _, act := range Acts() {
				verdict := Judge(kind, s, act)
				change := slices.Contains(changes[kind], act)
				switch {
				case s == UnderReview && change:
					assert.Equal(t, Locked, verdict, "%s: %s in %s", kind, act, s)
				case s == CorrectionRequired && change:
					assert.NotEqual(t, WrongState, verdict, "%s: %s in %s", kind, act, s)
				default:
					assert.NotEqual(t, Locked, verdict, "%s: %s in %s", kind, act, s)
				}
			}
		}
	}
}

func TestRefusalsOfActs(t *testing.T) {
	t.Parallel()
	assert.Nil(t, RefuseAct(Individual, IdentityRequired, ActCard))
	assert.Equal(t, &Refusal{Code: CodeSubmittedLocked, State: UnderReview}, RefuseAct(Individual, UnderReview, ActContact))
	assert.Equal(t, &Refusal{Code: CodeWrongState, State: UnderReview}, RefuseAct(Individual, UnderReview, ActSubmit))
	assert.Equal(t, &Refusal{Code: CodeWrongState, State: Approved}, RefuseAct(Enterprise, Approved, ActContact))
	assert.Equal(t, &Refusal{Code: CodeWrongState, State: UnderReview}, RefuseAct(Individual, UnderReview, ActCompany), "no such act for a person")
}

func TestOpeningIsJudgedByNoState(t *testing.T) {
	t.Parallel()
	assert.NotContains(t, Acts(), ActOpen)
	for _, kind := range Kinds() {
		for _, s := range States() {
			assert.Equal(t, WrongState, Judge(kind, s, ActOpen))
		}
	}
}

// TestVerificationActs is the process's list: card, card/code, admin-session, company, payout.
func TestVerificationActs(t *testing.T) {
	t.Parallel()
	counted := slices.DeleteFunc(Acts(), func(a Act) bool { return !a.Verification() })
	assert.Equal(t, []Act{ActCard, ActCardCode, ActAdminSession, ActCompany, ActPayout}, counted)
}
