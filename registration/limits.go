package registration

import (
	"cmp"
	"time"
)

// The limits of the process (docs/process.md; ours where the guide is silent).
const (
	CodeGuesses        = 5               // wrong SMS codes before the identity step starts over
	CodeResends        = 5               // SMS codes of one binding after the first
	CodeLifetime       = 5 * time.Minute // also the QR session's
	CodeResendInterval = time.Minute
	AmountGuesses      = 3 // wrong amounts before a payment is void
	PaymentsPerAccount = 2 // payments to one bank account in PaymentDays
	PaymentDays        = 30
	VoidsPerAccount    = 4 // voided payments to one bank account, none confirmed since: then only ops opens another
	WindowDays         = 3 // working days after the notice
	SettledDays        = 1 // working days after the money arrived, if that is later
	NoticeOverdueDays  = 1 // working days without a channel that accepts the payment notice
	ReviewDays         = 3 // working days; reminders after each day before
	IdleDays           = 30
	IdleReminderDays   = 7  // before IdleDays
	PasswordErrors     = 5  // per account in a day
	MismatchesAccount  = 5  // per card and account in a day
	MismatchesCard     = 20 // per card in a day
	ClaimMismatches    = 5  // claims to an identity that are not its holder's, per account and per ID number in a day
	ContactMismatches  = 5  // contact information that differs where it must not, per account in a day
	ContestsANumber    = 5  // contested claims to an ID number, per caller in a day
	ContestsACaller    = 20 // contested claims of a caller in a day
	VerificationActs   = 20 // in a day, per registration and per account over all its registrations
	ActsAnHour         = 60 // of each kind, per registration or clearing, unless configured otherwise
	OpeningsADay       = 20 // registrations of an account opened in a day: as many as it has verification acts
	PaymentsADay       = 4  // payments to an account in a day, over all its registrations; an honest one needs one or two
	ActsPerAddress     = 40 // acts in a day that send something to one phone, or to one mailbox, over all accounts
	GrantsPerAccount   = 3  // payments in PaymentDays that ops may grant to one bank account
	// ActAnswered is by when the caller of an act has been answered, with 202 at the latest; ActOffered is for how long an act
	// that was answered 202 is offered to its run. What comes later changes nothing.
	ActAnswered = 2 * time.Minute
	ActOffered  = 7 * 24 * time.Hour
)

// Ceilings are the most that may be spent in a day over all, in payments and in messages.
type Ceilings struct{ Payments, SMS, Mails int }

// DefaultCeilings are such that a small platform never meets them.
func DefaultCeilings() Ceilings { return Ceilings{Payments: 2_000, SMS: 20_000, Mails: 50_000} }

// Or is c with whatever it leaves out taken from others.
func (c Ceilings) Or(others Ceilings) Ceilings {
	return Ceilings{Payments: cmp.Or(c.Payments, others.Payments), SMS: cmp.Or(c.SMS, others.SMS), Mails: cmp.Or(c.Mails, others.Mails)}
}

// LongestMessageCall is the longest that a setting may allow a provider for taking a message: a try of the workflows is longer.
const LongestMessageCall = 45 * time.Second
