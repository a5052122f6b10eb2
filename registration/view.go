package registration

import (
	"strings"
	"time"
)

// View is a registration as every caller sees it: personal data masked, parts that do not exist yet null.
type View struct {
	ID             string        `json:"id" doc:"Opaque id" example:"reg_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	AccountID      string        `json:"account_id" doc:"The platform account that registers" example:"acct-1001"`
	Kind           Kind          `json:"kind" enum:"individual,enterprise" doc:"Who registers" example:"enterprise"`
	Name           string        `json:"name" doc:"Developer or company name shown on the apps" example:"Harbour Light"`
	Locale         Locale        `json:"locale" enum:"zh-CN,en" doc:"Language of notices" example:"zh-CN"`
	State          State         `json:"state" doc:"Where the registration stands" example:"payout_pending"`
	WaitingOn      Party         `json:"waiting_on" enum:"applicant,bank,reviewer,nobody" doc:"Whose move it is" example:"bank"`
	DueAt          *time.Time    `json:"due_at" doc:"When the wait ends or becomes overdue" example:"2026-10-11T00:00:00+08:00"`
	DueProvisional bool          `json:"due_provisional" doc:"The deadline rests on a holiday calendar not yet published"`
	Overdue        bool          `json:"overdue" doc:"The review or the payment is late"`
	Processing     bool          `json:"processing" doc:"An act is still being worked on"`
	CreatedAt      time.Time     `json:"created_at" doc:"When it was started" example:"2026-09-28T09:30:00+08:00"`
	UpdatedAt      time.Time     `json:"updated_at" doc:"When it last changed" example:"2026-09-30T10:00:00+08:00"`
	Requirements   []Requirement `json:"requirements" doc:"What is still to be handed in or corrected"`
	LastError      *LastError    `json:"last_error" doc:"Why the last step was refused after its answer had been given"`
	Identity       *IdentityView `json:"identity" doc:"The verified person"`
	Company        *CompanyView  `json:"company" doc:"Company information"`
	Contact        *ContactView  `json:"contact" doc:"Contact information"`
	Documents      []Document    `json:"documents" doc:"What was uploaded"`
	Payout         *PayoutView   `json:"payout" doc:"The newest penny payment"`
	Review         *ReviewView   `json:"review" doc:"The newest review round"`
}

// Requirement is something still to be handed in or corrected.
type Requirement struct {
	Field   Field  `json:"field" doc:"Path of the field" example:"documents.id_card_front"`
	Code    string `json:"code" doc:"Why it is required" example:"missing"`
	Message string `json:"message" doc:"What to do, in the registration's language" example:"Upload this document."`
}

// LastError is a refusal that came after the act had been answered.
type LastError struct {
	Code    Code         `json:"code" doc:"Machine-readable code" example:"identity_in_use"`
	Message string       `json:"message" doc:"The code in words" example:"This identity is bound to another account."`
	Errors  []FieldError `json:"errors" doc:"Fields concerned"`
	At      time.Time    `json:"at" doc:"When it happened" example:"2026-09-30T10:00:00+08:00"`
}

// IdentityView is the verified person, masked.
type IdentityView struct {
	Verified bool   `json:"verified" doc:"Whether the identity is proven"`
	Method   Method `json:"method" enum:"debit_card,wallet,qr_scan" doc:"How it was proven" example:"debit_card"`
	Role     *Role  `json:"role" enum:"legal_representative,authorized_agent" doc:"An administrator's role; null for an individual" example:"legal_representative"`
	Holder   string `json:"holder" doc:"Masked name" example:"张*"`
	IDNumber string `json:"id_number" doc:"Masked resident ID number" example:"1****************4"`
}

// CompanyView is the company information, masked where it concerns a person or an account.
type CompanyView struct {
	LegalName           string      `json:"legal_name" doc:"Name on the licence" example:"厦门市例示科技有限公司"`
	LicenceType         LicenceType `json:"licence_type" enum:"unified,legacy" doc:"Kind of licence" example:"unified"`
	USCC                *string     `json:"uscc" doc:"Unified social credit code; null on a legacy licence" example:"91350100M000100Y43"`
	RegistrationNumber  string      `json:"registration_number" doc:"Registration number; the USCC on a unified licence" example:"91350100M000100Y43"`
	OrganizationCode    string      `json:"organization_code" doc:"Organisation code; the USCC on a unified licence" example:"91350100M000100Y43"`
	LegalRepresentative string      `json:"legal_representative" doc:"Masked name" example:"王*"`
	Address             string      `json:"address" doc:"Registered address" example:"厦门市思明区例示路1号"`
	Bank                BankView    `json:"bank" doc:"The corporate bank account"`
}

// BankView is a corporate bank account, masked.
type BankView struct {
	AccountName   string `json:"account_name" doc:"Holder of the account" example:"厦门市例示科技有限公司"`
	AccountNumber string `json:"account_number" doc:"Masked number" example:"****6789"`
	BankName      string `json:"bank_name" doc:"Bank and branch" example:"例示银行厦门分行"`
	CNAPSCode     string `json:"cnaps_code" doc:"12-digit CNAPS code (联行号)" example:"102393000012"`
}

// ContactView is the contact information, masked.
type ContactView struct {
	Name    string `json:"name" doc:"Masked name" example:"赵*"`
	Email   string `json:"email" doc:"Masked mailbox" example:"c***@example.com"`
	Phone   string `json:"phone" doc:"Masked phone" example:"138****1234"`
	Address string `json:"address" doc:"Masked address" example:"厦门市***"`
}

// Document is an uploaded file, without its content.
type Document struct {
	Slot        Slot      `json:"slot" doc:"What it shows" example:"business_licence"`
	SHA256      string    `json:"sha256" doc:"Hex SHA-256 of the content" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	Size        int64     `json:"size" doc:"Bytes" example:"12345"`
	ContentType string    `json:"content_type" enum:"image/jpeg,image/png,application/pdf" doc:"Type, by content" example:"image/png"`
	At          time.Time `json:"at" doc:"When it was uploaded" example:"2026-09-30T10:00:00+08:00"`
}

