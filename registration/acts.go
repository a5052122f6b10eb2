package registration

import "slices"

// Act is something a person asks for over the HTTP API.
type Act string

// The acts. Those that go through the workflow are also the names of its updates.
const (
	ActOpen          Act = "open"
	ActCard          Act = "card"
	ActCardCode      Act = "card_code"
	ActCardResend    Act = "card_code_resend"
	ActAdminSession  Act = "admin_session"
	ActCompany       Act = "company"
	ActDeposit       Act = "deposit"
	ActPayout        Act = "payout"
	ActName          Act = "name"
	ActContact       Act = "contact"
	ActDocument      Act = "document"
	ActSubmit        Act = "submit"
	ActWithdraw      Act = "withdraw"
	ActDecide        Act = "decide"
	ActResolvePayout Act = "resolve_payout"
)

// Acts lists every act on a registration that exists.
func Acts() []Act {
	return []Act{
		ActCard, ActCardCode, ActCardResend, ActAdminSession, ActCompany, ActDeposit, ActPayout, ActName, ActContact,
		ActDocument, ActSubmit, ActWithdraw, ActDecide, ActResolvePayout,
	}
}

// Verification reports whether the act counts towards the limit of 20 verification acts in 24 hours.
func (a Act) Verification() bool {
	switch a {
	case ActCard, ActCardCode, ActAdminSession, ActCompany, ActPayout:
		return true
	}
	return false
}

// InputSpent reports whether nothing needs what was handed in once the act is over, however it ended.
func (a Act) InputSpent() bool { return a == ActCompany || a == ActDecide }

// Verdict is what the table says of an act in a state.
type Verdict int

// The verdicts.
const (
	WrongState Verdict = iota // 409 wrong_state
	Locked                    // 409 submitted_locked
	Allowed
)

// editing lists the states before the first submission and those of a correction, where edits are possible.
// Which fields may be edited in a correction is the reviewer's word, not this table's.
var editing = []State{
	IdentityRequired, CardCodeRequired, AdminIdentityRequired, CompanyRequired, PayoutPending, DepositRequired,
	DepositFailed, DetailsRequired, CorrectionRequired,
}

var openStates = append(slices.Clone(editing), UnderReview)

var individualActs = map[Act][]State{
	ActCard:       {IdentityRequired, CardCodeRequired},
	ActCardCode:   {CardCodeRequired},
	ActCardResend: {CardCodeRequired},
	ActName:       editing, ActContact: editing, ActDocument: editing,
	ActSubmit:   {DetailsRequired, CorrectionRequired},
	ActWithdraw: openStates,
	ActDecide:   {UnderReview},
}

var enterpriseActs = map[Act][]State{
	// Once company information is on file the role is chosen again only after other information was refused for it: the step
	// itself checks that.
	ActAdminSession: {AdminIdentityRequired, CompanyRequired, DepositFailed, DetailsRequired, CorrectionRequired},
	// In payout_pending company information is open once the payment is overdue: the step itself checks that.
	ActCompany: {CompanyRequired, PayoutPending, DepositRequired, DepositFailed, DetailsRequired, CorrectionRequired},
	// In payout_pending an amount is taken once the payment was sent: the step itself checks that.
	ActDeposit: {PayoutPending, DepositRequired},
	ActPayout:  {DepositFailed},
	ActName:    editing, ActContact: editing, ActDocument: editing,
	ActSubmit:        {DetailsRequired, CorrectionRequired},
	ActWithdraw:      openStates,
	ActDecide:        {UnderReview},
	ActResolvePayout: States(),
}

// changes are the acts that would change what was submitted.
var changes = []Act{ActCard, ActAdminSession, ActCompany, ActName, ActContact, ActDocument}

// submittedStates are those in which what was submitted is locked, all of it or what no correction names.
var submittedStates = []State{UnderReview, CorrectionRequired, ObjectionPeriod, Clearing}

// Judge says whether an act may be tried in a state. It is the one place the workflow's validators and the API's
// 409s come from.
func Judge(kind Kind, state State, act Act) Verdict {
	table := individualActs
	switch kind {
	case Enterprise:
		table = enterpriseActs
	case IdentityClearing:
		table = clearingActs
	}
	states, known := table[act]
	switch {
	case slices.Contains(states, state):
		return Allowed
	case known && slices.Contains(changes, act) && slices.Contains(submittedStates, state):
		return Locked
	}
	return WrongState
}
