package postgres

import (
	"context"

	"shiming/internal/dossier"
	"shiming/registration"
)

// What follows keeps people apart: whoever opens a case or acts for its applicant does not decide it, and where two reviewers
// must agree they are two.

// ActsFor notes that a caller acts for the applicant of a registration or clearing. It is noted before the act takes effect, so
// that no effect is without it.
func (s *Store) ActsFor(ctx context.Context, subjectID, caller string) error {
	_, err := s.pool.Exec(ctx, `insert into case_callers (subject_id, caller, since) select subject, $2, $3 from vault_keys where subject = $1
		on conflict do nothing`, subjectID, caller, s.now())
	return err
}

// OwnCase reports whether a caller has opened a registration or clearing, or acted for its applicant.
func (s *Store) OwnCase(ctx context.Context, subjectID, caller string) (bool, error) {
	return ownCase(ctx, s.pool, subjectID, caller)
}

func ownCase(ctx context.Context, q querier, subjectID, caller string) (own bool, err error) {
	err = q.QueryRow(ctx, `select exists (select from case_callers where subject_id = $1 and caller = $2)`, subjectID, caller).Scan(&own)
	return own, err
}

// DecisionRefused says why a reviewer may not decide the newest round of a registration or clearing: it is their own case,
// another reviewer must decide it, or has claimed it. [ErrNotFound] if nothing was submitted.
func (s *Store) DecisionRefused(ctx context.Context, subjectID, reviewer string) (*registration.Refusal, error) {
	var refusal *registration.Refusal
	err := s.inSnapshot(ctx, func(q querier) error {
		var assignee *string
		err := q.QueryRow(ctx, `select assignee from reviews where subject_id = $1 order by round desc limit 1`, subjectID).Scan(&assignee)
		if err != nil {
			return notFound(err)
		}
		refusal, err = mayNotDecide(ctx, q, subjectID, reviewer)
		if refusal == nil && assignee != nil && *assignee != reviewer {
			refusal = registration.Refuse(registration.CodeClaimedByOther)
		}
		return err
	})
	return refusal, err
}

// mayNotDecide refuses a reviewer who cannot decide a case however it is claimed.
func mayNotDecide(ctx context.Context, q querier, subjectID, reviewer string) (*registration.Refusal, error) {
	own, err := ownCase(ctx, q, subjectID, reviewer)
	switch {
	case err != nil:
		return nil, err
	case own:
		return registration.Refuse(registration.CodeOwnCase), nil
	case !registration.IsClearingID(subjectID):
		return nil, nil
	}
	k, err := loadClearing(ctx, q, subjectID, "")
	if err != nil {
		return nil, err
	}
	docs, err := currentDocuments(ctx, q, subjectID)
	if err != nil {
		return nil, err
	}
	return refuseIf(!k.facts(docs).MayDecide(reviewer), registration.CodeSecondReviewer), nil
}

// pastRound reports whether a decision was made on an earlier round than the one that is open: another reviewer has decided that
// one, and this one's reviewer has not seen what came of it. Decisions of earlier releases name no round.
func pastRound(d dossier.Decision, open int) bool { return d.Round != 0 && d.Round != open }

// AdoptSubjects gives what earlier releases kept for a bare subject of the only issuer to the caller whom that issuer means.
func (s *Store) AdoptSubjects(ctx context.Context, scheme, issuer string) error {
	_, err := s.pool.Exec(ctx, `update webhook_endpoints set owner = $1 || $2 || '#' || substr(owner, char_length($1) + 1)
		where starts_with(owner, $1) and position('#' in owner) = 0`, scheme, issuer)
	return err
}
