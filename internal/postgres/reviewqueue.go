package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/registration"
)

// Review is one review round as reviewers see it.
type Review struct {
	SubjectID   string
	SubjectKind string // registration, clearing
	Round       int
	SubmittedAt time.Time
	DueAt       time.Time
	Overdue     bool
	Assignee    *string
	Decision    *string
	Kept        registration.Corrections // why, as it is stored
	Snapshot    json.RawMessage
	Kind        *registration.Kind
	AccountID   *string
	State       *registration.State
	Name        *string
	Before      json.RawMessage // the round before's snapshot; null in the first
	// DecidedBefore are the reviewers who had approved the submission when the round began.
	DecidedBefore []string
	OwnCase       bool // the caller who asks has opened it, or acted for its applicant
}

const listedColumns = `v.subject_id, v.subject_kind, v.round, v.submitted_at, v.due_at, v.overdue, v.assignee, v.decision, v.reasons as kept, v.snapshot`

const reviewColumns = `v.subject_id, v.subject_kind, v.round, v.submitted_at, v.due_at, v.overdue, v.assignee, v.decision, v.kept, v.snapshot,
	r.kind, coalesce(r.account_id, k.account_id) as account_id, coalesce(r.state, k.state) as state, r.name,
	coalesce(v.snapshot -> 'decided_before', '[]') as decided_before`

// reviewed joins a review with what it is about.
const reviewed = ` left join registrations r on r.id = v.subject_id left join clearings k on k.id = v.subject_id `

// ReviewFilter chooses open reviews. Empty fields choose all.
type ReviewFilter struct {
	Assignee string
	Overdue  *bool
	Kind     string // registration, individual, enterprise, clearing
	Caller   string // who asks
	Cursor   string
	Limit    int
}

// Reviews lists open reviews, oldest due first.
func (s *Store) Reviews(ctx context.Context, f ReviewFilter) (Page[*Review], error) {
	var page Page[*Review]
	q := listing{from: "reviews v", columns: listedColumns, order: "due_at, subject_id", limit: f.Limit + 1}
	q.where("v.closed_at is null")
	q.flag("v.overdue", f.Overdue)
	kinds := []string{"individual", "enterprise", "clearing"}
	if f.Kind == "registration" {
		f.Kind, kinds = "", kinds[:2]
	}
	open(&q, "v.list_kind", f.Kind, kinds...)
	if f.Assignee != "" {
		q.where("v.assignee = ?", f.Assignee)
	} else {
		q.where("char_length(v.subject_id) > 0") // always true; it names an index
	}
	if err := q.beyond(f.Cursor, "(v.due_at, v.subject_id) > (?, ?)"); err != nil {
		return page, err
	}
	args := slices.Concat(q.args, []any{f.Caller})
	rows, err := s.pool.Query(ctx, fmt.Sprintf(`select %s, null::jsonb as before,
		exists (select from case_callers c where c.subject_id = v.subject_id and c.caller = $%d) as own_case
		from (%s) v%s order by v.due_at, v.subject_id`, reviewColumns, len(args), q.sql(), reviewed), args...)
	if err != nil {
		return page, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[Review])
	page.Items, page.NextCursor = trim(all, f.Limit, func(x *Review) (time.Time, string) { return x.DueAt, x.SubjectID })
	return page, err
}

// ReviewOf returns the newest round of a registration or clearing, with the one before it and the reviewer's words.
func (s *Store) ReviewOf(ctx context.Context, subjectID string) (*Review, error) {
	return s.ReviewFor(ctx, subjectID, "", Leftover{})
}

