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
func (s *Store) ClearingView(ctx context.Context, id string) (view *registration.ClearingView, err error) {
	err = s.inSnapshot(ctx, func(q querier) error {
		k, err := loadClearing(ctx, q, id, "")
		if err != nil {
			return err
		}
		view, err = s.clearingView(ctx, q, k)
		return err
	})
	return view, err
}

// ClearingFor reads what the API needs to reach a clearing: the application that names its workflow, and its state.
func (s *Store) ClearingFor(ctx context.Context, id string) (registration.ClearingApplication, registration.State, error) {
	k, err := loadClearing(ctx, s.pool, id, "")
	if err != nil {
		return registration.ClearingApplication{}, "", err
	}
	app := registration.ClearingApplication{ClearingID: k.ID, ClaimRef: k.ClaimRef}
	if !k.Contested {
		app.AccountID = k.account()
	}
	return app, k.State, nil
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

func (s *Store) clearingView(ctx context.Context, q querier, k *clearing) (*registration.ClearingView, error) {
	docs, err := currentDocuments(ctx, q, k.ID)
	if err != nil {
		return nil, err
	}
	conditions, err := s.conditions(ctx, q, k)
	if err != nil {
		return nil, err
	}
	v := &registration.ClearingView{
		ID: k.ID, AccountID: k.AccountID, State: k.State, Conditions: conditions, Documents: docs, LastError: k.LastError,
		Requirements: []registration.Requirement{}, ObjectionUntil: k.ObjectionUntil, CreatedAt: k.CreatedAt, UpdatedAt: k.UpdatedAt,
	}
	if k.Contested {
		v.AccountID, v.Conditions = nil, judging.Contested(k.Locale)
	}
	if v.LastError != nil {
		v.LastError.Errors = withEvidence(v.LastError.Errors, v.Conditions)
	}
	keys, err := keysOf(ctx, q, k.ID)
	if err != nil {
		return nil, err
	}
	if v.Review, err = s.reviewView(ctx, q, k.ID, keys); err != nil {
		return nil, err
	}
	if err := s.openReasons(keys, k.ID, k.ReviewRound, k.Corrections); err != nil {
		return nil, err
	}
	if k.State == registration.MaterialsRequired {
		for _, e := range append(k.materialsMissing(docs, v.Conditions), withEvidence(k.unmetFields(k.neededToOpen(v.Conditions)), v.Conditions)...) {
			v.Requirements = append(v.Requirements, registration.Requirement{Field: registration.Field(e.Location), Code: e.Code, Message: e.Message})
		}
	}
	return v, q.QueryRow(ctx, `select exists (select from acts where registration_id = $1 and finished_at is null and `+shownLater+`)`, k.ID).Scan(&v.Processing)
}

func (s *Store) reviewView(ctx context.Context, q querier, subjectID string, keys dataKeys) (*registration.ReviewView, error) {
	rows, err := q.Query(ctx, `select `+reviewShown+` from reviews where subject_id = $1 order by round desc limit 1`, subjectID)
	if err != nil {
		return nil, err
	}
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByNameLax[reviewRow])
	if err != nil {
		return nil, unless(err, pgx.ErrNoRows)
	}
	return v.view(s, keys)
}

// ClearingTimeline returns what happened to a clearing, oldest first.
func (s *Store) ClearingTimeline(ctx context.Context, id string) ([]registration.TimelineEntry, error) {
	if _, err := loadClearing(ctx, s.pool, id, ""); err != nil {
		return nil, err
	}
	return s.timelineLines(ctx, `select at, event, from_state, to_state, actor, finding_id from clearing_timeline where clearing_id = $1 order by id`, id)
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
