package registration

// Event is something that happened to a registration and is written on its timeline.
type Event string

// The events. A refusal that changes nothing (a wrong code, say) is none.
const (
	Opened               Event = "opened"
	OpenedVerified       Event = "opened_verified"      // the wallet had verified the account already
	CardAccepted         Event = "card_accepted"        // the bank knows the card and has sent a code
	CodesExhausted       Event = "codes_exhausted"      // five wrong SMS codes
	IdentityVerified     Event = "identity_verified"    // proven and claimed
	IdentityRefused      Event = "identity_refused"     // proven, but bound to another account
	AdminReopened        Event = "admin_reopened"       // the administrator's role is chosen again
	CompanyAccepted      Event = "company_accepted"     // company information that needs a payment
	CompanyUpdated       Event = "company_updated"      // company information that needs none
	PaymentSettled       Event = "payment_settled"      // the bank reports that the money has arrived
	PaymentRefused       Event = "payment_refused"      // the bank would not pay
	PaymentReturned      Event = "payment_returned"     // paid and sent back
	DepositConfirmed     Event = "deposit_confirmed"    // the right amount was entered
	OrganizationRefused  Event = "organization_refused" // proven, but bound to another account
	GuessesExhausted     Event = "guesses_exhausted"    // three wrong amounts
	WindowClosed         Event = "window_closed"        // the deposit window passed
	PayoutRequested      Event = "payout_requested"     // the applicant asks for a new payment
	Submitted            Event = "submitted"
	ApprovedByReviewer   Event = "approved"
	CorrectionsRequested Event = "corrections_requested"
	RejectedByReviewer   Event = "rejected"
	WithdrawnByApplicant Event = "withdrawn"
	ExpiredByTime        Event = "expired"
)

// Actor is who made an event happen.
type Actor string

// The actors. A reviewer or ops person is written as "reviewer:name", "ops:name".
const (
	ByApplicant Actor = "applicant"
	ByBank      Actor = "bank"
	ByWalletHub Actor = "wallet"
	ByReviewer  Actor = "reviewer"
	ByOps       Actor = "ops"
	ByClock     Actor = "clock"
)
