package registration_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	. "shiming/registration"
)

// allEvents is every event there is: a new one must be named here, and then be somewhere in a table.
var allEvents = []Event{
	Opened, OpenedVerified, CardAccepted, CodesExhausted, IdentityVerified, IdentityRefused, AdminReopened, CompanyAccepted,
	CompanyUpdated, PaymentSettled, PaymentRefused, PaymentReturned, DepositConfirmed, OrganizationRefused,
	GuessesExhausted, WindowClosed, PayoutRequested, Submitted, ApprovedByReviewer, CorrectionsRequested,
	RejectedByReviewer, WithdrawnByApplicant, ExpiredByTime,
}

// allFacts is every combination of what the guards look at.
func allFacts() []Facts {
	var all []Facts
	for bits := range 8 {
		all = append(all, Facts{IdentityNamed: bits&1 != 0, CompanyUnproven: bits&2 != 0, CorrectionsLeft: bits&4 != 0})
	}
	return all
}

// from and on make a cell of the expectation below.
type cell struct {
	from State
	on   Event
}

// leads is where a cell leads: always to one state, or to one of two or three by the facts.
type leads func(f Facts) State

func to(s State) leads { return func(Facts) State { return s } }

func backTo(details State) leads {
	return func(f Facts) State {
		if f.CorrectionsLeft {
			return CorrectionRequired
		}
		return details
	}
}

func rejection(identityStep State) leads {
	return func(f Facts) State {
		if f.IdentityNamed {
			return identityStep
		}
		return CorrectionRequired
	}
}

// individual is section 5.1 of the guide, written down a second time as a matrix: what is not here is illegal.
var individual = map[cell]leads{
	{None, Opened}:                             to(IdentityRequired),
	{None, OpenedVerified}:                     to(DetailsRequired),
	{IdentityRequired, CardAccepted}:           to(CardCodeRequired),
	{CardCodeRequired, CardAccepted}:           to(CardCodeRequired),
	{CardCodeRequired, CodesExhausted}:         to(IdentityRequired),
	{CardCodeRequired, IdentityRefused}:        to(IdentityRequired),
	{CardCodeRequired, IdentityVerified}:       backTo(DetailsRequired),
	{DetailsRequired, Submitted}:               to(UnderReview),
	{UnderReview, ApprovedByReviewer}:          to(Approved),
	{UnderReview, RejectedByReviewer}:          to(Rejected),
	{UnderReview, CorrectionsRequested}:        rejection(IdentityRequired),
	{CorrectionRequired, Submitted}:            to(UnderReview),
	{IdentityRequired, WithdrawnByApplicant}:   to(Withdrawn),
	{CardCodeRequired, WithdrawnByApplicant}:   to(Withdrawn),
	{DetailsRequired, WithdrawnByApplicant}:    to(Withdrawn),
	{UnderReview, WithdrawnByApplicant}:        to(Withdrawn),
	{CorrectionRequired, WithdrawnByApplicant}: to(Withdrawn),
	{IdentityRequired, ExpiredByTime}:          to(Expired),
	{CardCodeRequired, ExpiredByTime}:          to(Expired),
	{DetailsRequired, ExpiredByTime}:           to(Expired),
	{CorrectionRequired, ExpiredByTime}:        to(Expired),
}

