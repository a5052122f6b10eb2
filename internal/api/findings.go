package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"shiming/internal/postgres"
	"shiming/internal/problem"
	"shiming/registration"
)

const findingTag = "Findings"

// findings makes the routes about what does not mend itself.
func (s *server) findings() {
	register(s, route{
		id: "list-findings", method: http.MethodGet, path: "/v1/findings", tag: findingTag, summary: "List findings",
		description: "What was found not to be as it should be and does not mend itself, newest first.", codes: []problem.Code{registration.CodeInvalidRequest},
	}, s.listFindings)
	register(s, route{
		id: "get-finding", method: http.MethodGet, path: "/v1/findings/{id}", tag: findingTag, summary: "Read a finding",
		description: "One finding, with what it means and what to do about it.",
	}, s.getFinding)
	register(s, route{
		id: "resolve-finding", method: http.MethodPost, path: "/v1/findings/{id}/resolve", tag: findingTag, summary: "Resolve a finding",
		description: "By the word of a person who has seen to it; it is on the timeline of the registration or the clearing that it is about. What is not mended all the same is " +
			"found again, as another. One that is resolved already: wrong_state.",
		codes: []problem.Code{registration.CodeWrongState},
	}, s.resolveFinding)
}

// Finding is something that does not mend itself.
type Finding struct {
	ID         string                   `json:"id" doc:"The finding's id" example:"fnd_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	Kind       registration.FindingKind `json:"kind" doc:"What is not as it should be" example:"run_failing"`
	Subject    string                   `json:"subject" doc:"What it is about: a registration, a clearing, a payment, a notice, a delivery or an act; of spending, payments, sms or mails; payouts, if they are paused" example:"reg_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	AccountID  *string                  `json:"account_id" doc:"The platform account; null if it concerns none" example:"acct-1001"`
	Since      time.Time                `json:"since" doc:"When it was found" example:"2026-09-30T10:00:00+08:00"`
	SeenAt     time.Time                `json:"seen_at" doc:"When it was still there, last" example:"2026-09-30T10:05:00+08:00"`
	Tried      string                   `json:"tried" doc:"What was tried to mend it" example:"looked twice, a minute apart"`
	ResolvedAt *time.Time               `json:"resolved_at" doc:"When it was resolved; null while it is open" example:"2026-09-30T11:00:00+08:00"`
	ResolvedBy *string                  `json:"resolved_by" doc:"Who resolved it, or reconciler if its cause was gone; null while it is open" example:"ops:zhang"`
	Reason     *string                  `json:"reason" doc:"Why; null while it is open" example:"Rolled back the release."`
	Text       string                   `json:"text" doc:"What it means and what to do about it" example:"The run cannot finish its task."`
}

func findingOf(f *postgres.Finding) Finding {
	out := Finding{
		ID: f.ID, Kind: f.Kind, Subject: f.Subject, Since: f.Since, SeenAt: f.SeenAt, Tried: f.Tried,
		ResolvedAt: f.ResolvedAt, ResolvedBy: f.ResolvedBy, Reason: f.Reason, Text: f.Kind.Text(),
	}
	if f.AccountID != "" {
		out.AccountID = &f.AccountID
	}
	return out
}

type listFindings struct {
	Kind registration.FindingKind `query:"kind" enum:"run_failing,run_ahead,run_behind,undelivered,payout_failed,message_unsure,payouts_paused,spending_high,spending_ceiling" doc:"Only those of this kind" example:"run_failing"`
	Open optional[bool]           `query:"open" doc:"Only those that are open, or that are resolved" example:"true"`
	Paging
}

// FindingPage is a page of findings.
type FindingPage struct {
	Items      []Finding `json:"items" doc:"Findings, newest first"`
	NextCursor *string   `json:"next_cursor" doc:"Where the next page begins; null on the last" example:"MjAyNi0wOS0zMFQwMjowMDowMFp8Zm5kX2szdjU"`
}

func (s *server) listFindings(ctx context.Context, in *listFindings) (*struct{ Body FindingPage }, error) {
	page, err := s.Store.Findings(ctx, postgres.FindingFilter{Kind: in.Kind, Open: in.Open.pointer(), Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := FindingPage{Items: make([]Finding, len(page.Items)), NextCursor: next(page.NextCursor)}
	for i, f := range page.Items {
		out.Items[i] = findingOf(f)
	}
	return &struct{ Body FindingPage }{out}, nil
}

// ByFinding names a finding in the path.
type ByFinding struct {
	ID string `path:"id" doc:"The finding's id" example:"fnd_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
}

type findingAnswer struct{ Body Finding }

func (s *server) getFinding(ctx context.Context, in *ByFinding) (*findingAnswer, error) {
	if err := mustBeID(in.ID); err != nil {
		return nil, err
	}
	f, err := s.Store.FindingOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &findingAnswer{findingOf(f)}, nil
}

type resolveFinding struct {
	ByFinding
	Body struct {
		Reason string `json:"reason" doc:"What was done about it; no ID, card, account or phone number" example:"Rolled back the release."`
	}
}

func (s *server) resolveFinding(ctx context.Context, in *resolveFinding) (*findingAnswer, error) {
	if err := errors.Join(mustBeID(in.ID), checkReason(in.Body.Reason)); err != nil {
		return nil, err
	}
	err := s.Store.ResolveFinding(ctx, in.ID, byOps(ctx), in.Body.Reason)
	if errors.Is(err, postgres.ErrResolved) {
		return nil, problem.New(registration.CodeWrongState, problem.WithState("resolved"),
			problem.WithDetail("Read the finding again: it says who has resolved it, and why."))
	}
	if err != nil {
		return nil, err
	}
	return s.getFinding(ctx, &in.ByFinding)
}
