package postgres

import (
	"context"

	"shiming/internal/dossier"
	"shiming/registration"
)

// claimPerson claims a proven person's identity for the registration's account, instead of the one it claimed before.
// It reports false if another account has it.
func (c *regChange) claimPerson(ctx context.Context, p dossier.Person) (bool, error) {
	return c.claim(ctx, "person", c.keys.Fingerprint("resident_id", p.IDNumber))
}

// claimOrganization claims a proven organisation by its organisation code.
func (c *regChange) claimOrganization(ctx context.Context, company dossier.Company) (bool, error) {
	return c.claim(ctx, "organization", c.organizationFingerprint(company))
}

func (s *Store) organizationFingerprint(company dossier.Company) []byte {
	return s.keys.Fingerprint("organization", company.Organization())
}

// claim takes an identity if it is free or the account's own. Of two racing accounts the unique fingerprint lets the
// first to commit pass and makes the other wait for it and lose.
func (c *regChange) claim(ctx context.Context, subject string, fingerprint []byte) (bool, error) {
	if _, err := c.tx.Exec(ctx, `delete from identity_claims where account_id = $1 and subject = $2 and fingerprint <> $3`,
		c.rec.AccountID, subject, fingerprint); err != nil {
		return false, err
	}
	tag, err := c.tx.Exec(ctx, `insert into identity_claims (fingerprint, subject, account_id, registration_id, claimed_at)
		values ($1, $2, $3, $4, $5)
		on conflict (fingerprint) do update set registration_id = excluded.registration_id where identity_claims.account_id = excluded.account_id`,
		fingerprint, subject, c.rec.AccountID, c.rec.ID, c.at)
	if err != nil {
		return false, err
	}
	return tag.RowsAffected() == 1, nil
}

// releaseOrganization gives the organisation's claim back: its proof no longer holds. What an earlier registration of the
// account bound stays until another organisation is proven in its place.
func (c *regChange) releaseOrganization(ctx context.Context) error {
	c.rec.CompanyProof = nil
	_, err := c.tx.Exec(ctx, `delete from identity_claims where account_id = $1 and subject = 'organization' and not bound`, c.rec.AccountID)
	return err
}

// releaseUnbound gives back everything the registration claimed, at its end without approval. What an earlier
// registration of the account bound stays.
func (c *regChange) releaseUnbound(ctx context.Context) error {
	_, err := c.tx.Exec(ctx, `delete from identity_claims where registration_id = $1 and not bound`, c.rec.ID)
	return err
}

// bind makes the claims final, on approval. A company that was bound before is from now on as this registration has it.
func (c *regChange) bind(ctx context.Context) error {
	_, err := c.tx.Exec(ctx, `update identity_claims set bound = true, registration_id = $1
		where registration_id = $1 or $3 and account_id = $2 and subject = 'organization'`, c.rec.ID, c.rec.AccountID, c.rec.Kind == registration.Enterprise)
	return err
}

// organizationTaken reports whether another account has already proven the company.
func (c *regChange) organizationTaken(ctx context.Context, company dossier.Company) (bool, error) {
	var taken bool
	err := c.tx.QueryRow(ctx, `select exists (select from identity_claims where fingerprint = $1 and account_id <> $2)`,
		c.organizationFingerprint(company), c.rec.AccountID).Scan(&taken)
	return taken, err
}
