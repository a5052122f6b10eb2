package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/registration"
)

// offerAgain gives the new registration of an account whose identity was cleared the company information it had, sealed
// anew. The company stays bound to the account however later registrations end, and its proof holds, so that it is proven
// again only if legal name, code or bank account change, or if the bank has sent the money back.
func (c *regChange) offerAgain(ctx context.Context) error {
	if c.rec.Kind != registration.Enterprise {
		return nil
	}
	var before, companyRef string
	var proof *string
	err := c.tx.QueryRow(ctx, `select r.id, r.company_ref, p.id from identity_claims c join registrations r on r.id = c.registration_id
		left join payments p on p.id = r.company_proof and p.bank_state <> 'returned'
		where c.account_id = $1 and c.subject = 'organization' and c.bound and r.company_ref is not null`, c.rec.AccountID).Scan(&before, &companyRef, &proof)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	var company dossier.Company
	if err := c.get(ctx, c.tx, Own(before), companyRef, dossier.PurposeCompany, &company); err != nil {
		return err
	}
	ref, err := c.put(ctx, c.tx, Own(c.rec.ID), dossier.PurposeCompany, company)
	if err != nil {
		return err
	}
	c.rec.CompanyRef, c.rec.Company, c.rec.CompanyProof = &ref, company.View(), proof
	return nil
}
