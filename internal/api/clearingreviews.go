package api

import (
	"context"
	"encoding/json"
	"slices"

	"shiming/internal/postgres"
	"shiming/registration"
)

// ClearingReview is what reviewers are shown of a clearing.
type ClearingReview struct {
	Holder      string `json:"holder" doc:"Masked name of who asks" example:"张*"`
	IDNumber    string `json:"id_number" doc:"Masked resident ID number" example:"110***********1234"`
	Reason      string `json:"reason" doc:"Why they ask" example:"I have left the company."`
	Contested   bool   `json:"contested" doc:"Asked for by somebody who names no account"`
	ByLetter    bool   `json:"by_letter" doc:"Asked for by an authorised person of the company: two reviewers must approve"`
	IsHolder    *bool  `json:"is_holder" doc:"Name and ID number are those of the bound identity; null for a contested claim, whose reviewer judges it by the materials" example:"true"`
	Approvals   int    `json:"approvals" doc:"Reviewers who have approved this submission already" example:"1"`
	Objected    bool   `json:"objected" doc:"The account's holder has objected"`
	Unreachable bool   `json:"unreachable" doc:"No channel could carry the notice to the account's holder: nobody was asked, and approval clears all the same"`
}

// clearingReviewed is the review of a clearing.
func (s *server) clearingReviewed(ctx context.Context, v *postgres.Review, status int) (*reviewAnswer, error) {
	var now, before postgres.ClearingSnapshot
	if err := json.Unmarshal(v.Snapshot, &now); err != nil {
		return nil, err
	}
	reason, err := s.Store.ClearingReason(ctx, v.SubjectID)
	if err != nil {
		return nil, err
	}
	out := Review{
		ReviewItem: itemOf(v), Decision: v.Decision, Reasons: v.Kept.Reasons(), Changed: []string{}, Submitted: Submitted{Documents: now.Documents},
		Clearing: &ClearingReview{
			Holder: now.Claim.Holder, IDNumber: now.Claim.IDNumber, Reason: reason, Contested: now.Contested, ByLetter: now.ByLetter,
			IsHolder: now.IsHolder, Approvals: now.Approvals, Objected: now.Objected, Unreachable: now.Unreachable,
		},
	}
	if len(v.Before) > 0 {
		if err := json.Unmarshal(v.Before, &before); err != nil {
			return nil, err
		}
		out.Changed = changedMaterials(before.Documents, now.Documents)
	}
	return &reviewAnswer{Status: status, Body: out}, nil
}

// changedMaterials names the documents that differ from the round before.
func changedMaterials(before, now []registration.Document) []string {
	parts := []string{}
	for _, d := range now {
		if !slices.ContainsFunc(before, func(b registration.Document) bool { return b.Slot == d.Slot && b.SHA256 == d.SHA256 }) {
			parts = append(parts, string(registration.DocumentField(d.Slot)))
		}
	}
	return parts
}
