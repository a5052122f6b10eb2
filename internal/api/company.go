package api

import (
	"context"
	"net/http"
	"strings"

	"shiming/internal/chinaid"
	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/internal/problem"
	"shiming/registration"
)

// CompanyForm is company information as callers send it. It is whole, but in a correction, where what is left out is kept.
type CompanyForm struct {
	LegalName           *string                   `json:"legal_name,omitempty" nullable:"false" doc:"Name on the licence" example:"厦门市例示科技有限公司"`
	LicenceType         *registration.LicenceType `json:"licence_type,omitempty" nullable:"false" enum:"unified,legacy" doc:"Kind of licence" example:"unified"`
	USCC                *string                   `json:"uscc,omitempty" nullable:"false" doc:"Unified social credit code; required with a unified licence, refused with a legacy one" example:"91350100M000100Y43"`
	RegistrationNumber  *string                   `json:"registration_number,omitempty" nullable:"false" doc:"The USCC on a unified licence, 15 digits on a legacy one" example:"91350100M000100Y43"`
	OrganizationCode    *string                   `json:"organization_code,omitempty" nullable:"false" doc:"The USCC on a unified licence, nine characters on a legacy one" example:"91350100M000100Y43"`
	LegalRepresentative *string                   `json:"legal_representative,omitempty" nullable:"false" doc:"Name of the legal representative" example:"王五"`
	Address             *string                   `json:"address,omitempty" nullable:"false" doc:"Registered address" example:"厦门市思明区例示路1号"`
	Bank                *CompanyBankForm          `json:"bank,omitempty" doc:"The corporate bank account"`
}

// CompanyBankForm is a corporate bank account as callers send it.
type CompanyBankForm struct {
	AccountName   *string `json:"account_name,omitempty" nullable:"false" doc:"Holder of the account: the company" example:"厦门市例示科技有限公司"`
	AccountNumber *string `json:"account_number,omitempty" nullable:"false" doc:"Number of the account" example:"4100012345678906789"`
	BankName      *string `json:"bank_name,omitempty" nullable:"false" doc:"Bank and branch" example:"例示银行厦门分行"`
	CNAPSCode     *string `json:"cnaps_code,omitempty" nullable:"false" doc:"12-digit CNAPS code (联行号)" example:"102393000012"`
}

type handInCompany struct {
	ByID
	Body CompanyForm
}

// companyRoute is the route of company information.
func (s *server) companyRoute() route {
	return s.actRoute("hand-in-company", http.MethodPut, "/company", "Hand in company information",
		"Opens a penny payment to the company's account, unless one already made proves what is handed in. In correction_required fields left out are kept. "+
			"In payout_pending it is open once the payment is overdue.",
		registration.CodeSubmittedLocked, problem.CodeUSCCInvalid, registration.CodeAdminMustBeAgent, registration.CodeLicenceNumbers,
		registration.CodeBankAccountNameMismatch, registration.CodeOrganizationInUse, registration.CodePayoutLimitReached, registration.CodeActsExceeded,
		registration.CodeAccountLimitReached, registration.CodeSpendingPaused, registration.CodeHeldAfterRestore)
}

func (s *server) company(ctx context.Context, in *handInCompany) (*registrationAnswer, error) {
	if err := mustBeID(in.ID); err != nil {
		return nil, err
	}
	a := act{registration: in.ID, kind: registration.ActCompany, purpose: dossier.PurposeCompany}
	var err error
	if a.looked, err = s.lookBeforehand(ctx, a); err != nil {
		return nil, err
	}
	if a.looked.Begun { // a repeated call is answered by what has become of the first, not by what the state would say of it now
		return s.finished(ctx, a)
	}
	view, err := s.Store.ViewOf(a.looked.ActLook)
	if err != nil {
		return nil, err
	}
	company, err := in.Body.check(view)
	if err != nil {
		return nil, err
	}
	a.input, a.before = company, s.companyBefore(view, company)
	return s.finished(ctx, a)
}

// companyBefore judges company information before it is begun: while a payment is in time it is closed, and a new payment may
// be barred for what it costs.
func (s *server) companyBefore(view *registration.View, company dossier.Company) func(context.Context, *postgres.ActLook, string) error {
	return func(ctx context.Context, look *postgres.ActLook, _ string) error {
		if err := companyClosed(view); err != nil {
			return err
		}
		refusal, err := s.Store.PaymentBarredOf(ctx, look, &company)
		if refusal != nil {
			return refusal
		}
		return err
	}
}

