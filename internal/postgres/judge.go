package postgres

import (
	"context"

	"shiming/registration"
)

// What follows refuses acts before anything is written, by the same rules as their steps, which judge again under the lock.

// SubmitRefused says what is missing before a registration can be submitted.
func (s *Store) SubmitRefused(ctx context.Context, id string) (*registration.Refusal, error) {
	var refusal *registration.Refusal
	err := s.inSnapshot(ctx, func(q querier) error {
		rec, err := load(ctx, q, id, "")
		if err != nil {
			return err
		}
		p, err := newestPayment(ctx, q, id)
		if err != nil {
			return err
		}
		docs, err := currentDocuments(ctx, q, id)
		if err != nil {
			return err
		}
		if err := s.openCorrections(ctx, q, id, rec.ReviewRound, rec.Corrections); err != nil {
			return err
		}
		refusal = missing(requirements(rec, p, docs))
		return nil
	})
	return refusal, err
}

// missing refuses a submission for what is missing, if anything is.
func missing(fields []registration.FieldError) *registration.Refusal {
	if len(fields) == 0 {
		return nil
	}
	return registration.Refuse(registration.CodeRequirementsMissing).At(fields...)
}

// DepositRefused says that no amount is awaited yet, or any more.
func (s *Store) DepositRefused(ctx context.Context, id string) (*registration.Refusal, error) {
	rec, err := load(ctx, s.pool, id, "")
	if err != nil {
		return nil, err
	}
	p, err := newestPayment(ctx, s.pool, id)
	if err != nil {
		return nil, err
	}
	return depositRefused(rec, p), nil
}

func depositRefused(rec *record, p *payment) *registration.Refusal {
	if p.open() && p.State != registration.PayoutRequestedState {
		return nil
	}
	return &registration.Refusal{Code: registration.CodeWrongState, State: rec.State}
}

// ClearingSubmitRefused says which materials are missing before a clearing can be submitted.
func (s *Store) ClearingSubmitRefused(ctx context.Context, id string) (*registration.Refusal, error) {
	var refusal *registration.Refusal
	err := s.inSnapshot(ctx, func(q querier) error {
		k, err := loadClearing(ctx, q, id, "")
		if err != nil {
			return err
		}
		docs, err := currentDocuments(ctx, q, id)
		if err != nil {
			return err
		}
		conditions, err := s.conditions(ctx, q, k)
		if err != nil {
			return err
		}
		if err := s.openCorrections(ctx, q, id, k.ReviewRound, k.Corrections); err != nil {
			return err
		}
		refusal = missing(k.materialsMissing(docs, conditions))
		return nil
	})
	return refusal, err
}
