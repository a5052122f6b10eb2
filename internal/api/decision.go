package api

import (
	"context"
	"fmt"

	"shiming/internal/dossier"
	"shiming/internal/postgres"
	"shiming/registration"
)

const (
	approve = "approve"
	reject  = "reject"

	longestMessage = 500
	longestNote    = 2000
	mostReasons    = 50
)

type decideReview struct {
	ByID
	Body struct {
		Decision string           `json:"decision" enum:"approve,reject" doc:"The decision" example:"reject"`
		Final    bool             `json:"final,omitempty" doc:"With reject: nothing can be corrected any more" example:"false"`
		Reasons  []DecisionReason `json:"reasons,omitempty" maxItems:"50" doc:"With reject: what is to be corrected, at least one"`
		Note     string           `json:"note,omitempty" doc:"For reviewers only; no ID, card, account or phone number" example:"Second look needed."`
	}
}

// DecisionReason is one thing a reviewer asks to be corrected.
type DecisionReason struct {
	Field   string `json:"field" maxLength:"64" doc:"Path of the field to correct" example:"documents.id_card_front"`
	Code    string `json:"code" enum:"unreadable,mismatch,expired,incomplete,not_accepted,other" doc:"Why it was not accepted" example:"unreadable"`
	Message string `json:"message,omitempty" doc:"What to do, in the reviewer's words; no ID, card, account or phone number" example:"The number cannot be read; scan it again."`
}

// check judges a decision for a registration of a kind.
func (in *decideReview) check(kind registration.Kind, round int, by string) (dossier.Decision, error) {
	d := dossier.Decision{Decision: in.Body.Decision, Final: in.Body.Final, Note: in.Body.Note, Reviewer: by, Round: round}
	var c checks
	switch {
	case d.Decision == approve && (in.Body.Final || len(in.Body.Reasons) > 0):
		c.add("decision", codeInvalid, "An approval is not final and has no reasons.")
	case d.Decision == reject && len(in.Body.Reasons) == 0:
		c.add("reasons", codeMissing, "A rejection needs at least one reason.")
	}
	for i, r := range in.Body.Reasons[:min(len(in.Body.Reasons), mostReasons)] {
		if !registration.KnownField(kind, registration.Field(r.Field)) {
			c.add(fmt.Sprintf("reasons[%d].field", i), codeInvalid, "There is no such field to correct.")
		}
		c.words(fmt.Sprintf("reasons[%d].message", i), r.Message, 0, longestMessage)
		d.Reasons = append(d.Reasons, registration.Reason{Field: registration.Field(r.Field), Code: r.Code, Message: r.Message})
	}
	c.words("note", d.Note, 0, longestNote)
	return d, c.problem()
}

// decide hands a decision to the workflow. What was decided is sealed: a reviewer's words may quote what was handed in.
func (s *server) decide(ctx context.Context, in *decideReview) (*reviewAnswer, error) {
	a, err := s.decision(ctx, in)
	if err != nil {
		return nil, err
	}
	done, err := s.run(ctx, a)
	if err != nil {
		return nil, err
	}
	return s.reviewAfter(ctx, in.ID, done.status(), done.left)
}

// decision is the act of deciding a review that the caller has claimed, or nobody, and may decide.
func (s *server) decision(ctx context.Context, in *decideReview) (act, error) {
	ctx, cancel := s.beforehand(ctx)
	defer cancel()
	a := act{
		registration: in.ID, clearing: registration.IsClearingID(in.ID), kind: registration.ActDecide, purpose: dossier.PurposeDecision,
		by: byReviewer(ctx),
	}
	v, err := s.reviewToDecide(ctx, in.ID)
	if err != nil {
		return a, s.neverSubmitted(ctx, in.ID, err)
	}
	if a.looked, err = s.look(ctx, a); err != nil {
		return a, err
	}
	me := requestOf(ctx).caller.name
	if a.input, err = in.check(a.looked.Kind, v.Round, me); err != nil {
		return a, err
	}
	a.before = judged(func(_ context.Context, look *postgres.ActLook) (*registration.Refusal, error) {
		return look.DecisionRefused(v, me), nil
	})
	return a, nil
}
