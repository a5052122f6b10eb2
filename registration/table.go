package registration

import "slices"

// Table returns every legal transition of a kind. Rows of one state and event stand in the order of their guards.
func Table(kind Kind) []Transition {
	switch kind {
	case Individual:
		return individualTable
	case Enterprise:
		return enterpriseTable
	case IdentityClearing:
		return clearingTable
	}
	return nil
}

// individualTable follows the guide, section 5.1.
var individualTable = slices.Concat(
	[]Transition{
		{None, Opened, Always, IdentityRequired, ByApplicant},
		{None, OpenedVerified, Always, DetailsRequired, ByApplicant},

		{IdentityRequired, CardAccepted, Always, CardCodeRequired, ByApplicant},

		{CardCodeRequired, CardAccepted, Always, CardCodeRequired, ByApplicant},
		{CardCodeRequired, CodesExhausted, Always, IdentityRequired, ByApplicant},
		{CardCodeRequired, IdentityRefused, Always, IdentityRequired, ByApplicant},
		{CardCodeRequired, IdentityVerified, CorrectionsLeft, CorrectionRequired, ByApplicant},
		{CardCodeRequired, IdentityVerified, Always, DetailsRequired, ByApplicant},
	},
	review(IdentityRequired),
	ends(IdentityRequired, CardCodeRequired, DetailsRequired, CorrectionRequired),
)

// enterpriseTable follows the guide, section 5.2.
var enterpriseTable = slices.Concat(
	[]Transition{
		{None, Opened, Always, AdminIdentityRequired, ByApplicant},

		{AdminIdentityRequired, IdentityRefused, Always, AdminIdentityRequired, ByWalletHub},
		{AdminIdentityRequired, IdentityVerified, CompanyUnproven, CompanyRequired, ByWalletHub},
		{AdminIdentityRequired, IdentityVerified, CorrectionsLeft, CorrectionRequired, ByWalletHub},
		{AdminIdentityRequired, IdentityVerified, Always, DetailsRequired, ByWalletHub},
		{AdminIdentityRequired, PaymentReturned, Always, AdminIdentityRequired, ByBank},

		{CompanyRequired, AdminReopened, Always, AdminIdentityRequired, ByApplicant},
		{CompanyRequired, CompanyAccepted, Always, PayoutPending, ByApplicant},
	},
	payment(),
	review(AdminIdentityRequired),
	companyAfterProof(DetailsRequired),
	companyAfterProof(CorrectionRequired),
	[]Transition{{UnderReview, PaymentReturned, Always, CompanyRequired, ByBank}},
	ends(AdminIdentityRequired, CompanyRequired, DepositRequired, DepositFailed, DetailsRequired, CorrectionRequired),
	[]Transition{{PayoutPending, WithdrawnByApplicant, Always, Withdrawn, ByApplicant}},
)

// payment is the penny payment's part (对公打款): ordered, settled, its amount read back, or gone wrong.
func payment() []Transition {
	rows := []Transition{
		{PayoutPending, PaymentRefused, Always, CompanyRequired, ByBank},
		{PayoutPending, PaymentSettled, Always, DepositRequired, ByBank},
		{DepositRequired, WindowClosed, Always, DepositFailed, ByClock},
		{DepositFailed, PayoutRequested, Always, PayoutPending, ByApplicant},
		{DepositFailed, CompanyAccepted, Always, PayoutPending, ByApplicant},
		{DepositFailed, PaymentReturned, Always, CompanyRequired, ByBank},
		{DepositFailed, AdminReopened, Always, AdminIdentityRequired, ByApplicant},
	}
	for _, from := range []State{PayoutPending, DepositRequired} {
		rows = append(
			rows,
			Transition{from, DepositConfirmed, CorrectionsLeft, CorrectionRequired, ByApplicant},
			Transition{from, DepositConfirmed, Always, DetailsRequired, ByApplicant},
			Transition{from, OrganizationRefused, Always, CompanyRequired, ByApplicant},
			Transition{from, GuessesExhausted, Always, DepositFailed, ByApplicant},
			Transition{from, PaymentReturned, Always, CompanyRequired, ByBank},
			Transition{from, CompanyAccepted, Always, PayoutPending, ByApplicant},
			Transition{from, CompanyUpdated, Always, from, ByApplicant},
		)
	}
	return rows
}

// companyAfterProof lets proven company information be corrected, with the administrator's role if need be, or be undone
// by the bank's late return.
func companyAfterProof(from State) []Transition {
	return []Transition{
		{from, CompanyAccepted, Always, PayoutPending, ByApplicant},
		{from, CompanyUpdated, Always, from, ByApplicant},
		{from, PaymentReturned, Always, CompanyRequired, ByBank},
		// A new legal representative is another person than the administrator who claims to be it (question 4).
		{from, AdminReopened, Always, AdminIdentityRequired, ByApplicant},
	}
}

// review is submission, decision and correction; identityStep is where a rejection that names the identity leads.
func review(identityStep State) []Transition {
	return []Transition{
		{DetailsRequired, Submitted, Always, UnderReview, ByApplicant},
		{UnderReview, ApprovedByReviewer, Always, Approved, ByReviewer},
		{UnderReview, RejectedByReviewer, Always, Rejected, ByReviewer},
		{UnderReview, CorrectionsRequested, IdentityNamed, identityStep, ByReviewer},
		{UnderReview, CorrectionsRequested, Always, CorrectionRequired, ByReviewer},
		{UnderReview, WithdrawnByApplicant, Always, Withdrawn, ByApplicant},
		{CorrectionRequired, Submitted, Always, UnderReview, ByApplicant},
	}
}

// ends are the ways out of every state that waits for the applicant.
func ends(states ...State) []Transition {
	rows := make([]Transition, 0, 2*len(states))
	for _, s := range states {
		rows = append(
			rows,
			Transition{s, WithdrawnByApplicant, Always, Withdrawn, ByApplicant},
			Transition{s, ExpiredByTime, Always, Expired, ByClock},
		)
	}
	return rows
}
