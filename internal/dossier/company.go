package dossier

import (
	"shiming/internal/chinaid"
	"shiming/registration"
)

// parts lists a company's fields by the path callers know them by.
func parts(c *Company) []part {
	return []part{
		{registration.FieldLegalName, &c.LegalName},
		{registration.FieldLicenceType, (*string)(&c.LicenceType)},
		{registration.FieldUSCC, &c.USCC},
		{registration.FieldRegistrationNumber, &c.RegistrationNumber},
		{registration.FieldOrganizationCode, &c.OrganizationCode},
		{registration.FieldLegalRep, &c.LegalRepresentative},
		{registration.FieldCompanyAddress, &c.Address},
		{registration.FieldBankAccountName, &c.Bank.AccountName},
		{registration.FieldBankAccountNumber, &c.Bank.AccountNumber},
		{registration.FieldBankName, &c.Bank.BankName},
		{registration.FieldCNAPS, &c.Bank.CNAPSCode},
	}
}

type part struct {
	field registration.Field
	value *string
}

// Merged is c with what patch names; fields left out of the patch are kept (corrections, api.md). A change of licence
// type to legacy drops the USCC, which such a licence has not.
func (c Company) Merged(patch Company) Company {
	merged := c
	into := parts(&merged)
	for i, p := range parts(&patch) {
		if *p.value != "" {
			*into[i].value = *p.value
		}
	}
	if patch.LicenceType == registration.LegacyLicence {
		merged.USCC = patch.USCC
	}
	return merged
}

// Named lists the fields that a patch names.
func (c Company) Named() []registration.Field {
	var named []registration.Field
	for _, p := range parts(&c) {
		if *p.value != "" {
			named = append(named, p.field)
		}
	}
	return named
}

// Changed lists the fields in which d differs from c.
func (c Company) Changed(d Company) []registration.Field {
	var changed []registration.Field
	other := parts(&d)
	for i, p := range parts(&c) {
		if *p.value != *other[i].value {
			changed = append(changed, p.field)
		}
	}
	return changed
}

// Consistent checks the parts of complete company information against each other.
func (c Company) Consistent() *registration.Refusal {
	if found := c.Contradictions(); len(found) > 0 {
		return registration.Refuse(found[0].Code)
	}
	return nil
}

// Contradiction is a field that does not fit another.
type Contradiction struct {
	Field registration.Field
	Code  registration.Code
}

// Contradictions lists what does not fit together in complete company information: a unified licence carries one number
// (guide section 6, question 5), and the bank account is the company's own.
func (c Company) Contradictions() []Contradiction {
	var found []Contradiction
	unified := c.LicenceType == registration.UnifiedLicence
	switch {
	case unified && c.RegistrationNumber != c.USCC:
		found = append(found, Contradiction{registration.FieldRegistrationNumber, registration.CodeLicenceNumbers})
	case unified && c.OrganizationCode != c.USCC:
		found = append(found, Contradiction{registration.FieldOrganizationCode, registration.CodeLicenceNumbers})
	}
	if !chinaid.SameName(c.LegalName, c.Bank.AccountName) {
		found = append(found, Contradiction{registration.FieldBankAccountName, registration.CodeBankAccountNameMismatch})
	}
	return found
}
