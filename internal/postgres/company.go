package postgres

import (
	"context"
	"slices"

	"shiming/internal/chinaid"
	"shiming/internal/dossier"
	"shiming/registration"
)

// TakeCompany takes company information: checks it against the administrator, the bank account's name, other accounts'
// claims and the payment limit, and opens a new payment unless the one already made proves it.
func (s *Store) TakeCompany(ctx context.Context, step Step, inputRef string) (registration.StepResult, error) {
	return s.apply(ctx, step, func(ctx context.Context, c *change) (*registration.Refusal, error) {
		if c.rec.State == registration.PayoutPending && !c.payment.Overdue {
			return &registration.Refusal{Code: registration.CodeWrongState, State: c.rec.State}, nil
		}
		var patch dossier.Company
		if err := c.input(ctx, inputRef, dossier.PurposeCompany, &patch); err != nil {
			return nil, err
		}
		current, err := c.companyOnFile(ctx)
		if err != nil {
			return nil, err
		}
		company := current.Merged(patch)
		if refusal := c.companyRefused(ctx, current, company); refusal != nil {
			return refusal, nil
		}
		if refusal, err := c.companyContested(ctx, company); refusal != nil || err != nil {
			return refusal, err
		}
		return c.acceptCompany(ctx, current, company, patch.Named())
	})
}

func (c *change) companyOnFile(ctx context.Context) (dossier.Company, error) {
	var current dossier.Company
	if c.rec.CompanyRef == nil {
		return current, nil
	}
	err := c.get(ctx, c.tx, Own(c.rec.ID), *c.rec.CompanyRef, dossier.PurposeCompany, &current)
	return current, err
}

// companyRefused checks the company on its own and against the administrator.
func (c *change) companyRefused(_ context.Context, current, company dossier.Company) *registration.Refusal {
	if c.companyLocked() {
		for _, f := range current.Changed(company) {
			if !c.rec.Corrections.Open(f) && !c.follows(company, f) {
				return &registration.Refusal{Code: registration.CodeSubmittedLocked, State: c.rec.State}
			}
		}
	}
	return company.Consistent()
}

// fieldCompany is the company information as a whole.
const fieldCompany registration.Field = "company"

// companyLocked reports whether only what a rejection names may be changed. Where the company is being proven, all of
// it may: a payment to a wrong account must not be a dead end.
func (c *change) companyLocked() bool {
	switch c.rec.State {
	case registration.CompanyRequired, registration.PayoutPending, registration.DepositFailed:
		return false
	}
	return true
}

// follows reports whether f may change because a field that it must agree with may: a unified licence's three numbers are
// one (guide section 6, question 5), other papers have other numbers, and the bank account bears the company's name.
func (c *change) follows(company dossier.Company, f registration.Field) bool {
	numbers := []registration.Field{registration.FieldUSCC, registration.FieldRegistrationNumber, registration.FieldOrganizationCode}
	switch {
	case f == registration.FieldBankAccountName:
		return c.rec.Corrections.Open(registration.FieldLegalName)
	case !slices.Contains(numbers, f):
		return false
	case c.rec.Corrections.Open(registration.FieldLicenceType):
		return true
	}
	return company.LicenceType == registration.UnifiedLicence && slices.ContainsFunc(numbers, c.rec.Corrections.Open)
}

// companyContested checks the company against the administrator's identity, other accounts and the payment limit.
func (c *change) companyContested(ctx context.Context, company dossier.Company) (*registration.Refusal, error) {
	if c.rec.role() == registration.LegalRepresentative {
		var admin dossier.Person
		if err := c.get(ctx, c.tx, Own(c.rec.ID), *c.rec.IdentityRef, dossier.PurposeIdentity, &admin); err != nil {
			return nil, err
		}
		if !chinaid.SameName(admin.Holder, company.LegalRepresentative) { // guide section 6, question 4
			return registration.Refuse(registration.CodeAdminMustBeAgent), nil
		}
	}
	if taken, err := c.organizationTaken(ctx, company); taken || err != nil {
		return refuseIf(taken, registration.CodeOrganizationInUse), err
	}
	return nil, nil
}

func refuseIf(yes bool, code registration.Code) *registration.Refusal {
	if !yes {
		return nil
	}
	return registration.Refuse(code)
}

// acceptCompany puts the company on file. The same organisation, legal name and bank account keep the payment they have.
// What was named counts as corrected, also if it stays as it was.
func (c *change) acceptCompany(ctx context.Context, current, company dossier.Company, named []registration.Field) (*registration.Refusal, error) {
	proven := c.rec.CompanyProof != nil || c.payment.open()
	keeps := proven && c.rec.CompanyRef != nil && current.SameProof(company)
	if !keeps {
		if refusal, err := c.payoutAllowed(ctx, company); refusal != nil || err != nil {
			return refusal, err
		}
	}
	ref, err := c.put(ctx, c.tx, Own(c.rec.ID), dossier.PurposeCompany, company)
	if err != nil {
		return nil, err
	}
	c.rec.CompanyRef, c.rec.Company = &ref, company.View()
	for _, f := range named {
		c.rec.Corrections.Mark(f)
	}
	for i := range c.rec.Corrections { // asked for as a whole
		c.rec.Corrections[i].Done = c.rec.Corrections[i].Done || c.rec.Corrections[i].Field == fieldCompany
	}
	if keeps {
		return nil, c.move(ctx, registration.CompanyUpdated)
	}
	if err := c.releaseOrganization(ctx); err != nil {
		return nil, err
	}
	if err := c.request(ctx, company); err != nil {
		return nil, err
	}
	return nil, c.move(ctx, registration.CompanyAccepted)
}

// NewPayout opens a new payment to the bank account on file, within the limit.
func (s *Store) NewPayout(ctx context.Context, step Step) (registration.StepResult, error) {
	return s.apply(ctx, step, func(ctx context.Context, c *change) (*registration.Refusal, error) {
		company, err := c.companyOnFile(ctx)
		if err != nil {
			return nil, err
		}
		if refusal, err := c.companyContested(ctx, company); refusal != nil || err != nil {
			return refusal, err
		}
		if refusal, err := c.payoutAllowed(ctx, company); refusal != nil || err != nil {
			return refusal, err
		}
		if err := c.request(ctx, company); err != nil {
			return nil, err
		}
		return nil, c.move(ctx, registration.PayoutRequested)
	})
}
