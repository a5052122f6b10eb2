package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/chinaid"
	"shiming/internal/dossier"
	"shiming/internal/notice"
	"shiming/internal/workday"
	"shiming/registration"
)

// SubmitClearing freezes the materials as a review round, if nothing is missing and the conditions, just judged, are
// met.
func (s *Store) SubmitClearing(ctx context.Context, step Step) (registration.ClearingResult, error) {
	return s.clearingAct(ctx, step, registration.ActSubmit, func(ctx context.Context, c *clearingChange) (*registration.Refusal, error) {
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
		if needed := c.rec.needed(conditions, c.docs); !c.rec.Contested && !needed.Eligible() {
			return registration.Refuse(registration.CodeClearingNotEligible).At(c.rec.unmetFields(needed)...), nil
		}
		if err := c.attach(ctx); err != nil {
			return nil, err
		}
		c.rec.Corrections, c.rec.ApprovedBy, c.rec.ApprovedEarlier, c.rec.LastError = nil, []string{}, 0, nil
		if err := c.openRound(ctx); err != nil {
			return nil, err
		}
		return nil, c.move(ctx, registration.Submitted)
	})
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

// openRound begins a review round: the first of a submission, that of the second reviewer, the one after an objection, or
// the one after the holder could not be asked.
func (c *clearingChange) openRound(ctx context.Context) error {
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
		Approvals: len(k.ApprovedBy), DecidedBefore: k.approvals(c.docs).Names(), Documents: c.docs,
	})
	if err != nil {
		return err
	}
	due := c.cal.WorkingDays(c.at, registration.ReviewDays)
	k.ReviewRound++
	_, err = c.tx.Exec(ctx, `insert into reviews (subject_id, subject_kind, round, submitted_at, due_at, due_provisional, snapshot)
		values ($1, 'clearing', $2, $3, $4, $5, $6)`, k.ID, k.ReviewRound, c.at, due.At, due.Provisional, snapshot)
	return err
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

// clearingRound is what of the newest review round time looks at.
type clearingRound struct {
	SubmittedAt    time.Time
	DueAt          time.Time
	DueProvisional bool
	Overdue        bool
}

func (c *clearingChange) round(ctx context.Context) (r clearingRound, err error) {
	err = c.tx.QueryRow(ctx, `select submitted_at, due_at, due_provisional, overdue from reviews where subject_id = $1 and round = $2`,
		c.rec.ID, c.rec.ReviewRound).Scan(&r.SubmittedAt, &r.DueAt, &r.DueProvisional, &r.Overdue)
	return r, err
}

// nextLook is the end of the next working day under review, nil once the review is overdue.
func (c *clearingChange) nextLook(r clearingRound) *time.Time {
	if r.Overdue {
		return nil
	}
	for day := 1; day < registration.ReviewDays; day++ {
		if end := c.cal.WorkingDays(r.SubmittedAt, day).At; c.at.Before(end) {
			return &end
		}
	}
	return &r.DueAt
}

// ClearingReviewTick reminds reviewers after each working day and tells ops when the review is overdue, as
// [Store.ReviewTick] does for a registration.
func (s *Store) ClearingReviewTick(ctx context.Context, step Step) (registration.ClearingResult, error) {
	return s.applyClearing(ctx, step, func(ctx context.Context, c *clearingChange) (*registration.Refusal, error) {
		if c.rec.State != registration.UnderReview {
			return nil, nil
		}
		r, err := c.round(ctx)
		if err != nil || r.Overdue {
			return nil, err
		}
		due := workday.Later(workday.Deadline{At: r.DueAt, Provisional: r.DueProvisional}, c.cal.WorkingDays(r.SubmittedAt, registration.ReviewDays))
		overdue := !c.at.Before(due.At)
		if _, err := c.tx.Exec(ctx, `update reviews set due_at = $3, due_provisional = $4, overdue = $5 where subject_id = $1 and round = $2`,
			c.rec.ID, c.rec.ReviewRound, due.At, due.Provisional, overdue); err != nil {
			return nil, err
		}
		if overdue {
			c.rec.Sequence++
			if err := c.emit(ctx, "review.overdue", c.rec.State); err != nil {
				return nil, err
			}
			return nil, c.tellStaff(ctx, notice.ReviewOverdue, c.roundKey("review_overdue"), notice.Data{Deadline: &due.At})
		}
		return nil, c.remindReviewers(ctx, r.SubmittedAt, due)
	})
}

