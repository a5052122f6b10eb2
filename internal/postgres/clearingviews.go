package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	judging "shiming/internal/clearing"
	"shiming/internal/dossier"
	"shiming/registration"
)

// ClearingView returns a clearing as its applicant's backend sees it. A contested claim shows no account, and of the
// conditions only the one that concerns the claimant, so that it looks the same whatever it concerns.
func (s *Store) ClearingView(ctx context.Context, id string) (*registration.ClearingView, error) {
	return s.ClearingViewAfter(ctx, id, Leftover{})
}

// shownClearing is a clearing's row with what lies in other tables and is shown with it.
type shownClearing struct {
	clearing
	shownReview
	Documents        []registration.Document
	Processing       bool
	DataKey          []byte // wrapped
	SealedConditions []byte // as they were last judged; with whose they are
	ConditionsOf     *string
	ConditionsFor    *string
}

// shownClearingColumns are what a clearing r, with what is beside it, is shown of.
const shownClearingColumns = `r.*, v.*, c.sealed as sealed_conditions, c.subject as conditions_of, c.purpose as conditions_for,
	coalesce(` + documentsOf + `, '[]') as documents, ` + processingOf + ` as processing, (select wrapped from vault_keys where subject = r.id) as data_key`

const besideClearing = `
	left join lateral (select ` + roundShown + ` from reviews where subject_id = r.id order by round desc limit 1) v on true
	left join vault_items c on c.ref = r.conditions_ref`

// viewOneClearing reads one clearing with all that is shown of it, in one statement, so that it is all of one moment.
const viewOneClearing = `select ` + shownClearingColumns + ` from (select ` + clearingColumns + ` from clearings where id = $1) r` + besideClearing

func (s *Store) oneShownClearing(ctx context.Context, query string, args ...any) (*shownClearing, error) {
	rows, err := s.pool.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	k, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[shownClearing])
	if err != nil {
		return nil, notFound(err)
	}
	return k, nil
}

// ClearingReason opens why a clearing was asked for, for its reviewers.
func (s *Store) ClearingReason(ctx context.Context, id string) (string, error) {
	k, err := loadClearing(ctx, s.pool, id, "")
	if err != nil {
		return "", err
	}
	var claim dossier.Claim
	err = s.Get(ctx, Own(k.ID), k.ClaimRef, dossier.PurposeClaim, &claim)
	return claim.Reason, err
}

func (s *Store) clearingView(k *shownClearing) (*registration.ClearingView, error) {
	conditions, err := s.shownConditions(k)
	if err != nil {
		return nil, err
	}
	v := &registration.ClearingView{
		ID: k.ID, AccountID: k.AccountID, State: k.State, Conditions: conditions, Documents: k.Documents, LastError: k.LastError, Processing: k.Processing,
		Requirements: []registration.Requirement{}, ObjectionUntil: k.ObjectionUntil, CreatedAt: k.CreatedAt, UpdatedAt: k.UpdatedAt,
	}
	if k.Contested {
		v.AccountID, v.Conditions = nil, judging.Contested(k.Locale)
	}
	if v.LastError != nil {
		v.LastError.Errors = withEvidence(v.LastError.Errors, v.Conditions)
	}
	keys := dataKeys{}
	if k.DataKey != nil {
		keys[k.ID] = k.DataKey
	}
	if v.Review, err = k.shownReview.round(s, k.ID, keys); err != nil {
		return nil, err
	}
	if err := s.openReasons(keys, k.ID, k.ReviewRound, k.Corrections); err != nil {
		return nil, err
	}
	if k.State == registration.MaterialsRequired {
		for _, e := range append(k.materialsMissing(k.Documents, v.Conditions), withEvidence(k.unmetFields(k.neededToOpen(v.Conditions)), v.Conditions)...) {
			v.Requirements = append(v.Requirements, registration.Requirement{Field: registration.Field(e.Location), Code: e.Code, Message: e.Message})
		}
	}
	return v, nil
}

// shownConditions opens the conditions as they were last judged.
func (s *Store) shownConditions(k *shownClearing) (registration.Conditions, error) {
	if k.ConditionsRef == nil {
		return nil, nil
	}
	var kept dossier.Conditions
	item := sealedItem{ref: *k.ConditionsRef, subject: k.ConditionsOf, purpose: k.ConditionsFor, sealed: k.SealedConditions, wrapped: k.DataKey}
	err := s.openItem(item, Own(k.ID), dossier.PurposeConditions, &kept)
	return kept.Conditions, err
}

// ClearingTimeline returns what happened to a clearing, oldest first.
func (s *Store) ClearingTimeline(ctx context.Context, id string) ([]registration.TimelineEntry, error) {
	lines, err := s.timelineLines(ctx, `select at, event, from_state, to_state, actor, finding_id from clearing_timeline where clearing_id = $1 order by id`, id)
	if err == nil && len(lines) == 0 { // its opening is a line
		return nil, ErrNotFound
	}
	return lines, err
}

// NewestClearing names the newest clearing that was asked for through an account: the one under way, if there is one.
func (s *Store) NewestClearing(ctx context.Context, accountID string) (string, error) {
	k, err := oneClearing(ctx, s.pool, newestOfAccount, accountID)
	if err != nil {
		return "", err
	}
	return k.ID, nil
}

const newestOfAccount = `account_id = $1 and not contested order by ended_at is null desc, created_at desc, id desc limit 1`

// ClaimsBeside counts the open clearings that concern the same identity beside one: strangers' claims to it, and its owner's own.
func (s *Store) ClaimsBeside(ctx context.Context, id string) (n int, err error) {
	err = s.pool.QueryRow(ctx, `select count(*) from clearings k join clearings o on o.id <> k.id and o.ended_at is null
		and (o.contested and o.claim_fingerprint = k.claim_fingerprint or o.account_id = k.account_id) where k.id = $1`, id).Scan(&n)
	return n, err
}
