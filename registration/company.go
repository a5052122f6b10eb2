package registration

import "slices"

// FieldCompany is the company information as a whole.
const FieldCompany Field = "company"

// JudgeCompany refuses company information that changes what was submitted and no rejection names. changed are the fields that
// differ from what is on file; licence is what it says of the licence.
func JudgeCompany(state State, named Corrections, licence LicenceType, changed []Field) *Refusal {
	if !companyLocked(state) {
		return nil
	}
	for _, f := range changed {
		if !named.Open(f) && !companyFollows(named, licence, f) {
			return &Refusal{Code: CodeSubmittedLocked, State: state}
		}
	}
	return nil
}

// companyLocked reports whether only what a rejection names may be changed. Where the company is being proven, all of
// it may: a payment to a wrong account must not be a dead end.
func companyLocked(state State) bool {
	switch state {
	case CompanyRequired, PayoutPending, DepositFailed:
		return false
	}
	return true
}

// companyFollows reports whether f may change because a field that it must agree with may: a unified licence's three numbers are
// one (guide section 6, question 5), other papers have other numbers, and the bank account bears the company's name.
func companyFollows(named Corrections, licence LicenceType, f Field) bool {
	numbers := []Field{FieldUSCC, FieldRegistrationNumber, FieldOrganizationCode}
	switch {
	case f == FieldBankAccountName:
		return named.Open(FieldLegalName)
	case !slices.Contains(numbers, f):
		return false
	case named.Open(FieldLicenceType):
		return true
	}
	return licence == UnifiedLicence && slices.ContainsFunc(numbers, named.Open)
}

// CompanyTaken marks what was handed in, and the company as a whole if that was asked for, as corrected; also what stays as it was.
func (cs Corrections) CompanyTaken(handedIn []Field) {
	for _, f := range handedIn {
		cs.Mark(f)
	}
	for i := range cs {
		cs[i].Done = cs[i].Done || cs[i].Field == FieldCompany
	}
}
