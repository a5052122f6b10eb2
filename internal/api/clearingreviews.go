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
	IDNumber    string `json:"id_number" doc:"Masked resident ID number" example:"1****************4"`
	Reason      string `json:"reason" doc:"Why they ask" example:"I have left the company."`
	Contested   bool   `json:"contested" doc:"Asked for by somebody who names no account: two reviewers must approve"`
	ByLetter    bool   `json:"by_letter" doc:"Asked for by an authorised person of the company: two reviewers must approve"`
	IsHolder    *bool  `json:"is_holder" doc:"Name and ID number are those of the bound identity; null for a contested claim, whose reviewer judges it by the materials" example:"true"`
	NameMatches *bool  `json:"name_matches" doc:"Of a contested claim: whether its name is the one that the ID number is bound with, when the round began; null if the number is bound nowhere, and of every other clearing. Names change by law: look at the papers" example:"true"`
	Approvals   int    `json:"approvals" doc:"Reviewers who have approved this submission already" example:"1"`
	Objected    bool   `json:"objected" doc:"The account's holder has objected: a third reviewer decides"`
	OtherClaims int    `json:"other_claims" doc:"Open clearings of the same identity beside this one: others' claims, and the account's own" example:"1"`
	Unreachable bool   `json:"unreachable" doc:"No channel could carry the notice to the account's holder: nobody was asked, and two approvals clear all the same; over a contested claim one of the two must be new to it"`
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
	others, err := s.Store.ClaimsBeside(ctx, v.SubjectID)
	if err != nil {
		return nil, err
	}
	out := Review{
		ReviewItem: itemOf(v), Decision: v.Decision, Reasons: v.Kept.Reasons(), Changed: []string{}, Submitted: Submitted{Documents: now.Documents},
		Clearing: &ClearingReview{
			Holder: now.Claim.Holder, IDNumber: now.Claim.IDNumber, Reason: reason, Contested: now.Contested, ByLetter: now.ByLetter,
			IsHolder: now.IsHolder, NameMatches: now.NameMatches, Approvals: now.Approvals, Objected: now.Objected, Unreachable: now.Unreachable,
			OtherClaims: others,
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
