package postgres_test

import (
	"strings"
	"time"

	"shiming/internal/dossier"
	"shiming/internal/notice"
	"shiming/registration"
)

// usualValues are the shortest and the longest usual values of each purpose.
func usualValues() map[string][]any {
	name, text := strings.Repeat("名", 20), strings.Repeat("字", 100)
	at := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	message := registration.Reason{Field: registration.FieldBankAccountNumber, Code: "not_accepted", Message: text}
	conditions := registration.Conditions{}
	for range 7 {
		conditions = append(conditions, registration.Condition{Code: "no_refundable_transactions", Met: new(false), Evidence: text, EligibleAt: &at})
	}
	return map[string][]any{
		dossier.PurposeAmount:        {dossier.Amount{Fen: 1}, dossier.Amount{Fen: 99}},
		dossier.PurposeCode:          {dossier.Code{Code: "1"}, dossier.Code{Code: "12345678"}},
		dossier.PurposeObjection:     {dossier.Token{Token: "a"}, dossier.Token{Token: strings.Repeat("a", 26)}},
		dossier.PurposeWebhookSecret: {"a", "whsec_" + strings.Repeat("a", 64)},
		dossier.PurposeIdentity:      {dossier.Person{}, dossier.Person{Holder: name + name, IDNumber: "11010519491231002X"}},
		dossier.PurposeApplicant:     {dossier.Applicant{}, dossier.Applicant{Name: name + name, Email: strings.Repeat("a", 100), Phone: "13800138000"}},
		dossier.PurposeCard:          {dossier.Card{}, dossier.Card{Number: "6222021234567890128", Holder: name + name, IDNumber: "11010519491231002X", Phone: "13800138000"}},
		dossier.PurposeContact:       {dossier.Contact{}, dossier.Contact{Name: name, Email: strings.Repeat("a", 100), Phone: "13800138000", Address: text}},
		dossier.PurposeCompany: {dossier.Company{}, dossier.Company{
			LegalName: name + name, LicenceType: registration.UnifiedLicence, USCC: "91350211M000100Y43", RegistrationNumber: "91350211M000100Y43",
			OrganizationCode: "91350211M000100Y43", LegalRepresentative: name, Address: text,
			Bank: dossier.Bank{AccountName: name + name, AccountNumber: strings.Repeat("1", 32), BankName: name + name, CNAPSCode: "102100099996"},
		}},
		dossier.PurposeReason:     {"", text},
		dossier.PurposeReport:     {struct{}{}, dossier.Claim{Holder: name, IDNumber: "11010519491231002X", Reason: text}},
		dossier.PurposeClaim:      {dossier.Claim{}, dossier.Claim{Holder: name, IDNumber: "11010519491231002X", Reason: text + text + text}},
		dossier.PurposeConditions: {dossier.Conditions{}, dossier.Conditions{Conditions: conditions}},
		dossier.PurposeDecision: {
			dossier.Decision{Decision: "approve"},
			dossier.Decision{Decision: "reject", Final: true, Reasons: []registration.Reason{message, message, message, message}, Note: text + text + text, Reviewer: name},
		},
		dossier.PurposeNotice: {
			notice.Data{},
			notice.Data{RegistrationID: strings.Repeat("a", 30), AccountID: strings.Repeat("a", 64), Kind: "enterprise", Deadline: &at, Reasons: []notice.Reason{
				{Field: "company.bank.account_number", Code: "not_accepted", Message: text},
				{Field: "company.bank.account_number", Code: "not_accepted", Message: text},
				{Field: "company.bank.account_number", Code: "not_accepted", Message: text},
				{Field: "company.bank.account_number", Code: "not_accepted", Message: text},
			}},
		},
	}
}
