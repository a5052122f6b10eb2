package postgres

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/jackc/pgx/v5"

	"shiming/internal/chinaid"
	"shiming/internal/dossier"
	"shiming/internal/notice"
	"shiming/registration"
)

// submit freezes the materials as a review round, if nothing is missing and the conditions, just judged, are met.
func (c *clearingChange) submit(ctx context.Context) (*registration.Refusal, error) {
	conditions, err := c.conditions(ctx, c.tx, c.rec)
	if err != nil {
		return nil, err
	}
	if refusal := missing(c.rec.materialsMissing(c.docs, conditions)); refusal != nil {
		return refusal, nil
	}
	if refusal, err := c.uncompared(ctx, conditions); refusal != nil || err != nil {
		return refusal, err
	}
	if needed := c.rec.facts(c.docs).Needed(conditions); !c.rec.Contested && !needed.Eligible() {
		return registration.Refuse(registration.CodeClearingNotEligible).At(c.rec.unmetFields(needed)...), nil
	}
	if err := c.attach(ctx); err != nil {
		return nil, err
	}
	c.rec.Corrections, c.rec.ApprovedBy, c.rec.ApprovedEarlier, c.rec.LastError = nil, []string{}, 0, nil
	if err := c.openNext(ctx); err != nil {
		return nil, err
	}
	return nil, c.move(ctx, registration.Submitted)
}

// ClearingSnapshot is what reviewers are shown of a clearing: what was submitted, masked, and what speaks for or against it.
type ClearingSnapshot struct {
	Claim     dossier.ClaimView `json:"claim"`
	Contested bool              `json:"contested"` // by somebody who names no account
	ByLetter  bool              `json:"by_letter"` // by an authorised person of the company, since the holder left
	IsHolder  *bool             `json:"is_holder"` // name and ID number are the bound identity's; null if a reviewer judges it
	// NameMatches: of a contested claim, its name is the one that the ID number is bound with; null if it is bound nowhere.
	NameMatches *bool   `json:"name_matches"`
	AccountID   *string `json:"account_id"`
	Objected    bool    `json:"objected"` // the account's holder has objected
	// Unreachable: no channel could carry the notice to the holder, so nobody was asked.
	Unreachable bool `json:"unreachable"`
	Approvals   int  `json:"approvals"`
	// DecidedBefore are the reviewers who have approved this submission; another must decide, see [registration.Approvals].
	DecidedBefore []string                `json:"decided_before"`
	Documents     []registration.Document `json:"documents"`
}

// openNext begins a review round: the first of a submission, that of the second reviewer, the one after an objection, or
// the one after the holder could not be asked.
func (c *clearingChange) openNext(ctx context.Context) error {
	k := c.rec
	isHolder, err := c.isHolder(ctx)
	if err != nil {
		return err
	}
	nameMatches, err := c.nameMatches(ctx)
	if err != nil {
		return err
	}
	snapshot, err := json.Marshal(ClearingSnapshot{
		Claim: k.Claim, Contested: k.Contested, ByLetter: k.byLetter(c.docs), IsHolder: isHolder, NameMatches: nameMatches, AccountID: k.AccountID,
		Objected: k.ObjectedAt != nil, Unreachable: k.UnreachableAt != nil,
		Approvals: len(k.ApprovedBy), DecidedBefore: k.facts(c.docs).Names(), Documents: c.docs,
	})
	if err != nil {
		return err
	}
	return c.openRound(ctx, "clearing", nil, snapshot)
}

// isHolder is what the last comparison of who asks with the bound identity came to.
func (c *clearingChange) isHolder(ctx context.Context) (*bool, error) {
	conditions, err := c.conditions(ctx, c.tx, c.rec)
	if c.rec.Contested || len(conditions) == 0 {
		return nil, err
	}
	return conditions[0].Met, err
}

// nameMatches compares the name of a contested claim with the one that its ID number is bound with. The number is the identity
// and names change by law, so reviewers judge what it means; they must only not overlook it.
func (c *clearingChange) nameMatches(ctx context.Context) (*bool, error) {
	if !c.rec.Contested {
		return nil, nil
	}
	var registrationID, identityRef string
	err := c.tx.QueryRow(ctx, `select r.id, r.identity_ref from identity_claims i join registrations r on r.id = i.registration_id
		where i.fingerprint = $1 and i.subject = 'person' and i.bound`, c.rec.ClaimFingerprint).Scan(&registrationID, &identityRef)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var person dossier.Person
	var claim dossier.Claim
	if err := c.get(ctx, c.tx, Own(registrationID), identityRef, dossier.PurposeIdentity, &person); err != nil {
		return nil, err
	}
	if err := c.get(ctx, c.tx, Own(c.rec.ID), c.rec.ClaimRef, dossier.PurposeClaim, &claim); err != nil {
		return nil, err
	}
	return new(chinaid.SameName(person.Holder, claim.Holder)), nil
}

// mayDecide judges who decides. For an approval it finds what is bound: the account that a contested claim concerns, or nothing,
// any more.
func (c *clearingChange) mayDecide(ctx context.Context, d dossier.Decision) (*registration.Refusal, error) {
	if refusal, err := c.decisionBarred(ctx, d); refusal != nil || err != nil || d.Decision != "approve" {
		return refusal, err
	}
	return nil, c.settle(ctx)
}

func (c *clearingChange) decided(ctx context.Context, d dossier.Decision, said registration.Corrections) error {
	switch {
	case d.Decision == "approve":
		return c.approve(ctx, d.Reviewer)
	case d.Final:
		return c.reject(ctx, d)
	}
	return c.askForCorrections(ctx, d, said)
}

// approve goes where the table leads: to another reviewer, to the holder's right to object, to the clearing, or, if no
// account has the claimed identity, to an end.
func (c *clearingChange) approve(ctx context.Context, reviewer string) error {
	c.rec.ApprovedBy = append(c.rec.ApprovedBy, reviewer)
	if err := c.move(ctx, registration.ApprovedByReviewer); err != nil {
		return err
	}
	switch c.rec.State {
	case registration.UnderReview:
		return c.openNext(ctx)
	case registration.ObjectionPeriod:
		return c.invite(ctx)
	}
	return nil
}

func (c *clearingChange) reject(ctx context.Context, d dossier.Decision) error {
	data := notice.Data{Outcome: notice.OutcomeRejected, Final: true}
	if !c.rec.Contested { // the reasons are for the claimant, not for the account's owner
		data.Reasons = reasonsOf(d)
	}
	if err := c.tellDecided(ctx, c.roundKey("clearing_rejected"), data); err != nil {
		return err
	}
	return c.move(ctx, registration.RejectedByReviewer)
}

func (c *clearingChange) askForCorrections(ctx context.Context, d dossier.Decision, said registration.Corrections) error {
	c.rec.Corrections = said
	if err := c.move(ctx, registration.CorrectionsRequested); err != nil {
		return err
	}
	if err := c.letGo(ctx); err != nil || c.rec.Contested {
		return err
	}
	return c.tellDecided(ctx, c.roundKey("clearing_rejected"),
		notice.Data{Outcome: notice.OutcomeRejected, Reasons: reasonsOf(d), Deadline: new(c.rec.activity().Expires(c.cal))})
}