func (s *server) lookBeforehand(ctx context.Context, a act) (*looked, error) {
	ctx, cancel := s.beforehand(ctx)
	defer cancel()
	return s.look(ctx, a)
}

// companyClosed refuses company information while a payment is on its way in time.
func companyClosed(v *registration.View) error {
	if v.State == registration.PayoutPending && (v.Payout == nil || !v.Payout.Overdue) {
		return &registration.Refusal{Code: registration.CodeWrongState, State: v.State}
	}
	return nil
}

const longestCompanyName = 100

// check brings company information to its canonical form. Only in a correction of what is on file may parts be left out.
func (in CompanyForm) check(on *registration.View) (dossier.Company, error) {
	full := on.State != registration.CorrectionRequired || on.Company == nil
	bank := in.Bank
	var c checks
	if bank == nil {
		bank = &CompanyBankForm{}
	}
	name := text(shortestName, longestCompanyName)
	company := dossier.Company{
		LegalName:           c.part("legal_name", "", in.LegalName, full, name),
		LegalRepresentative: c.part("legal_representative", "", in.LegalRepresentative, full, chinaid.CleanName),
		Address:             c.part("address", "", in.Address, full, text(1, longestAddress)),
		Bank: dossier.Bank{
			AccountName:   c.part("bank.account_name", "", bank.AccountName, full, name),
			AccountNumber: c.part("bank.account_number", "", bank.AccountNumber, full, canonical(chinaid.ParseBankAccount)),
			BankName:      c.part("bank.bank_name", "", bank.BankName, full, name),
			CNAPSCode:     c.part("bank.cnaps_code", "", bank.CNAPSCode, full, canonical(chinaid.ParseCNAPS)),
		},
	}
	in.checkNumbers(&c, &company, on, full)
	if len(c.errs) == 0 && full { // what is wrong by itself contradicts everything
		for _, found := range company.Contradictions() {
			c.add(strings.TrimPrefix(string(found.Field), "company."), string(found.Code), contradiction[found.Code])
		}
	}
	return company, c.problem()
}

var contradiction = map[registration.Code]string{
	registration.CodeLicenceNumbers:          "A unified licence has one number: this must be the unified social credit code.",
	registration.CodeBankAccountNameMismatch: "The account must bear the company's name.",
}

// checkNumbers checks the licence's numbers by its type: the one handed in, else the one on file.
func (in CompanyForm) checkNumbers(c *checks, company *dossier.Company, on *registration.View, full bool) {
	var licence registration.LicenceType
	switch {
	case in.LicenceType != nil:
		licence, company.LicenceType = *in.LicenceType, *in.LicenceType
	case full:
		c.add("licence_type", codeMissing, "This field is required.")
		return
	default:
		licence = on.Company.LicenceType
	}
	if licence == registration.LegacyLicence {
		if in.USCC != nil {
			c.add("uscc", codeInvalid, "A legacy licence has no unified social credit code.")
		}
		company.RegistrationNumber = c.part("registration_number", "", in.RegistrationNumber, full, canonical(chinaid.ParseRegistrationNumber))
		company.OrganizationCode = c.part("organization_code", "", in.OrganizationCode, full, canonical(chinaid.ParseOrganizationCode))
		return
	}
	company.USCC = c.part("uscc", problem.CodeUSCCInvalid, in.USCC, full, canonical(chinaid.ParseUSCC))
	company.RegistrationNumber = c.part("registration_number", "", in.RegistrationNumber, full, licenceNumber)
	company.OrganizationCode = c.part("organization_code", "", in.OrganizationCode, full, licenceNumber)
	if company.USCC != "" && !full { // the three numbers of a unified licence are one: corrected one, corrected all
		if in.RegistrationNumber == nil {
			company.RegistrationNumber = company.USCC
		}
		if in.OrganizationCode == nil {
			company.OrganizationCode = company.USCC
		}
	}
}

// licenceNumber reads what stands as a number on a unified licence. What is no USCC is left for the comparison with it,
// which is what the applicant has to hear (guide section 6, question 5).
func licenceNumber(s string) (string, error) {
	if code, err := chinaid.ParseUSCC(s); err == nil {
		return code.Value(), nil
	}
	number, err := chinaid.CleanText(s, 1, 64)
	return strings.ToUpper(number), err
}
