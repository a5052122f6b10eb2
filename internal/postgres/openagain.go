package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/registration"
)

// offerAgain gives the new registration of an account whose identity was cleared the company information it had, sealed
// anew. The company stayed bound to the account and its proof holds, so that it is proven again only if legal name, code
// or bank account change.
func (c *change) offerAgain(ctx context.Context) error {
	if c.rec.Kind != registration.Enterprise {
		return nil
	}
	var companyRef, proof string
	err := c.tx.QueryRow(ctx, `select r.company_ref, r.company_proof from accounts a join registrations r on r.id = a.registration_id
		where a.account_id = $1 and a.standing = 'identity_required' and a.kind = 'enterprise' and exists (select from identity_claims c
		where c.account_id = a.account_id and c.subject = 'organization' and c.bound)`, c.rec.AccountID).Scan(&companyRef, &proof)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	var company dossier.Company
	if err := c.get(ctx, c.tx, companyRef, dossier.PurposeCompany, &company); err != nil {
		return err
	}
	ref, err := c.put(ctx, c.tx, c.rec.ID, dossier.PurposeCompany, company)
	if err != nil {
		return err
	}
	c.rec.CompanyRef, c.rec.Company, c.rec.CompanyProof = &ref, company.View(), &proof
	return nil
}