// enterprise is section 5.2.
var enterprise = map[cell]leads{
	{None, Opened}:                           to(AdminIdentityRequired),
	{AdminIdentityRequired, IdentityRefused}: to(AdminIdentityRequired),
	{AdminIdentityRequired, IdentityVerified}: func(f Facts) State {
		if f.CompanyUnproven {
			return CompanyRequired
		}
		return backTo(DetailsRequired)(f)
	},
	{AdminIdentityRequired, PaymentReturned}: to(AdminIdentityRequired),

	{CompanyRequired, AdminReopened}:   to(AdminIdentityRequired),
	{CompanyRequired, CompanyAccepted}: to(PayoutPending),

	{PayoutPending, PaymentRefused}:        to(CompanyRequired),
	{PayoutPending, PaymentSettled}:        to(DepositRequired),
	{PayoutPending, DepositConfirmed}:      backTo(DetailsRequired),
	{PayoutPending, OrganizationRefused}:   to(CompanyRequired),
	{PayoutPending, GuessesExhausted}:      to(DepositFailed),
	{PayoutPending, PaymentReturned}:       to(CompanyRequired),
	{PayoutPending, CompanyAccepted}:       to(PayoutPending),
	{PayoutPending, CompanyUpdated}:        to(PayoutPending),
	{DepositRequired, WindowClosed}:        to(DepositFailed),
	{DepositRequired, DepositConfirmed}:    backTo(DetailsRequired),
	{DepositRequired, OrganizationRefused}: to(CompanyRequired),
	{DepositRequired, GuessesExhausted}:    to(DepositFailed),
	{DepositRequired, PaymentReturned}:     to(CompanyRequired),
	{DepositRequired, CompanyAccepted}:     to(PayoutPending),
	{DepositRequired, CompanyUpdated}:      to(DepositRequired),
	{DepositFailed, PayoutRequested}:       to(PayoutPending),
	{DepositFailed, CompanyAccepted}:       to(PayoutPending),
	{DepositFailed, PaymentReturned}:       to(CompanyRequired),
	{DepositFailed, AdminReopened}:         to(AdminIdentityRequired),

	{DetailsRequired, Submitted}:          to(UnderReview),
	{DetailsRequired, CompanyAccepted}:    to(PayoutPending),
	{DetailsRequired, CompanyUpdated}:     to(DetailsRequired),
	{DetailsRequired, PaymentReturned}:    to(CompanyRequired),
	{DetailsRequired, AdminReopened}:      to(AdminIdentityRequired),
	{CorrectionRequired, AdminReopened}:   to(AdminIdentityRequired),
	{CorrectionRequired, Submitted}:       to(UnderReview),
	{CorrectionRequired, CompanyAccepted}: to(PayoutPending),
	{CorrectionRequired, CompanyUpdated}:  to(CorrectionRequired),
	{CorrectionRequired, PaymentReturned}: to(CompanyRequired),

	{UnderReview, ApprovedByReviewer}:   to(Approved),
	{UnderReview, RejectedByReviewer}:   to(Rejected),
	{UnderReview, CorrectionsRequested}: rejection(AdminIdentityRequired),
	{UnderReview, PaymentReturned}:      to(CompanyRequired),

	{AdminIdentityRequired, WithdrawnByApplicant}: to(Withdrawn),
	{CompanyRequired, WithdrawnByApplicant}:       to(Withdrawn),
	{PayoutPending, WithdrawnByApplicant}:         to(Withdrawn),
	{DepositRequired, WithdrawnByApplicant}:       to(Withdrawn),
	{DepositFailed, WithdrawnByApplicant}:         to(Withdrawn),
	{DetailsRequired, WithdrawnByApplicant}:       to(Withdrawn),
	{UnderReview, WithdrawnByApplicant}:           to(Withdrawn),
	{CorrectionRequired, WithdrawnByApplicant}:    to(Withdrawn),
	{AdminIdentityRequired, ExpiredByTime}:        to(Expired),
	{CompanyRequired, ExpiredByTime}:              to(Expired),
	{DepositRequired, ExpiredByTime}:              to(Expired),
	{DepositFailed, ExpiredByTime}:                to(Expired),
	{DetailsRequired, ExpiredByTime}:              to(Expired),
	{CorrectionRequired, ExpiredByTime}:           to(Expired),
}

func expectation(kind Kind) map[cell]leads {
	if kind == Enterprise {
		return enterprise
	}
	return individual
}

// TestEveryStep walks all kinds, states, events and facts: legal steps lead where they should, all others are refused.
func TestEveryStep(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds() {
		for _, from := range append(States(), None) {
			for _, event := range allEvents {
				expected, legal := expectation(kind)[cell{from, event}]
				assert.Equal(t, legal, Knows(kind, from, event), "%s: %q on %s", kind, from, event)
				for _, facts := range allFacts() {
					got, err := Next(kind, from, event, facts)
					if legal {
						require.NoError(t, err, "%s: %q on %s with %+v", kind, from, event, facts)
						assert.Equal(t, expected(facts), got, "%s: %q on %s with %+v", kind, from, event, facts)
						continue
					}
					var illegal *IllegalTransitionError
					require.ErrorAs(t, err, &illegal, "%s: %q on %s", kind, from, event)
					assert.Equal(t, IllegalTransitionError{Kind: kind, From: from, Event: event}, *illegal)
					assert.Equal(t, None, got)
				}
			}
		}
	}
}

func TestAnUnknownKindHasNoSteps(t *testing.T) {
	t.Parallel()
	assert.Empty(t, Table("company"))
	_, err := Next("company", None, Opened, Facts{})
	assert.EqualError(t, err, `registration: no transition for company in state "" on "opened"`)
}
