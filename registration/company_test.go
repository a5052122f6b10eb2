package registration_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	. "shiming/registration"
)

func named(fields ...Field) (cs Corrections) {
	for _, f := range fields {
		cs = append(cs, Correction{Reason: Reason{Field: f}})
	}
	return cs
}

func TestWhichCompanyInformationMayChange(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		state   State
		named   Corrections
		licence LicenceType
		changed []Field
		locked  bool
	}{
		"before the first submission":              {DetailsRequired, nil, UnifiedLicence, []Field{FieldLegalName}, false},
		"while it is being proven":                 {DepositFailed, named(FieldName), UnifiedLicence, []Field{FieldLegalName}, false},
		"what is named":                            {CorrectionRequired, named(FieldLegalName), UnifiedLicence, []Field{FieldLegalName}, false},
		"what is not named":                        {CorrectionRequired, named(FieldLegalName), UnifiedLicence, []Field{FieldCompanyAddress}, true},
		"the company as a whole":                   {CorrectionRequired, named(FieldCompany), UnifiedLicence, []Field{FieldCompanyAddress}, false},
		"the account bears the company's name":     {CorrectionRequired, named(FieldLegalName), UnifiedLicence, []Field{FieldBankAccountName}, false},
		"three numbers of one licence are one":     {CorrectionRequired, named(FieldUSCC), UnifiedLicence, []Field{FieldOrganizationCode}, false},
		"of older papers they are three":           {CorrectionRequired, named(FieldRegistrationNumber), LegacyLicence, []Field{FieldOrganizationCode}, true},
		"other papers have other numbers":          {CorrectionRequired, named(FieldLicenceType), LegacyLicence, []Field{FieldOrganizationCode}, false},
		"nothing changes":                          {CorrectionRequired, named(FieldName), UnifiedLicence, nil, false},
		"one that may not spoils those that may":   {CorrectionRequired, named(FieldLegalName), UnifiedLicence, []Field{FieldLegalName, FieldBankName}, true},
		"in a deposit's window it is locked, too":  {DepositRequired, named(FieldName), UnifiedLicence, []Field{FieldBankName}, true},
		"but not while another account is awaited": {CompanyRequired, named(FieldName), UnifiedLicence, []Field{FieldBankName}, false},
	} {
		refusal := JudgeCompany(c.state, c.named, c.licence, c.changed)
		assert.Equal(t, c.locked, refusal != nil, name)
		if refusal != nil {
			assert.Equal(t, &Refusal{Code: CodeSubmittedLocked, State: c.state}, refusal, name)
		}
	}
}

func TestWhatIsHandedInCountsAsCorrected(t *testing.T) {
	t.Parallel()
	cs := named(FieldCompany, FieldLegalName, FieldCNAPS)
	cs.CompanyTaken([]Field{FieldLegalName})
	assert.True(t, cs[0].Done)
	assert.True(t, cs[1].Done)
	assert.False(t, cs[2].Done)
}
