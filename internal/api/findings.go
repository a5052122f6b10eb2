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
		description: "By the word of a person who has seen to it; it is on the timeline of the registration or the clearing that it, or its payment, is about. What is not mended all the same is " +
			"found again, as another; a difference of the bank's statement only if it has changed. One that is resolved already: wrong_state.",
		codes: []problem.Code{registration.CodeWrongState},
	}, s.resolveFinding)
	register(s, route{
		id: "assign-finding", method: http.MethodPost, path: "/v1/findings/{id}/assign", tag: findingTag, summary: "Take a finding, or give it to somebody",
		description: "Says who of ops takes care of it, whoever did before. One that is resolved already: wrong_state.",
		codes:       []problem.Code{registration.CodeWrongState},
	}, s.assignFinding)
}

// Finding is something that does not mend itself.
type Finding struct {
	ID         string                   `json:"id" doc:"The finding's id" example:"fnd_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	Kind       registration.FindingKind `json:"kind" doc:"What is not as it should be" example:"run_failing"`
	Subject    string                   `json:"subject" doc:"What it is about: a registration, a clearing, a payment, a notice, a delivery or an act; of spending, payments, sms or mails; payouts, if they are paused; database or engine, if it is behind the other; of a lost transfer, its key; of a statement, the bank's key or reference of what is none of ours, or the day" example:"reg_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	AccountID  *string                  `json:"account_id" doc:"The platform account; null if it concerns none" example:"acct-1001"`
	Since      time.Time                `json:"since" doc:"When it was found" example:"2026-09-30T10:00:00+08:00"`
	SeenAt     time.Time                `json:"seen_at" doc:"When it was still there, last" example:"2026-09-30T10:05:00+08:00"`
	Tried      string                   `json:"tried" doc:"What was tried to mend it" example:"looked twice, a minute apart"`
	ResolvedAt *time.Time               `json:"resolved_at" doc:"When it was resolved; null while it is open" example:"2026-09-30T11:00:00+08:00"`
	ResolvedBy *string                  `json:"resolved_by" doc:"Who resolved it, or reconciler if its cause was gone; null while it is open" example:"ops:zhang"`
	Reason     *string                  `json:"reason" doc:"Why; null while it is open" example:"Rolled back the release."`
	State      string                   `json:"state" enum:"open,resolved" doc:"Whether it is resolved" example:"open"`
	Age        int64                    `json:"age" doc:"How old it is, in seconds: until now, or until it was resolved" example:"300"`
	Owner      *string                  `json:"owner" doc:"The person of ops who takes care; null until somebody takes it" example:"zhang"`
	Day        *string                  `json:"day" format:"date" doc:"The day of Asia/Shanghai on whose statement it was found; null if on none" example:"2026-09-29"`
	Text       string                   `json:"text" doc:"What it means and what to do about it" example:"The run cannot finish its task."`
}

// finding is one as the API shows it now.
func (s *server) finding(f *postgres.Finding) Finding {
	out := Finding{
		State: "open", Age: max(0, int64(s.Now().Sub(f.Since).Seconds())), Owner: f.Owner, Day: f.Day,
		ID: f.ID, Kind: f.Kind, Subject: f.Subject, Since: f.Since, SeenAt: f.SeenAt, Tried: f.Tried,
		ResolvedAt: f.ResolvedAt, ResolvedBy: f.ResolvedBy, Reason: f.Reason, Text: f.Kind.Text(),
	}
	if f.AccountID != "" {
		out.AccountID = &f.AccountID
	}
	if f.ResolvedAt != nil {
		out.State, out.Age = "resolved", int64(f.ResolvedAt.Sub(f.Since).Seconds())
	}
	return out
}

type listFindings struct {
	Kind registration.FindingKind `query:"kind" enum:"run_failing,run_ahead,run_behind,undelivered,payout_failed,message_unsure,payouts_paused,spending_high,spending_ceiling,statement_unknown,statement_missing,statement_double,statement_differs,statement_returned_late,statement_unavailable,document_missing,document_damaged,held_after_restore,engine_behind,case_lost,case_went_back,transfer_lost,adoption_refused" doc:"Only those of this kind" example:"run_failing"`
	Open optional[bool]           `query:"open" doc:"Only those that are open, or that are resolved" example:"true"`
	// Owner is a name as a caller's.
	Owner string `query:"owner" maxLength:"511" doc:"Only those that this person of ops takes care of" example:"zhang"`
	Paging
}

// FindingPage is a page of findings.
type FindingPage struct {
	Items      []Finding `json:"items" doc:"Findings, newest first"`
	NextCursor *string   `json:"next_cursor" doc:"Where the next page begins; null on the last" example:"MjAyNi0wOS0zMFQwMjowMDowMFp8Zm5kX2szdjU"`
}

func (s *server) listFindings(ctx context.Context, in *listFindings) (*struct{ Body FindingPage }, error) {
	if in.Owner != "" && !plainName(in.Owner) { // nobody is called that
		return &struct{ Body FindingPage }{FindingPage{Items: []Finding{}}}, nil
	}
	page, err := s.Store.Findings(ctx, postgres.FindingFilter{Kind: in.Kind, Open: in.Open.pointer(), Owner: in.Owner, Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	return &struct{ Body FindingPage }{FindingPage{Items: shown(page.Items, s.finding), NextCursor: next(page.NextCursor)}}, nil
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
	return &findingAnswer{s.finding(f)}, nil
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
		return nil, resolvedBefore()
	}
	if err != nil {
		return nil, err
	}
	return s.getFinding(ctx, &in.ByFinding)
}

// assignFinding says who takes care of a finding.
type assignFinding struct {
	ByFinding
	Body struct {
		Owner *string `json:"owner,omitempty" doc:"Name of a person of ops; left out: whoever calls" example:"zhang"`
	}
}

func (s *server) assignFinding(ctx context.Context, in *assignFinding) (*findingAnswer, error) {
	if err := mustBeID(in.ID); err != nil {
		return nil, err
	}
	owner := requestOf(ctx).caller.name
	if in.Body.Owner != nil {
		owner = *in.Body.Owner
	}
	if !plainName(owner) {
		var c checks
		c.add("owner", codeInvalid, "Send the name of a person of ops, or leave the field out to take it yourself.")
		return nil, c.problem()
	}
	err := s.Store.AssignFinding(ctx, in.ID, owner)
	if errors.Is(err, postgres.ErrResolved) {
		return nil, resolvedBefore()
	}
	if err != nil {
		return nil, err
	}
	return s.getFinding(ctx, &in.ByFinding)
}

func resolvedBefore() error {
	return problem.New(registration.CodeWrongState, problem.WithState("resolved"),
		problem.WithDetail("Read the finding again: it says who has resolved it, and why."))
}
