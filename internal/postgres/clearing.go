package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"shiming/internal/dossier"
	"shiming/registration"
)

// clearing is a clearing's row.
type clearing struct {
	row
	Contested            bool
	AccountID            *string // the account concerned; nil for a contested claim that concerns none so far
	RegistrationID       *string
	ApprovedBy           []string // this submission, oldest first
	ApprovedEarlier      int      // how many of them before the holder objected, or could not be reached
	ClaimRef             string
	ClaimFingerprint     []byte
	Claim                dossier.ClaimView
	ConditionsRef        *string
	ComparedAt           *time.Time // who asks was compared with the bound identity, first then
	EligibleAt           *time.Time
	ObjectionUntil       *time.Time
	ObjectionProvisional bool
	ObjectedAt           *time.Time
	UnreachableAt        *time.Time         // no channel could carry the notice to the holder
	Attempt              int                // to clear; each has a hold of its own
	HoldOpen             bool               // the newest attempt's hold may still be there
	Forgetting           bool               // the wallet was asked to forget the identity: no way leads back
	DeveloperKind        *registration.Kind // of the account concerned
}

const clearingColumns = rowColumns + `, contested, account_id, registration_id, approved_by, approved_earlier, claim_ref, claim_fingerprint, claim,
	conditions_ref, compared_at, eligible_at, objection_until, objection_provisional, objected_at, unreachable_at, attempt, hold_open, forgetting,
	(select r.kind from registrations r where r.id = clearings.registration_id) as developer_kind`

// loadClearing reads a clearing; lock is "" or "for update".
func loadClearing(ctx context.Context, q querier, id, lock string) (*clearing, error) {
	return oneClearing(ctx, q, `id = $1 `+lock, id)
}

func oneClearing(ctx context.Context, q querier, where string, args ...any) (*clearing, error) {
	rows, err := q.Query(ctx, `select `+clearingColumns+` from clearings where `+where, args...)
	if err != nil {
		return nil, err
	}
	k, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[clearing])
	if err != nil {
		return nil, notFound(err)
	}
	return k, nil
}

func (k *clearing) insert(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `insert into clearings (id, contested, account_id, registration_id, locale, state, sequence, created_at, updated_at,
		last_act_at, state_since, claim_ref, claim_fingerprint, claim, conditions_ref, compared_at, eligible_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $8, $8, $9, $10, $11, $12, $13, $14)`,
		k.ID, k.Contested, k.AccountID, k.RegistrationID, k.Locale, k.State, k.Sequence, k.CreatedAt, k.ClaimRef, k.ClaimFingerprint,
		k.Claim, k.ConditionsRef, k.ComparedAt, k.EligibleAt)
	return err
}

// save writes every column that can change, if nobody wrote the row since it was read.
func (k *clearing) save(ctx context.Context, tx pgx.Tx, readSequence int64, others beside) error {
	sql, args := others.with(`update clearings set account_id = $3, registration_id = $4, state = $5, sequence = $6, updated_at = $7,
		last_act_at = $8, state_since = $9, ended_at = $10, last_error = $11, corrections = $12, review_round = $13, approved_by = $14,
		conditions_ref = $15, eligible_at = $16, objection_until = $17, objection_provisional = $18, objected_at = $19,
		unreachable_at = $20, attempt = $21, hold_open = $22,
		version = $23, acknowledged = $24, run_id = $25, run_missing_since = $26, held_at = $27, approved_earlier = $28, compared_at = $29
		where id = $1 and sequence = $2`,
		k.ID, readSequence, k.AccountID, k.RegistrationID, k.State, k.Sequence, k.UpdatedAt, k.LastActAt, k.StateSince, k.EndedAt,
		jsonb(k.LastError), k.written(), k.ReviewRound, k.ApprovedBy, k.ConditionsRef, k.EligibleAt, k.ObjectionUntil,
		k.ObjectionProvisional, k.ObjectedAt, k.UnreachableAt, k.Attempt, k.HoldOpen,
		k.Version, k.Acknowledged, k.RunID, k.RunMissingSince, k.HeldAt, k.ApprovedEarlier, k.ComparedAt)
	return k.saved(tx.Exec(ctx, sql, args...))
}

// workflowID names the workflow of the clearing.
func (k *clearing) workflowID() string {
	return registration.ClearingApplication{ClearingID: k.ID, AccountID: k.namedAccount()}.WorkflowID()
}

// account is the account concerned, empty if there is none.
func (k *clearing) account() string {
	if k.AccountID == nil {
		return ""
	}
	return *k.AccountID
}

// namedAccount is the account, unless nobody may learn it: a contested claim names none.
func (k *clearing) namedAccount() string {
	if k.Contested {
		return ""
	}
	return k.account()
}

// forCompany reports whether an authorised person of a company may ask, instead of the holder.
func (k *clearing) forCompany() bool {
	return !k.Contested && k.DeveloperKind != nil && *k.DeveloperKind == registration.Enterprise
}

// neededToOpen are the conditions that must be met before materials are handed in.
func (k *clearing) neededToOpen(conditions registration.Conditions) registration.Conditions {
	return k.facts(nil).NeededToOpen(conditions)
}

// facts are what the rules of a clearing look at.
func (k *clearing) facts(docs []registration.Document) registration.ClearingFacts {
	f := registration.ClearingFacts{
		Approvals: registration.Approvals{
			Contested: k.Contested, ByLetter: k.byLetter(docs), By: k.ApprovedBy, Earlier: k.ApprovedEarlier,
			Objected: k.ObjectedAt != nil, Unreachable: k.UnreachableAt != nil,
		},
		Asked: k.asked(),
	}
	if k.AccountID != nil && k.DeveloperKind != nil {
		f.Kind = *k.DeveloperKind
	}
	return f
}

// asked reports whether the holder was asked whether they object, or could not be.
func (k *clearing) asked() bool { return k.ObjectionUntil != nil || k.UnreachableAt != nil }

// byLetter reports whether an authorised person of a company asks. A person has nobody to authorise: their letter is a
// document like others.
func (k *clearing) byLetter(docs []registration.Document) bool {
	return k.forCompany() && hasSlot(docs, registration.AuthorizationLetter)
}
