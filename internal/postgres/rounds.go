package postgres

import (
	"context"
	"fmt"

	"shiming/internal/dossier"
	"shiming/internal/notice"
	"shiming/registration"
)

// round is the newest review round.
func (c *change) round(ctx context.Context) (registration.Review, error) {
	if c.review != nil {
		return *c.review, nil
	}
	var r registration.Review
	err := c.tx.QueryRow(ctx, `select submitted_at, due_at, due_provisional, overdue from reviews where subject_id = $1 and round = $2`,
		c.row.ID, c.row.ReviewRound).Scan(&r.SubmittedAt, &r.DueAt, &r.DueProvisional, &r.Overdue)
	if err == nil {
		c.review = &r
	}
	return r, err
}

// openRound begins a review round with what reviewers are shown. kind is the developer's, of a registration.
func (c *change) openRound(ctx context.Context, subjectKind string, kind *registration.Kind, snapshot []byte) error {
	r := registration.NewReview(c.cal, c.at)
	c.review = &r
	c.row.ReviewRound++
	_, err := c.tx.Exec(ctx, `insert into reviews (subject_id, subject_kind, developer_kind, round, submitted_at, due_at, due_provisional, snapshot)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, c.row.ID, subjectKind, kind, c.row.ReviewRound, r.SubmittedAt, r.DueAt, r.DueProvisional, snapshot)
	return err
}

// roundKey is the key of what is said about the newest round.
func (r *row) roundKey(what string) string { return fmt.Sprintf("%s/%s/%d", what, r.ID, r.ReviewRound) }

func (c *change) roundKey(what string) string { return c.row.roundKey(what) }

// tickReview does what time brings a review: a reminder to reviewers after each working day, and after the last the
// word to ops that it is overdue.
func (c *change) tickReview(ctx context.Context) error {
	before, err := c.round(ctx)
	if err != nil || before.Overdue {
		return err
	}
	r := before.At(c.cal, c.at)
	due := r.Due()
	if r.Overdue || !due.Same(new(before.Due())) {
		c.review = &r
		if _, err := c.tx.Exec(ctx, `update reviews set due_at = $3, due_provisional = $4, overdue = $5 where subject_id = $1 and round = $2`,
			c.row.ID, c.row.ReviewRound, r.DueAt, r.DueProvisional, r.Overdue); err != nil {
			return err
		}
	}
	if r.Overdue {
		if err := c.emit(ctx, "review.overdue"); err != nil {
			return err
		}
		return c.on.tellStaff(ctx, notice.ReviewOverdue, c.roundKey("review_overdue"), notice.Data{Deadline: &due.At})
	}
	passed := r.DaysPassed(c.cal, c.at)
	if passed == 0 {
		return nil
	}
	return c.on.tellStaff(ctx, notice.ReviewReminder, fmt.Sprintf("%s/%d", c.roundKey("review_reminder"), passed),
		notice.Data{Deadline: &due.At, DeadlineProvisional: due.Provisional})
}

// decide takes a reviewer's decision and goes where it leads.
func (c *change) decide(ctx context.Context) (*registration.Refusal, error) {
	var d dossier.Decision
	if err := c.input(ctx, dossier.PurposeDecision, &d); err != nil {
		return nil, err
	}
	if refusal, err := c.on.mayDecide(ctx, d); refusal != nil || err != nil {
		return refusal, err
	}
	said, err := c.sealReasons(ctx, c.tx, c.row.ID, c.row.ReviewRound, d.Reasons)
	if err != nil {
		return nil, err
	}
	if refusal, err := c.writeDecision(ctx, d, said); refusal != nil || err != nil {
		return refusal, err
	}
	return nil, c.on.decided(ctx, d, said)
}

// decisionBarred refuses a reviewer who may not decide the case, and a decision on a round that is over.
func (c *change) decisionBarred(ctx context.Context, d dossier.Decision) (*registration.Refusal, error) {
	if refusal, err := mayNotDecide(ctx, c.tx, c.row.ID, d.Reviewer); refusal != nil || err != nil {
		return refusal, err
	}
	return refuseIf(pastRound(d, c.row.ReviewRound), registration.CodeClaimedByOther), nil
}

func (c *change) writeDecision(ctx context.Context, d dossier.Decision, said registration.Corrections) (*registration.Refusal, error) {
	note, err := c.seal(ctx, c.tx, Own(c.row.ID).place(dossier.PurposeReason, c.roundKey("note")), d.Note)
	if err != nil {
		return nil, err
	}
	tag, err := c.tx.Exec(ctx, `update reviews set decision = $3, final = $4, decided_by = $5, decided_at = $6, closed_at = $6, reasons = $7, note = $8,
		assignee = $5, overdue = false where subject_id = $1 and round = $2 and closed_at is null and (assignee is null or assignee = $5)`,
		c.row.ID, c.row.ReviewRound, d.Decision, d.Final, d.Reviewer, c.at, said, note)
	if err != nil {
		return nil, err
	}
	return refuseIf(tag.RowsAffected() == 0, registration.CodeClaimedByOther), nil
}

// closeReview ends a review round that nobody will decide any more.
func (c *change) closeReview(ctx context.Context) error {
	if c.row.ReviewRound == 0 {
		return nil
	}
	_, err := c.tx.Exec(ctx, `update reviews set closed_at = $3, overdue = false where subject_id = $1 and round = $2 and closed_at is null`,
		c.row.ID, c.row.ReviewRound, c.at)
	return err
}

func reasonsOf(d dossier.Decision) []notice.Reason {
	var reasons []notice.Reason
	for _, r := range d.Reasons {
		reasons = append(reasons, notice.Reason{Field: string(r.Field), Code: r.Code, Message: r.Message})
	}
	return reasons
}
