package postgres

import (
	"context"
	"encoding/json"

	"shiming/internal/dossier"
	"shiming/internal/notice"
	"shiming/registration"
)

// submit freezes what was handed in as a review round, if nothing is missing.
func (c *regChange) submit(ctx context.Context) (*registration.Refusal, error) {
	docs, err := currentDocuments(ctx, c.tx, c.rec.ID)
	if err != nil {
		return nil, err
	}
	if refusal := missing(requirements(c.rec, c.payment, docs)); refusal != nil {
		return refusal, nil
	}
	snapshot, err := json.Marshal(snapshotOf(c.rec, docs))
	if err != nil {
		return nil, err
	}
	c.rec.Corrections = nil
	if err := c.openRound(ctx, "registration", &c.rec.Kind, snapshot); err != nil {
		return nil, err
	}
	return nil, c.move(ctx, registration.Submitted)
}

// Snapshot is what was submitted, masked.
type Snapshot struct {
	Name      string                     `json:"name"`
	Identity  *registration.IdentityView `json:"identity"`
	Company   *registration.CompanyView  `json:"company"`
	Contact   *registration.ContactView  `json:"contact"`
	Documents []registration.Document    `json:"documents"`
	// Revisions tell apart what looks the same when masked: they change whenever the contents do.
	Revisions map[string]string `json:"revisions"`
}

func snapshotOf(r *record, docs []registration.Document) Snapshot {
	s := Snapshot{Name: r.Name, Identity: r.Identity, Company: r.Company, Contact: r.Contact, Documents: docs, Revisions: map[string]string{}}
	for part, ref := range map[string]*string{"identity": r.IdentityRef, "company": r.CompanyRef, "contact": r.ContactRef} {
		if ref != nil {
			s.Revisions[part] = *ref
		}
	}
	return s
}

// mayDecide refuses a decision that would stand on nothing, for the bank's return is on its way to the workflow.
func (c *regChange) mayDecide(ctx context.Context, d dossier.Decision) (*registration.Refusal, error) {
	if c.payment != nil && c.payment.BankState == "returned" && c.rec.CompanyProof != nil && *c.rec.CompanyProof == c.payment.ID {
		return &registration.Refusal{Code: registration.CodeWrongState, State: c.rec.State}, nil
	}
	return c.decisionBarred(ctx, d)
}

func (c *regChange) decided(ctx context.Context, d dossier.Decision, said registration.Corrections) error {
	switch {
	case d.Decision == "approve":
		if err := c.bind(ctx); err != nil {
			return err
		}
		if err := c.tell(ctx, notice.Approved, c.roundKey("approved"), notice.Data{}); err != nil {
			return err
		}
		return c.conclude(ctx, registration.ApprovedByReviewer, "active")
	case d.Final:
		if err := c.releaseUnbound(ctx); err != nil {
			return err
		}
		if err := c.tell(ctx, notice.Rejected, c.roundKey("rejected"), notice.Data{Reasons: reasonsOf(d)}); err != nil {
			return err
		}
		return c.conclude(ctx, registration.RejectedByReviewer, "rejected")
	}
	c.rec.Corrections = append(c.rec.Corrections, said...)
	if err := c.move(ctx, registration.CorrectionsRequested); err != nil {
		return err
	}
	if c.rec.State != registration.CorrectionRequired {
		if err := c.reopenIdentity(ctx); err != nil {
			return err
		}
	}
	return c.tell(ctx, notice.CorrectionRequired, c.roundKey("correction_required"), notice.Data{Reasons: reasonsOf(d), Deadline: new(c.rec.activity().Expires(c.cal))})
}

// reopenIdentity forgets a verified identity that the reviewer did not accept: it is to be proven anew.
func (c *regChange) reopenIdentity(ctx context.Context) error {
	c.rec.Identity, c.rec.IdentityRef = nil, nil
	if _, err := c.tx.Exec(ctx, `update admin_sessions set current = false where registration_id = $1 and current`, c.rec.ID); err != nil {
		return err
	}
	_, err := c.tx.Exec(ctx, `delete from identity_claims where account_id = $1 and subject = 'person'`, c.rec.AccountID)
	return err
}

// conclude ends the registration by decision and writes what the account now is.
func (c *regChange) conclude(ctx context.Context, event registration.Event, standing string) error {
	if err := c.move(ctx, event); err != nil {
		return err
	}
	_, err := c.tx.Exec(ctx, `insert into accounts (account_id, kind, name, standing, registration_id, updated_at) values ($1, $2, $3, $4, $5, $6)
		on conflict (account_id) do update set kind = excluded.kind, name = excluded.name, standing = excluded.standing,
			registration_id = excluded.registration_id, updated_at = excluded.updated_at`,
		c.rec.AccountID, c.rec.Kind, c.rec.Name, standing, c.rec.ID, c.at)
	return err
}