// ReviewFor is [Store.ReviewOf] for a caller, and writes what is left of an act. It says whether it is the caller's own case.
func (s *Store) ReviewFor(ctx context.Context, subjectID, caller string, left Leftover) (*Review, error) {
	query, args := left.before(`select `+reviewColumns+`, (select b.snapshot from reviews b where b.subject_id = v.subject_id and b.round = v.round - 1) as before,
		exists (select from case_callers c where c.subject_id = v.subject_id and c.caller = $2) as own_case,
		(select wrapped from vault_keys where subject = v.subject_id) as data_key
		from (select `+listedColumns+` from reviews v where v.subject_id = $1 order by v.round desc limit 1) v`+reviewed, subjectID, caller)
	rows, err := s.pool.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	type keyed struct {
		Review
		DataKey []byte
	}
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[keyed])
	if err != nil {
		return nil, notFound(err)
	}
	keys := dataKeys{}
	if v.DataKey != nil {
		keys[subjectID] = v.DataKey
	}
	return &v.Review, s.openReasons(keys, subjectID, v.Round, v.Kept)
}

// ClaimReview gives the open round of a registration to a reviewer, as [Store.AssignReview] does, in one statement. It reports false
// if that has to judge: whatever is to be said against it, or of a clearing.
func (s *Store) ClaimReview(ctx context.Context, subjectID, reviewer string) (claimed bool, err error) {
	if registration.IsClearingID(subjectID) {
		return false, nil
	}
	tag, err := s.pool.Exec(ctx, `update reviews set assignee = $2, claimed_at = $3 where subject_id = $1 and closed_at is null
		and round = (select max(round) from reviews where subject_id = $1) and (assignee is null or assignee = $2)
		and not exists (select from case_callers where subject_id = $1 and caller = $2)`, subjectID, reviewer, s.now())
	return err == nil && tag.RowsAffected() == 1, err
}

// AssignReview gives the open round of a subject to a reviewer, or to nobody. Unless force is set it refuses to take the round
// from somebody else; and always to give it to somebody who may not decide it.
func (s *Store) AssignReview(ctx context.Context, subjectID, by string, to *string, force bool) (*registration.Refusal, error) {
	var refusal *registration.Refusal
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		var assignee *string
		var closed bool
		var state *registration.State
		err := tx.QueryRow(ctx, `select v.assignee, v.closed_at is not null, coalesce(r.state, k.state) from reviews v`+reviewed+`
			where v.subject_id = $1 order by v.round desc limit 1 for update of v`, subjectID).Scan(&assignee, &closed, &state)
		switch {
		case err != nil:
			return notFound(err)
		case closed:
			refusal = registration.Refuse(registration.CodeWrongState)
			if state != nil {
				refusal.State = *state
			}
			return nil
		}
		if to != nil {
			if refusal, err = mayNotDecide(ctx, tx, subjectID, *to); refusal != nil || err != nil {
				return err
			}
		}
		if assignee != nil && *assignee != by && !force {
			refusal = registration.Refuse(registration.CodeClaimedByOther)
			return nil
		}
		_, err = tx.Exec(ctx, `update reviews set assignee = $2, claimed_at = $3 where subject_id = $1 and closed_at is null`, subjectID, to, s.now())
		return err
	})
	return refusal, err
}

// SubmittedDocument finds the file of a slot in the newest submitted round, and notes on the timeline who looked at it.
func (s *Store) SubmittedDocument(ctx context.Context, subjectID string, slot registration.Slot, reviewer string) (doc StoredDocument, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var submitted time.Time
		if err := tx.QueryRow(ctx, `select submitted_at from reviews where subject_id = $1 order by round desc limit 1`, subjectID).Scan(&submitted); err != nil {
			return notFound(err)
		}
		doc, err = scanStored(tx.QueryRow(ctx, `select `+storedDocument+` from documents where subject = $1 and slot = $2 and at <= $3
			and (superseded_at is null or superseded_at > $3) order by at desc limit 1`, subjectID, slot, submitted))
		if err != nil {
			return notFound(err)
		}
		return addTimelineNote(ctx, tx, subjectID, "document_viewed:"+string(slot), reviewer, nil, s.now())
	})
	return doc, err
}
