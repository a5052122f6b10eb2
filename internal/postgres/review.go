package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"shiming/internal/dossier"
	"shiming/internal/notice"
	"shiming/internal/workday"
	"shiming/registration"
)

// Submit freezes what was handed in as a review round, if nothing is missing.
func (s *Store) Submit(ctx context.Context, step Step) (registration.StepResult, error) {
	return s.apply(ctx, step, func(ctx context.Context, c *change) (*registration.Refusal, error) {
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
		due := c.cal.WorkingDays(c.at, registration.ReviewDays)
		c.rec.ReviewRound++
		c.rec.Corrections = nil
		_, err = c.tx.Exec(ctx, `insert into reviews (subject_id, subject_kind, developer_kind, round, submitted_at, due_at, due_provisional, snapshot)
			values ($1, 'registration', $2, $3, $4, $5, $6, $7)`, c.rec.ID, c.rec.Kind, c.rec.ReviewRound, c.at, due.At, due.Provisional, snapshot)
		if err != nil {
			return nil, err
		}
		return nil, c.move(ctx, registration.Submitted)
	})
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

// round is the review round under way.
type round struct {
	submitted time.Time
	due       workday.Deadline
	overdue   bool
}

func (c *change) round(ctx context.Context) (round, error) {
	var r round
	err := c.tx.QueryRow(ctx, `select submitted_at, due_at, due_provisional, overdue from reviews where subject_id = $1 and round = $2`,
		c.rec.ID, c.rec.ReviewRound).Scan(&r.submitted, &r.due.At, &r.due.Provisional, &r.overdue)
	return r, err
}

// nextReviewLook is when the review is to be looked at next: at the end of each working day until it is due, then no more.
func (c *change) nextReviewLook(ctx context.Context) (*time.Time, error) {
	r, err := c.round(ctx)
	if err != nil || r.overdue {
		return nil, err
	}
	next, _ := c.nextReviewDay(r.submitted, r.due)
	return next, nil
}

// nextReviewDay is the end of the working day that runs now, the last one's moved with the deadline, and how many have passed.
func (c *change) nextReviewDay(submitted time.Time, due workday.Deadline) (*time.Time, int) {
	passed := 0
	for ; passed+1 < registration.ReviewDays; passed++ {
		if end := c.cal.WorkingDays(submitted, passed+1).At; c.at.Before(end) {
			return &end, passed
		}
	}
	return &due.At, passed
}

// ReviewTick does what time brings a review: a reminder to reviewers after each working day, and after the last the
// word to ops that it is overdue.
func (s *Store) ReviewTick(ctx context.Context, step Step) (registration.StepResult, error) {
	return s.apply(ctx, step, func(ctx context.Context, c *change) (*registration.Refusal, error) {
		if c.rec.State != registration.UnderReview {
			return nil, nil
		}
		r, err := c.round(ctx)
		if err != nil || r.overdue {
			return nil, err
		}
		due := workday.Later(r.due, c.cal.WorkingDays(r.submitted, registration.ReviewDays))
		if _, err := c.tx.Exec(ctx, `update reviews set due_at = $3, due_provisional = $4, overdue = $5 where subject_id = $1 and round = $2`,
			c.rec.ID, c.rec.ReviewRound, due.At, due.Provisional, !c.at.Before(due.At)); err != nil {
			return nil, err
		}
		if !c.at.Before(due.At) {
			return nil, c.reviewOverdue(ctx, due)
		}
		return nil, c.remindReviewers(ctx, r.submitted, due)
	})
}

func (c *change) reviewOverdue(ctx context.Context, due workday.Deadline) error {
	if err := c.emit(ctx, "review.overdue"); err != nil {
		return err
	}
	return c.tell(ctx, notice.ReviewOverdue, c.roundKey("review_overdue"), notice.Data{Deadline: &due.At})
}

func (c *change) roundKey(what string) string {
	return fmt.Sprintf("%s/%s/%d", what, c.rec.ID, c.rec.ReviewRound)
}

// remindReviewers tells them of the last working day that has passed.
func (c *change) remindReviewers(ctx context.Context, submitted time.Time, due workday.Deadline) error {
	_, passed := c.nextReviewDay(submitted, due)
	if passed == 0 {
		return nil
	}
	return c.tell(ctx, notice.ReviewReminder, fmt.Sprintf("%s/%d", c.roundKey("review_reminder"), passed),
		notice.Data{Deadline: &due.At, DeadlineProvisional: due.Provisional})
}

// Decide applies a reviewer's decision on the round that was open when it was made, which must be claimed by nobody or by the
// reviewer.
func (s *Store) Decide(ctx context.Context, step Step, inputRef string) (registration.StepResult, error) {
	return s.apply(ctx, step, func(ctx context.Context, c *change) (*registration.Refusal, error) {
		var d dossier.Decision
		if err := c.input(ctx, inputRef, dossier.PurposeDecision, &d); err != nil {
			return nil, err
		}
		// The bank's return is on its way to the workflow: the decision would stand on nothing.
		if c.payment != nil && c.payment.BankState == "returned" && c.rec.CompanyProof != nil && *c.rec.CompanyProof == c.payment.ID {
			return &registration.Refusal{Code: registration.CodeWrongState, State: c.rec.State}, nil
		}
		if refusal, err := mayNotDecide(ctx, c.tx, c.rec.ID, d.Reviewer); refusal != nil || err != nil {
			return refusal, err
		}
		if pastRound(d, c.rec.ReviewRound) {
			return registration.Refuse(registration.CodeClaimedByOther), nil
		}
		said, err := c.sealReasons(ctx, c.tx, c.rec.ID, c.rec.ReviewRound, d.Reasons)
		if err != nil {
			return nil, err
		}
		if refusal, err := c.writeDecision(ctx, d, said); refusal != nil || err != nil {
			return refusal, err
		}
		return nil, c.decided(ctx, d, said)
	})
}

func (c *change) writeDecision(ctx context.Context, d dossier.Decision, said registration.Corrections) (*registration.Refusal, error) {
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

func (c *change) decided(ctx context.Context, d dossier.Decision, said registration.Corrections) error {
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
	return c.tell(ctx, notice.CorrectionRequired, c.roundKey("correction_required"), notice.Data{Reasons: reasonsOf(d), Deadline: new(c.idleSince())})
}

// reopenIdentity forgets a verified identity that the reviewer did not accept: it is to be proven anew.
func (c *change) reopenIdentity(ctx context.Context) error {
	c.rec.Identity, c.rec.IdentityRef = nil, nil
	if _, err := c.tx.Exec(ctx, `update admin_sessions set current = false where registration_id = $1 and current`, c.rec.ID); err != nil {
		return err
	}
	_, err := c.tx.Exec(ctx, `delete from identity_claims where account_id = $1 and subject = 'person'`, c.rec.AccountID)
	return err
}

// conclude ends the registration by decision and writes what the account now is.
func (c *change) conclude(ctx context.Context, event registration.Event, standing string) error {
	if err := c.move(ctx, event); err != nil {
		return err
	}
	_, err := c.tx.Exec(ctx, `insert into accounts (account_id, kind, name, standing, registration_id, updated_at) values ($1, $2, $3, $4, $5, $6)
		on conflict (account_id) do update set kind = excluded.kind, name = excluded.name, standing = excluded.standing,
			registration_id = excluded.registration_id, updated_at = excluded.updated_at`,
		c.rec.AccountID, c.rec.Kind, c.rec.Name, standing, c.rec.ID, c.at)
	return err
}

func reasonsOf(d dossier.Decision) []notice.Reason {
	var reasons []notice.Reason
	for _, r := range d.Reasons {
		reasons = append(reasons, notice.Reason{Field: string(r.Field), Code: r.Code, Message: r.Message})
	}
	return reasons
}

// closeReview ends a review round that nobody will decide any more.
func (c *change) closeReview(ctx context.Context) error {
	if c.rec.ReviewRound == 0 {
		return nil
	}
	_, err := c.tx.Exec(ctx, `update reviews set closed_at = $3, overdue = false where subject_id = $1 and round = $2 and closed_at is null`, c.rec.ID, c.rec.ReviewRound, c.at)
	return err
}
