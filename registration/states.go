package registration

// State is where a registration stands. The spelling is the HTTP contract's.
type State string

// The states. None is the state before the registration exists.
const (
	None                  State = ""
	IdentityRequired      State = "identity_required"       // 联系人实名认证
	CardCodeRequired      State = "card_code_required"      // the bank has sent an SMS code
	AdminIdentityRequired State = "admin_identity_required" // 企业管理员实名认证
	CompanyRequired       State = "company_required"        // 企业信息
	PayoutPending         State = "payout_pending"          // 打款申请已发起: the penny payment is on its way
	DepositRequired       State = "deposit_required"        // 对公打款: the money has arrived, its amount is awaited
	DepositFailed         State = "deposit_failed"          // window passed or guesses used up
	DetailsRequired       State = "details_required"        // contact, documents, submit
	UnderReview           State = "under_review"            // 审核中
	CorrectionRequired    State = "correction_required"     // 驳回, to be corrected
	Approved              State = "approved"
	Rejected              State = "rejected"
	Withdrawn             State = "withdrawn"
	Expired               State = "expired"
)

// States lists every state a stored registration can have, in the order a registration meets them.
func States() []State {
	return []State{
		IdentityRequired, CardCodeRequired, AdminIdentityRequired, CompanyRequired, PayoutPending, DepositRequired,
		DepositFailed, DetailsRequired, UnderReview, CorrectionRequired, Approved, Rejected, Withdrawn, Expired,
	}
}

// Final reports whether nothing can follow s.
func (s State) Final() bool {
	switch s {
	case Approved, Rejected, Withdrawn, Expired, Cleared:
		return true
	}
	return false
}

// Party is somebody a registration can wait for.
type Party string

// The parties.
const (
	Applicant Party = "applicant"
	Bank      Party = "bank"
	Reviewer  Party = "reviewer"
	Nobody    Party = "nobody"
)

// WaitingOn says whose move it is in s.
func (s State) WaitingOn() Party {
	switch {
	case s.Final(), s == WaitingEligibility, s == ObjectionPeriod, s == Clearing:
		return Nobody
	case s == PayoutPending:
		return Bank
	case s == UnderReview:
		return Reviewer
	}
	return Applicant
}
