package postgres

import (
	"context"

	"shiming/internal/chinaid"
	"shiming/internal/dossier"
	"shiming/registration"
)

func (c *regChange) takeCompany(ctx context.Context) (*registration.Refusal, error) {
	if c.rec.State == registration.PayoutPending && !c.payment.Overdue {
		return &registration.Refusal{Code: registration.CodeWrongState, State: c.rec.State}, nil
	}
	var patch dossier.Company
	if err := c.input(ctx, dossier.PurposeCompany, &patch); err != nil {
		return nil, err
	}
	current, err := c.companyOnFile(ctx)
	if err != nil {
		return nil, err
	}
	company := current.Merged(patch)
	if refusal := registration.JudgeCompany(c.rec.State, c.rec.Corrections, company.LicenceType, current.Changed(company)); refusal != nil {
		return refusal, nil
	}
	if refusal := company.Consistent(); refusal != nil {
		return refusal, nil
	}
	if refusal, err := c.companyContested(ctx, company); refusal != nil || err != nil {
		return refusal, err
	}
	return c.acceptCompany(ctx, current, company, patch.Named())
}

func (c *regChange) companyOnFile(ctx context.Context) (dossier.Company, error) {
	var current dossier.Company
	if c.rec.CompanyRef == nil {
		return current, nil
	}
	err := c.get(ctx, c.tx, Own(c.rec.ID), *c.rec.CompanyRef, dossier.PurposeCompany, &current)
	return current, err
}

// companyContested checks the company against the administrator's identity, other accounts and the payment limit.
func (c *regChange) companyContested(ctx context.Context, company dossier.Company) (*registration.Refusal, error) {
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
func (c *regChange) acceptCompany(ctx context.Context, current, company dossier.Company, named []registration.Field) (*registration.Refusal, error) {
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
	c.rec.Corrections.CompanyTaken(named)
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

func (c *regChange) newPayout(ctx context.Context) (*registration.Refusal, error) {
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
}
