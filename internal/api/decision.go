package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"shiming/internal/dossier"
	"shiming/internal/engine"
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
		Note     string           `json:"note,omitempty" doc:"For reviewers only" example:"Second look needed."`
	}
}

// DecisionReason is one thing a reviewer asks to be corrected.
type DecisionReason struct {
	Field   string `json:"field" maxLength:"64" doc:"Path of the field to correct" example:"documents.id_card_front"`
	Code    string `json:"code" enum:"unreadable,mismatch,expired,incomplete,not_accepted,other" doc:"Why it was not accepted" example:"unreadable"`
	Message string `json:"message,omitempty" doc:"What to do, in the reviewer's words" example:"The number cannot be read; scan it again."`
}

// check judges a decision for a registration of a kind.
func (in *decideReview) check(kind registration.Kind, by string) (dossier.Decision, error) {
	d := dossier.Decision{Decision: in.Body.Decision, Final: in.Body.Final, Note: in.Body.Note, Reviewer: by}
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
		c.take(fmt.Sprintf("reasons[%d].message", i), "", r.Message, prose(0, longestMessage))
		d.Reasons = append(d.Reasons, registration.Reason{Field: registration.Field(r.Field), Code: r.Code, Message: r.Message})
	}
	c.take("note", "", d.Note, prose(0, longestNote))
	return d, c.problem()
}

// decide hands a decision to the workflow. What was decided is sealed: a reviewer's words may quote what was handed in.
func (s *server) decide(ctx context.Context, in *decideReview) (*reviewAnswer, error) {
	if err := mustBeID(in.ID); err != nil {
		return nil, err
	}
	about, workflowID, args, err := s.judge(ctx, in)
	switch {
	case err != nil:
		return nil, err
	case args == nil:
		return s.reviewed(ctx, in.ID, http.StatusOK)
	}
	_, err = s.Engine.Act(ctx, workflowID, registration.ActDecide, *args, s.wait(ctx))
	return s.decided(ctx, about, args.InputRef, err)
}

// judge checks a decision and seals it. args is nil if an earlier call with the same key has decided, whose answer was
// not kept.
func (s *server) judge(ctx context.Context, in *decideReview) (about act, workflowID string, args *registration.ActArgs, err error) {
	ctx, cancel := s.beforehand(ctx)
	defer cancel()
	v, err := s.Store.ReviewOf(ctx, in.ID)
	if err != nil {
		return about, "", nil, s.neverSubmitted(ctx, in.ID, err)
	}
	about = act{registration: in.ID, kind: registration.ActDecide, clearing: v.SubjectKind == clearingKind}
	st, err := s.standingOf(ctx, about)
	if err != nil {
		return about, "", nil, err
	}
	workflowID = workflowOf(st, in.ID)
	me := requestOf(ctx).caller.name
	decision, err := in.check(st.Kind, me)
	if err != nil {
		return about, "", nil, err
	}
	actID, known, err := s.generation(ctx)
	if known || err != nil {
		return about, workflowID, nil, err
	}
	if refusal := registration.RefuseAct(st.Kind, st.State, registration.ActDecide); refusal != nil {
		return about, "", nil, refusal
	}
	if v.Assignee != nil && *v.Assignee != me {
		return about, "", nil, registration.Refuse(registration.CodeClaimedByOther)
	}
	ref, err := s.Store.Put(ctx, in.ID, dossier.PurposeDecision, decision)
	if err != nil {
		return about, "", nil, err
	}
	return about, workflowID, &registration.ActArgs{ActID: actID, RegistrationID: in.ID, Actor: byReviewer(ctx), InputRef: ref}, nil
}

// decided answers a decision by what the engine made of it.
func (s *server) decided(ctx context.Context, about act, ref string, err error) (*reviewAnswer, error) {
	ctx, cancel := context.WithTimeout(detached(ctx), actMargin)
	defer cancel()
	var refusal *registration.Refusal
	switch {
	case err == nil:
		s.note(ctx, s.Store.Discard(ctx, ref))
		return s.reviewed(ctx, about.registration, http.StatusOK)
	case errors.As(err, &refusal):
		s.note(ctx, s.Store.Discard(ctx, ref))
		return nil, refusal
	case errors.Is(err, engine.ErrStillWorking):
		return s.reviewed(ctx, about.registration, http.StatusAccepted)
	case errors.Is(err, engine.ErrNoRun):
		return nil, s.standsInTheWay(ctx, about)
	}
	return nil, err
}