// PayoutState is where a penny payment stands, for callers.
type PayoutState string

// The payment's states: the bank's reports in their order, and our own judgement of what was entered.
const (
	PayoutRequestedState PayoutState = "requested"
	PayoutSent           PayoutState = "sent"
	PayoutSettled        PayoutState = "settled"
	PayoutConfirmed      PayoutState = "confirmed"
	PayoutFailed         PayoutState = "failed"
	PayoutReturned       PayoutState = "returned"
	PayoutVoid           PayoutState = "void"
)

// PayoutView is the penny payment. Its amount is shown to nobody.
type PayoutView struct {
	State            PayoutState `json:"state" enum:"requested,sent,settled,confirmed,failed,returned,void" doc:"Where the payment stands" example:"sent"`
	BankAccountLast4 string      `json:"bank_account_last4" doc:"Last four digits of the account paid to" example:"6789"`
	AttemptsLeft     int         `json:"attempts_left" doc:"Wrong amounts that may still be entered" example:"3"`
	NotifiedAt       *time.Time  `json:"notified_at" doc:"When the first channel accepted the notice" example:"2026-09-30T10:00:00+08:00"`
	ExpectedBy       *time.Time  `json:"expected_by" doc:"When the money should have arrived" example:"2026-10-11T00:00:00+08:00"`
	WindowClosesAt   *time.Time  `json:"window_closes_at" doc:"Until when the amount is taken; null also while the money is late, for the window then stays open until at least a working day after it has come" example:"2026-10-11T00:00:00+08:00"`
	Failure          *string     `json:"failure" doc:"Why it failed" example:"account_not_found"`
	Overdue          bool        `json:"overdue" doc:"The money or the notice is late; ops knows"`
}

// ReviewView is one review round.
type ReviewView struct {
	Round       int       `json:"round" doc:"Counts submissions" example:"1"`
	SubmittedAt time.Time `json:"submitted_at" doc:"When it was submitted" example:"2026-09-30T10:00:00+08:00"`
	DueAt       time.Time `json:"due_at" doc:"When a decision is due" example:"2026-10-11T00:00:00+08:00"`
	Assignee    *string   `json:"assignee" doc:"The reviewer who claimed it" example:"reviewer-1"`
	Decision    *string   `json:"decision" enum:"approve,reject" doc:"The decision" example:"approve"`
	Reasons     []Reason  `json:"reasons" doc:"What is to be corrected"`
}

// TimelineEntry is one line of the audit timeline.
type TimelineEntry struct {
	At    time.Time `json:"at" doc:"When it happened" example:"2026-09-30T10:00:00+08:00"`
	Event string    `json:"event" doc:"What happened" example:"submitted"`
	From  State     `json:"from" doc:"State before" example:"details_required"`
	To    State     `json:"to" doc:"State after" example:"under_review"`
	Actor string    `json:"actor" doc:"Who made it happen" example:"applicant"`
	// By and Reason are there where a person is known, and has said why.
	By     *string `json:"by" doc:"The person or caller behind the actor; null if it is none" example:"zhang"`
	Reason *string `json:"reason" doc:"Why, in the words of ops; null if nobody said, and for a caller who is a platform only" example:"Asked the bank."`
}

// Person is the name of the person or caller in an actor such as ops:zhang; nil if it names none.
func (a Actor) Person() *string {
	if _, name, found := strings.Cut(string(a), ":"); found && name != "" {
		return &name
	}
	return nil
}
