package registration

import (
	"slices"
	"strings"
)

// Field is the path by which requirements, corrections and errors name a part of a registration.
type Field string

// The fields that stand alone; documents are named by [DocumentField], company parts below "company.".
const (
	FieldName         Field = "name"
	FieldIdentity     Field = "identity"
	FieldContact      Field = "contact"
	FieldContactName  Field = "contact.name"
	FieldContactEmail Field = "contact.email"
	FieldContactPhone Field = "contact.phone"
	FieldContactAddr  Field = "contact.address"

	FieldLegalName          Field = "company.legal_name"
	FieldLicenceType        Field = "company.licence_type"
	FieldUSCC               Field = "company.uscc"
	FieldRegistrationNumber Field = "company.registration_number"
	FieldOrganizationCode   Field = "company.organization_code"
	FieldLegalRep           Field = "company.legal_representative"
	FieldCompanyAddress     Field = "company.address"
	FieldBankAccountName    Field = "company.bank.account_name"
	FieldBankAccountNumber  Field = "company.bank.account_number"
	FieldBankName           Field = "company.bank.bank_name"
	FieldCNAPS              Field = "company.bank.cnaps_code"
)

// CompanyFields lists the parts of company information that a rejection can name.
func CompanyFields() []Field {
	return []Field{
		FieldLegalName, FieldLicenceType, FieldUSCC, FieldRegistrationNumber, FieldOrganizationCode, FieldLegalRep,
		FieldCompanyAddress, FieldBankAccountName, FieldBankAccountNumber, FieldBankName, FieldCNAPS,
	}
}

// ContactFields lists the parts of the contact information.
func ContactFields() []Field {
	return []Field{FieldContactName, FieldContactEmail, FieldContactPhone, FieldContactAddr}
}

// Slot is where a document of a registration is kept.
type Slot string

// The slots of a registration's documents.
const (
	IDCardFront         Slot = "id_card_front"
	IDCardBack          Slot = "id_card_back"
	BusinessLicence     Slot = "business_licence"
	AuthorizationLetter Slot = "authorization_letter"
)

// Slots lists every slot.
func Slots() []Slot {
	return []Slot{
		IDCardFront, IDCardBack, BusinessLicence, AuthorizationLetter,
		"qualification_1", "qualification_2", "qualification_3", "qualification_4", "qualification_5",
	}
}

// DocumentField names a document as requirements and corrections do.
func DocumentField(s Slot) Field { return Field("documents." + string(s)) }

// RequiredSlots are the documents without which a registration cannot be submitted. The role is empty for an individual.
func RequiredSlots(kind Kind, role Role) []Slot {
	switch {
	case kind == Individual:
		return []Slot{IDCardFront, IDCardBack}
	case role == AuthorizedAgent:
		return []Slot{BusinessLicence, AuthorizationLetter}
	}
	return []Slot{BusinessLicence}
}

// Fields lists every field a rejection of this kind can name.
func Fields(kind Kind) []Field {
	fields := []Field{FieldName, FieldIdentity}
	fields = append(fields, ContactFields()...)
	if kind == Enterprise {
		fields = append(fields, CompanyFields()...)
	}
	for _, s := range Slots() {
		fields = append(fields, DocumentField(s))
	}
	return fields
}

// KnownField reports whether a rejection of this kind may name f.
func KnownField(kind Kind, f Field) bool {
	if kind == IdentityClearing {
		return KnownClearingField(f)
	}
	return f == FieldContact || f == "company" && kind == Enterprise || slices.Contains(Fields(kind), f)
}

// Covers reports whether naming f opens g: "company" opens "company.uscc".
func (f Field) Covers(g Field) bool { return f == g || strings.HasPrefix(string(g), string(f)+".") }

// In reports whether f is or lies below part, such as "company".
func (f Field) In(part string) bool { return Field(part).Covers(f) }

// Reason is one thing a reviewer asks to be corrected.
type Reason struct {
	Field   Field  `json:"field" doc:"Path of the field to correct" example:"documents.business_licence"`
	Code    string `json:"code" enum:"unreadable,mismatch,expired,incomplete,not_accepted,other" doc:"Why it was not accepted" example:"unreadable"`
	Message string `json:"message" maxLength:"500" doc:"What to do, in the reviewer's words" example:"The seal cannot be read; scan it again."`
}

// Correction is a reason and whether the field has been handed in anew. As it is kept its message is empty, and Words is the
// message, sealed.
type Correction struct {
	Reason
	Done  bool   `json:"done"`
	Words []byte `json:"words,omitempty"`
}

// Corrections are what is to be corrected since the last rejection; empty before the first.
type Corrections []Correction

// Reasons are what was asked for.
func (cs Corrections) Reasons() []Reason {
	reasons := make([]Reason, len(cs))
	for i, c := range cs {
		reasons[i] = c.Reason
	}
	return reasons
}

// Left reports whether something has not been corrected yet.
func (cs Corrections) Left() bool {
	return slices.ContainsFunc(cs, func(c Correction) bool { return !c.Done })
}

// Open reports whether f may be changed: in the first round everything may, afterwards only what is named.
func (cs Corrections) Open(f Field) bool {
	return len(cs) == 0 || slices.ContainsFunc(cs, func(c Correction) bool { return c.Field.Covers(f) || f.Covers(c.Field) })
}

// Awaits reports whether f is named and has not been handed in anew yet.
func (cs Corrections) Awaits(f Field) bool {
	return slices.ContainsFunc(cs, func(c Correction) bool { return !c.Done && c.Field.Covers(f) })
}

// Mark notes that f has been handed in anew.
func (cs Corrections) Mark(f Field) {
	for i := range cs {
		if cs[i].Field.Covers(f) || f.Covers(cs[i].Field) {
			cs[i].Done = true
		}
	}
}
