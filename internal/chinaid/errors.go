package chinaid

// Kind names the identifier that was expected.
type Kind string

// The kinds of identifier.
const (
	KindResidentID         Kind = "resident ID number"
	KindUSCC               Kind = "unified social credit code"
	KindOrganizationCode   Kind = "organisation code"
	KindRegistrationNumber Kind = "registration number"
	KindCard               Kind = "card number"
	KindMobile             Kind = "mobile number"
	KindBankAccount        Kind = "bank account number"
	KindCNAPS              Kind = "CNAPS code"
	KindEmail              Kind = "e-mail address"
	KindName               Kind = "name"
	KindText               Kind = "text"
)

// Reason says in a few words what is wrong, fit to be shown to whoever typed the value.
type Reason string

// The reasons for a refusal.
const (
	ReasonEmpty     Reason = "is empty"
	ReasonLength    Reason = "has the wrong length"
	ReasonCharacter Reason = "holds a character that does not belong there"
	ReasonRegion    Reason = "does not begin with a region code"
	ReasonDate      Reason = "holds no real date"
	ReasonCheck     Reason = "does not match its check character"
	ReasonForm      Reason = "has not the expected form"
	ReasonNoLetter  Reason = "holds no letter"
)

// Error is the only error of this package. It never holds any part of the refused value.
type Error struct {
	Kind   Kind
	Reason Reason
}

// Error implements error.
func (e *Error) Error() string { return string(e.Kind) + " " + string(e.Reason) }

// Is matches another *Error whose Kind and Reason agree; an empty one agrees with all, so that
// errors.Is(err, &Error{Kind: KindCard}) asks for any refusal of a card number.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && (t.Kind == "" || t.Kind == e.Kind) && (t.Reason == "" || t.Reason == e.Reason)
}

func refuse(k Kind, r Reason) error { return &Error{Kind: k, Reason: r} }
