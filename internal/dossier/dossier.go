// Package dossier holds the shapes in which the vault keeps what an applicant handed in, and their masked faces.
//
// It promises that a value of these types was checked and brought to its canonical form before it was kept, and that
// the masked faces are all that leaves the vault for callers. It refuses to be logged: its types print nothing.
package dossier

import (
	"log/slog"

	"shiming/internal/chinaid"
	"shiming/registration"
)

// Private is embedded by every type here: it keeps them out of logs and formatted strings.
type Private struct{}

// String names nothing.
func (Private) String() string { return "[private]" }

// GoString names nothing.
func (Private) GoString() string { return "[private]" }

// LogValue names nothing.
func (Private) LogValue() slog.Value { return slog.StringValue("[private]") }

// Applicant is who started the registration.
type Applicant struct {
	Private `json:"-"`
	Name    string `json:"name"` // the developer name (开发者名称)
	Email   string `json:"email"`
	Phone   string `json:"phone"`
}

// Person is a verified identity.
type Person struct {
	Private  `json:"-"`
	Holder   string `json:"holder"`
	IDNumber string `json:"id_number"` // canonical resident ID
}

// View masks the person.
func (p Person) View(method registration.Method, role registration.Role) *registration.IdentityView {
	v := &registration.IdentityView{Verified: true, Method: method, Role: given(role), Holder: chinaid.MaskName(p.Holder)}
	if id, err := chinaid.ParseResidentID(p.IDNumber); err == nil {
		v.IDNumber = id.Masked()
	}
	return v
}

// given is nil for what there is none of.
func given[T ~string](v T) *T {
	if v == "" {
		return nil
	}
	return &v
}

// Card is a personal debit card with the details its bank has on file.
type Card struct {
	Private  `json:"-"`
	Number   string `json:"number"`
	Holder   string `json:"holder"`
	IDNumber string `json:"id_number"`
	Phone    string `json:"phone"`
}

// Person is whom the card identifies.
func (c Card) Person() Person { return Person{Holder: c.Holder, IDNumber: c.IDNumber} }

// Code is an SMS code as entered.
type Code struct {
	Private `json:"-"`
	Code    string `json:"code"`
}

// Amount is what the applicant read off the statement.
type Amount struct {
	Private `json:"-"`
	Fen     int64 `json:"fen"`
}

// Bank is a corporate bank account.
type Bank struct {
	Private       `json:"-"`
	AccountName   string `json:"account_name"`
	AccountNumber string `json:"account_number"`
	BankName      string `json:"bank_name"`
	CNAPSCode     string `json:"cnaps_code"`
}

// Company is the company information (企业信息). With a unified licence the three numbers are one.
type Company struct {
	Private             `json:"-"`
	LegalName           string                   `json:"legal_name"`
	LicenceType         registration.LicenceType `json:"licence_type"`
	USCC                string                   `json:"uscc"`
	RegistrationNumber  string                   `json:"registration_number"`
	OrganizationCode    string                   `json:"organization_code"` // as on the licence: the USCC on a unified one
	LegalRepresentative string                   `json:"legal_representative"`
	Address             string                   `json:"address"`
	Bank                Bank                     `json:"bank"`
}

// Organization is the nine-character organisation code by which old and new papers of one company are one identity.
func (c Company) Organization() string {
	if u, err := chinaid.ParseUSCC(c.OrganizationCode); err == nil {
		return u.OrganizationCode()
	}
	return c.OrganizationCode
}

// SameProof reports whether a payment that proved c proves d too: same organisation, legal name and bank account. The same
// number under another CNAPS code is another account, at another bank; a bank's name alone is only how it is called.
func (c Company) SameProof(d Company) bool {
	return c.Organization() == d.Organization() && chinaid.SameName(c.LegalName, d.LegalName) &&
		c.Bank.AccountNumber == d.Bank.AccountNumber && c.Bank.CNAPSCode == d.Bank.CNAPSCode
}

// View masks the company's personal parts and its account.
func (c Company) View() *registration.CompanyView {
	return &registration.CompanyView{
		LegalName: c.LegalName, LicenceType: c.LicenceType, USCC: given(c.USCC), RegistrationNumber: c.RegistrationNumber,
		OrganizationCode: c.OrganizationCode, LegalRepresentative: chinaid.MaskName(c.LegalRepresentative), Address: c.Address,
		Bank: registration.BankView{
			AccountName: c.Bank.AccountName, AccountNumber: "****" + Last4(c.Bank.AccountNumber),
			BankName: c.Bank.BankName, CNAPSCode: c.Bank.CNAPSCode,
		},
	}
}

// Last4 are the last four characters of an account number.
func Last4(s string) string { return s[max(0, len(s)-4):] }

// Contact is the contact information (联系人信息).
type Contact struct {
	Private `json:"-"`
	Name    string `json:"name"`
	Email   string `json:"email"`
	Phone   string `json:"phone"`
	Address string `json:"address"`
}

// View masks the contact.
func (c Contact) View() *registration.ContactView {
	v := &registration.ContactView{
		Name: chinaid.MaskName(c.Name), Email: chinaid.MaskEmail(c.Email), Address: maskAddress(c.Address),
	}
	if m, err := chinaid.ParseMobile(c.Phone); err == nil {
		v.Phone = m.Masked()
	}
	return v
}

// maskAddress leaves the first three characters, which in a Chinese address name a province or city.
func maskAddress(s string) string {
	r := []rune(s)
	return string(r[:min(3, len(r))]) + "***"
}

// Decision is a reviewer's decision; its messages may quote what was handed in.
type Decision struct {
	Private  `json:"-"`
	Decision string                `json:"decision"` // approve, reject
	Final    bool                  `json:"final"`
	Reasons  []registration.Reason `json:"reasons"`
	Note     string                `json:"note"`
	Reviewer string                `json:"reviewer"`
	Round    int                   `json:"round"` // the one that the reviewer has seen
}

// WalletReport is what the wallet said of a QR session.
type WalletReport struct {
	Private  `json:"-"`
	Holder   string `json:"holder_name"`
	IDNumber string `json:"id_number"`
}