func (c *clearingChange) remindReviewers(ctx context.Context, submitted time.Time, due workday.Deadline) error {
	passed := 0
	for day := 1; day < registration.ReviewDays && !c.at.Before(c.cal.WorkingDays(submitted, day).At); day++ {
		passed = day
	}
	if passed == 0 {
		return nil
	}
	return c.tellStaff(ctx, notice.ReviewReminder, fmt.Sprintf("%s/%d", c.roundKey("review_reminder"), passed),
		notice.Data{Deadline: &due.At, DeadlineProvisional: due.Provisional})
}

func (c *clearingChange) roundKey(what string) string {
	return fmt.Sprintf("%s/%s/%d", what, c.rec.ID, c.rec.ReviewRound)
}

// DecideClearing applies a reviewer's decision on the round that was open when it was made, which must be claimed by nobody or
// by the reviewer. Who may decide, and how many must approve, is [registration.Approvals]'.
func (s *Store) DecideClearing(ctx context.Context, step Step, inputRef string) (registration.ClearingResult, error) {
	return s.clearingAct(ctx, step, registration.ActDecide, func(ctx context.Context, c *clearingChange) (*registration.Refusal, error) {
		var d dossier.Decision
		if err := c.input(ctx, inputRef, dossier.PurposeDecision, &d); err != nil {
			return nil, err
		}
		if refusal, err := mayNotDecide(ctx, c.tx, c.rec.ID, d.Reviewer); refusal != nil || err != nil {
			return refusal, err
		}
		approved := d.Decision == "approve"
		if pastRound(d, c.rec.ReviewRound) {
			return registration.Refuse(registration.CodeClaimedByOther), nil
		}
		if approved {
			if err := c.settle(ctx); err != nil {
				return nil, err
			}
		}
		said, err := c.sealReasons(ctx, c.tx, c.rec.ID, c.rec.ReviewRound, d.Reasons)
		if err != nil {
			return nil, err
		}
		if refusal, err := c.writeDecision(ctx, d, said); refusal != nil || err != nil {
			return refusal, err
		}
		switch {
		case approved:
			return nil, c.approve(ctx, d.Reviewer)
		case d.Final:
			return nil, c.reject(ctx, d)
		}
		return nil, c.askForCorrections(ctx, d, said)
	})
}

func (c *clearingChange) writeDecision(ctx context.Context, d dossier.Decision, said registration.Corrections) (*registration.Refusal, error) {
	note, err := c.seal(ctx, c.tx, Own(c.rec.ID).place(dossier.PurposeReason, c.roundKey("note")), d.Note)
	if err != nil {
		return nil, err
	}
	tag, err := c.tx.Exec(ctx, `update reviews set decision = $3, final = $4, decided_by = $5, decided_at = $6, closed_at = $6, reasons = $7, note = $8,
		assignee = $5, overdue = false where subject_id = $1 and round = $2 and closed_at is null and (assignee is null or assignee = $5)`,
		c.rec.ID, c.rec.ReviewRound, d.Decision, d.Final, d.Reviewer, c.at, said, note)
	if err != nil {
		return nil, err
	}
	return refuseIf(tag.RowsAffected() == 0, registration.CodeClaimedByOther), nil
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
		return c.openRound(ctx)
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
		notice.Data{Outcome: notice.OutcomeRejected, Reasons: reasonsOf(d), Deadline: new(c.idleUntil())})
}

// closeReview ends a review round that nobody will decide any more.
func (c *clearingChange) closeReview(ctx context.Context) error {
	_, err := c.tx.Exec(ctx, `update reviews set closed_at = $3, overdue = false where subject_id = $1 and round = $2 and closed_at is null`,
		c.rec.ID, c.rec.ReviewRound, c.at)
	return err
}
