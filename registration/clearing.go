package registration

// IdentityClearing is the table of the clearing of an identity (清除实名, guide section 6, questions 1 and 2). It is no
// developer's kind and stands in no list of them; tables, events and steps are made like a registration's.
const IdentityClearing Kind = "clearing"

// The states that only a clearing has; under_review, rejected and withdrawn are spelled like a registration's.
const (
	WaitingEligibility State = "waiting_eligibility" // only time is missing
	MaterialsRequired  State = "materials_required"  // documents, submit
	ObjectionPeriod    State = "objection_period"    // the account's holder may object
	Clearing           State = "clearing"            // conditions checked again, with a hold on the wallet account
	Cleared            State = "cleared"
)

// ClearingStates lists every state a clearing can have, in the order it meets them.
func ClearingStates() []State {
	return []State{WaitingEligibility, MaterialsRequired, UnderReview, ObjectionPeriod, Clearing, Cleared, Rejected, Withdrawn}
}

// The events that only a clearing has.
const (
	ClearingOpened  Event = "clearing_opened"
	ClearingEarly   Event = "clearing_opened_early" // before it is eligible; time will tell
	BecameEligible  Event = "became_eligible"
	ConditionUnmet  Event = "condition_unmet" // one that time alone does not cure, or that stopped being met
	ObjectionRaised Event = "objection_raised"
	ObjectionOver   Event = "objection_period_over"
	// HolderUnreachable: every channel has refused the notice for good, so nobody was asked.
	HolderUnreachable Event = "holder_unreachable"
	IdentityCleared   Event = "identity_cleared"
	// BindingGone: what was to be cleared is bound no more; another clearing was quicker.
	BindingGone Event = "binding_gone"
)

// The guards of a clearing.
const (
	NothingBound    Guard = "nothing bound"  // what was claimed is bound to no account, or no more
	SecondReview    Guard = "second review"  // contested, or by letter of authorisation: another reviewer must approve too
	ObjectionOwed   Guard = "objection owed" // nobody has tried to ask the account's holder yet
	ContestedByName Guard = "contested"      // the claimant names no account
)

// ByHolder is the actor of an objection: whoever has the link of the notice.
const ByHolder Actor = "holder"

// ActObject is the objection of the account's holder.
const ActObject Act = "object"

// ClearingActs lists every act on a clearing that exists.
func ClearingActs() []Act { return []Act{ActDocument, ActSubmit, ActWithdraw, ActDecide, ActObject} }

var clearingActs = map[Act][]State{
	ActDocument: {MaterialsRequired},
	ActSubmit:   {MaterialsRequired},
	ActWithdraw: {WaitingEligibility, MaterialsRequired, UnderReview, ObjectionPeriod},
	ActDecide:   {UnderReview},
	ActObject:   {ObjectionPeriod},
}

// clearingTable follows the guide, section 6; the objection and the contested claim are ours.
var clearingTable = []Transition{
	{None, ClearingOpened, Always, MaterialsRequired, ByApplicant},
	{None, ClearingEarly, Always, WaitingEligibility, ByApplicant},

	{WaitingEligibility, BindingGone, Always, Rejected, ByWalletHub},
	{MaterialsRequired, BindingGone, Always, Rejected, ByWalletHub},
	{UnderReview, BindingGone, Always, Rejected, ByWalletHub},
	{ObjectionPeriod, BindingGone, Always, Rejected, ByWalletHub},
	{Clearing, BindingGone, Always, Rejected, ByWalletHub},

	{WaitingEligibility, BecameEligible, Always, MaterialsRequired, ByClock},
	{WaitingEligibility, ConditionUnmet, Always, MaterialsRequired, ByClock},
	{WaitingEligibility, WithdrawnByApplicant, Always, Withdrawn, ByApplicant},

	{MaterialsRequired, Submitted, Always, UnderReview, ByApplicant},
	{MaterialsRequired, WithdrawnByApplicant, Always, Withdrawn, ByApplicant},
	{MaterialsRequired, ExpiredByTime, Always, Withdrawn, ByClock},

	{UnderReview, ApprovedByReviewer, NothingBound, Rejected, ByReviewer},
	{UnderReview, ApprovedByReviewer, SecondReview, UnderReview, ByReviewer},
	{UnderReview, ApprovedByReviewer, ObjectionOwed, ObjectionPeriod, ByReviewer},
	{UnderReview, ApprovedByReviewer, Always, Clearing, ByReviewer},
	{UnderReview, CorrectionsRequested, Always, MaterialsRequired, ByReviewer},
	{UnderReview, RejectedByReviewer, Always, Rejected, ByReviewer},
	{UnderReview, WithdrawnByApplicant, Always, Withdrawn, ByApplicant},

	{ObjectionPeriod, ObjectionRaised, ContestedByName, UnderReview, ByHolder},
	{ObjectionPeriod, ObjectionRaised, Always, Rejected, ByHolder},
	{ObjectionPeriod, HolderUnreachable, Always, UnderReview, ByClock},
	{ObjectionPeriod, ObjectionOver, Always, Clearing, ByClock},
	{ObjectionPeriod, WithdrawnByApplicant, Always, Withdrawn, ByApplicant},

	{Clearing, ConditionUnmet, Always, MaterialsRequired, ByWalletHub},
	{Clearing, IdentityCleared, Always, Cleared, ByWalletHub},
}
