package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"shiming/internal/papers"
	"shiming/internal/postgres"
	"shiming/internal/problem"
	"shiming/internal/vault"
	"shiming/registration"
)

const (
	reviewTag    = "Reviews"
	clearingKind = "clearing" // of a review, beside "registration"
)

// reviews makes the routes of those who decide.
func (s *server) reviews() {
	register(s, route{
		id: "list-reviews", method: http.MethodGet, path: "/v1/reviews", tag: reviewTag, summary: "List open reviews",
		description: "Reviews that wait for a decision, oldest due first. Of the caller's own cases they show neither account nor name.", codes: []problem.Code{registration.CodeInvalidRequest},
	}, s.listReviews)
	register(s, route{
		id: "get-review", method: http.MethodGet, path: "/v1/reviews/{id}", tag: reviewTag, summary: "Read a review",
		description: "The newest submitted round, masked, with what has changed since the one before." + notOfOwn,
	}, s.getReview)
	register(s, reviewRoute("claim-review", "/claim", "Claim a review", "Takes the review, if nobody else has it and the caller may decide it."), s.claimReview)
	register(s, reviewRoute("release-review", "/release", "Release a review", "Gives the caller's claim up."), s.releaseReview)
	register(s, reviewRoute("assign-review", "/assign", "Assign a review", "Gives the review to a reviewer who may decide it. Ops may take it from another, a reviewer only give away the own."), s.assignReview)
	decide := reviewRoute("decide-review", "/decision", "Decide a review",
		"Approves, or rejects with reasons. A review that another reviewer has claimed cannot be decided; an unclaimed one is claimed by deciding. "+
			"A contested claim, and one by letter of authorisation, take two different reviewers, and after an objection a third.")
	decide.deferrable = true
	register(s, decide, s.decide)
	register(s, route{
		id: "get-review-document", method: http.MethodGet, path: "/v1/reviews/{id}/documents/{slot}", tag: reviewTag, summary: "Look at a submitted document",
		description: "Streams the document of the newest submitted round. The look is on the timeline." + notOfOwn,
	}, s.reviewDocument)
}

func reviewRoute(id, path, summary, description string) route {
	return route{
		id: id, method: http.MethodPost, path: "/v1/reviews/{id}" + path, tag: reviewTag, summary: summary, description: description + notOfOwn,
		codes: []problem.Code{registration.CodeClaimedByOther, registration.CodeSecondReviewer, registration.CodeWrongState},
	}
}

// streams reports whether the route's answer is a file or a stream of events, which takes as long as it takes.
func (r route) streams() bool { return r.id == "get-review-document" || r.id == "watch-registration" }

// ReviewItem is a review in the list.
type ReviewItem struct {
	ID            string              `json:"id" doc:"The registration's or the clearing's id" example:"reg_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	Kind          string              `json:"kind" enum:"registration,clearing" doc:"What is reviewed" example:"registration"`
	DeveloperKind *registration.Kind  `json:"developer_kind" enum:"individual,enterprise" doc:"Who registers" example:"enterprise"`
	AccountID     *string             `json:"account_id" doc:"The platform account" example:"acct-1001"`
	Name          *string             `json:"name" doc:"Developer or company name" example:"Harbour Light"`
	State         *registration.State `json:"state" doc:"Where the registration stands" example:"under_review"`
	Round         int                 `json:"round" doc:"Counts submissions" example:"1"`
	SubmittedAt   time.Time           `json:"submitted_at" doc:"When it was submitted" example:"2026-09-30T10:00:00+08:00"`
	DueAt         time.Time           `json:"due_at" doc:"When a decision is due" example:"2026-10-11T00:00:00+08:00"`
	Overdue       bool                `json:"overdue" doc:"Whether the decision is late"`
	Assignee      *string             `json:"assignee" doc:"The reviewer who has claimed it" example:"reviewer-1"`
	DecidedBefore []string            `json:"decided_before" doc:"Reviewers who had approved this submission when the round began: somebody else decides. If the holder could not be reached one of them may be one of the two" example:"[\"reviewer-2\"]"`
	OwnCase       bool                `json:"own_case" doc:"The caller has opened it or handed something in for it, and cannot decide it"`
}

// Review is a submitted round, masked.
type Review struct {
	ReviewItem
	Decision  *string               `json:"decision" enum:"approve,reject" doc:"The decision" example:"approve"`
	Reasons   []registration.Reason `json:"reasons" doc:"What is to be corrected"`
	Submitted Submitted             `json:"submitted" doc:"What was submitted"`
	Clearing  *ClearingReview       `json:"clearing" doc:"Of a clearing: what speaks for or against it"`
	Changed   []string              `json:"changed" doc:"Parts that differ from the round before; empty in the first" example:"[\"contact\"]"`
}

// Submitted is what was handed in, masked.
type Submitted struct {
	Name      string                     `json:"name" doc:"Developer or company name" example:"Harbour Light"`
	Identity  *registration.IdentityView `json:"identity" doc:"The verified person"`
	Company   *registration.CompanyView  `json:"company" doc:"Company information"`
	Contact   *registration.ContactView  `json:"contact" doc:"Contact information"`
	Documents []registration.Document    `json:"documents" doc:"The documents"`
}

type reviewAnswer struct {
	Status int
	Body   Review
}

type listReviews struct {
	Assignee string         `query:"assignee" maxLength:"511" doc:"Only those that this reviewer has claimed" example:"reviewer-1"`
	Overdue  optional[bool] `query:"overdue" doc:"Only those that are overdue, or that are not" example:"true"`
	Kind     string         `query:"kind" enum:"registration,clearing,individual,enterprise" doc:"Only those of this kind" example:"registration"`
	Paging
}

// ReviewPage is a page of reviews.
type ReviewPage struct {
	Items      []ReviewItem `json:"items" doc:"Reviews, oldest due first"`
	NextCursor *string      `json:"next_cursor" doc:"Where the next page begins; null on the last" example:"MjAyNi0wOS0zMFQwMjowMDowMFp8cmVnX2szdjU"`
}

func (s *server) listReviews(ctx context.Context, in *listReviews) (*struct{ Body ReviewPage }, error) {
	if in.Assignee != "" && !plainName(in.Assignee) { // nobody is called that
		return &struct{ Body ReviewPage }{ReviewPage{Items: []ReviewItem{}}}, nil
	}
	page, err := s.Store.Reviews(ctx, postgres.ReviewFilter{Assignee: in.Assignee, Overdue: in.Overdue.pointer(), Kind: in.Kind, Caller: requestOf(ctx).caller.name, Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	return &struct{ Body ReviewPage }{ReviewPage{Items: shown(page.Items, itemOf), NextCursor: next(page.NextCursor)}}, nil
}

func itemOf(v *postgres.Review) ReviewItem {
	item := ReviewItem{
		ID: v.SubjectID, Kind: v.SubjectKind, DeveloperKind: v.Kind, AccountID: v.AccountID, Name: v.Name, State: v.State, Round: v.Round,
		SubmittedAt: v.SubmittedAt, DueAt: v.DueAt, Overdue: v.Overdue, Assignee: v.Assignee, DecidedBefore: v.DecidedBefore, OwnCase: v.OwnCase,
	}
	if v.OwnCase { // who contests an identity learns no account
		item.DeveloperKind, item.AccountID, item.Name = nil, nil, nil
	}
	return item
}

func (s *server) getReview(ctx context.Context, in *ByID) (*reviewAnswer, error) {
	v, err := s.reviewToDecide(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.reviewed(ctx, v, http.StatusOK)
}

// reviewToDecide reads a review for a caller who may see it: not one whose own case it is.
func (s *server) reviewToDecide(ctx context.Context, id string) (*postgres.Review, error) {
	if err := mustBeID(id); err != nil {
		return nil, err
	}
	v, err := s.Store.ReviewFor(ctx, id, requestOf(ctx).caller.name, postgres.Leftover{})
	switch {
	case errors.Is(err, postgres.ErrNotFound): // also then nobody hears anything of their own
		if own := s.mayReview(ctx, id); own != nil {
			return nil, own
		}
		return nil, err
	case err != nil:
		return nil, err
	case v.OwnCase:
		return nil, ownCase()
	}
	return v, nil
}

// reviewAfter answers with a review as something has left it.
func (s *server) reviewAfter(ctx context.Context, id string, status int, left postgres.Leftover) (*reviewAnswer, error) {
	v, err := after(ctx, s, left, func(ctx context.Context, left postgres.Leftover) (*postgres.Review, error) {
		return s.Store.ReviewFor(ctx, id, "", left)
	})
	if err != nil {
		return nil, err
	}
	return s.reviewed(ctx, v, status)
}

// reviewed answers with a review.
func (s *server) reviewed(ctx context.Context, v *postgres.Review, status int) (*reviewAnswer, error) {
	if v.SubjectKind == clearingKind {
		return s.clearingReviewed(ctx, v, status)
	}
	var now, before postgres.Snapshot
	if err := json.Unmarshal(v.Snapshot, &now); err != nil {
		return nil, err
	}
	out := Review{
		ReviewItem: itemOf(v), Decision: v.Decision, Reasons: v.Kept.Reasons(), Changed: []string{},
		Submitted: Submitted{Name: now.Name, Identity: now.Identity, Company: now.Company, Contact: now.Contact, Documents: now.Documents},
	}
	if len(v.Before) > 0 {
		if err := json.Unmarshal(v.Before, &before); err != nil {
			return nil, err
		}
		out.Changed = changed(before, now)
	}
	return &reviewAnswer{Status: status, Body: out}, nil
}

// changed names the parts of a round that differ from the one before, in the order of the fields.
func changed(before, now postgres.Snapshot) []string {
	parts := []string{}
	if before.Name != now.Name {
		parts = append(parts, "name")
	}
	for _, part := range []string{"identity", "company", "contact"} {
		if before.Revisions[part] != now.Revisions[part] {
			parts = append(parts, part)
		}
	}
	sum := func(docs []registration.Document, slot registration.Slot) string {
		if i := slices.IndexFunc(docs, func(d registration.Document) bool { return d.Slot == slot }); i >= 0 {
			return docs[i].SHA256
		}
		return ""
	}
	for _, slot := range registration.Slots() {
		if sum(before.Documents, slot) != sum(now.Documents, slot) {
			parts = append(parts, string(registration.DocumentField(slot)))
		}
	}
	return parts
}

func (s *server) claimReview(ctx context.Context, in *ByID) (*reviewAnswer, error) {
	if err := mustBeID(in.ID); err != nil {
		return nil, err
	}
	me := requestOf(ctx).caller.name
	claimed, err := s.Store.ClaimReview(ctx, in.ID, me)
	switch {
	case err != nil:
		return nil, err
	case claimed:
		return s.reviewAfter(ctx, in.ID, http.StatusOK, postgres.Leftover{})
	}
	return s.assigned(ctx, in.ID, &me, false)
}

func (s *server) releaseReview(ctx context.Context, in *ByID) (*reviewAnswer, error) {
	return s.assigned(ctx, in.ID, nil, false)
}

type assignReview struct {
	ByID
	Body struct {
		Assignee string `json:"assignee" doc:"Name of a reviewer" example:"reviewer-2"`
	}
}

func (s *server) assignReview(ctx context.Context, in *assignReview) (*reviewAnswer, error) {
	if !plainName(in.Body.Assignee) {
		var c checks
		c.add("assignee", codeInvalid, "Send the name of a reviewer.")
		return nil, c.problem()
	}
	return s.assigned(ctx, in.ID, &in.Body.Assignee, slices.Contains(requestOf(ctx).caller.roles, ops))
}

func (s *server) assigned(ctx context.Context, id string, to *string, force bool) (*reviewAnswer, error) {
	if err := s.mayReview(ctx, id); err != nil {
		return nil, err
	}
	refusal, err := s.Store.AssignReview(ctx, id, requestOf(ctx).caller.name, to, force)
	if err != nil {
		return nil, s.neverSubmitted(ctx, id, err)
	}
	if refusal != nil {
		return nil, refusal
	}
	return s.reviewAfter(ctx, id, http.StatusOK, postgres.Leftover{})
}

// neverSubmitted says of what exists and has no review in which state it is instead.
func (s *server) neverSubmitted(ctx context.Context, id string, err error) error {
	if !errors.Is(err, postgres.ErrNotFound) {
		return err
	}
	st, err := s.standingOf(ctx, act{registration: id, clearing: registration.IsClearingID(id)})
	if err != nil {
		return err
	}
	return &registration.Refusal{Code: registration.CodeWrongState, State: st.State}
}

type reviewDocument struct {
	ByID
	Slot registration.Slot `path:"slot" doc:"What the document shows" example:"business_licence"`
}

// reviewDocument streams a submitted document.
func (s *server) reviewDocument(ctx context.Context, in *reviewDocument) (*huma.StreamResponse, error) {
	finding, cancel := context.WithTimeout(ctx, plainWithin)
	defer cancel()
	if err := s.mayReview(finding, in.ID); err != nil {
		return nil, err
	}
	if !slices.Contains(append(registration.Slots(), registration.Handheld), in.Slot) {
		return nil, problem.New(registration.CodeNotFound)
	}
	doc, err := s.Store.SubmittedDocument(finding, in.ID, in.Slot, string(byReviewer(ctx)))
	if err != nil {
		return nil, err
	}
	content, err := s.scan(ctx, in.ID, doc)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(out huma.Context) {
		defer content.Close() //nolint:errcheck // only read
		out.SetHeader("Content-Type", doc.ContentType)
		out.SetHeader("Content-Length", strconv.FormatInt(doc.Size, 10))
		out.SetHeader("Content-Disposition", `attachment; filename="`+string(doc.Slot)+`"`)
		out.SetHeader("Cache-Control", "no-store")
		if _, err := io.Copy(out.BodyWriter(), content); err != nil {
			s.Log.ErrorContext(ctx, "a document was cut off", "id", in.ID, "slot", in.Slot, "error", err)
			panic(http.ErrAbortHandler) // so that the client does not take it for whole
		}
	}}, nil
}

// scan opens a document in the time that a call has; it is read for as long as its reader takes.
func (s *server) scan(ctx context.Context, id string, doc postgres.StoredDocument) (io.ReadCloser, error) {
	opening, giveUp := context.WithCancelCause(ctx)
	late := time.AfterFunc(plainWithin-time.Since(requestOf(ctx).started), func() { giveUp(context.DeadlineExceeded) })
	content, err := s.papers.Open(opening, id, doc)
	if errors.Is(err, papers.ErrLost) {
		s.Log.ErrorContext(ctx, "a document is not there, or does not open", "id", id, "slot", doc.Slot, "error", err)
		err = problem.New(registration.CodeNotFound, problem.WithDetail("The document was handed in, but cannot be shown; ops has been told. If it stays away, ask for it again by a correction."))
	}
	if !late.Stop() && err == nil {
		err = errors.Join(vault.ErrStorage, content.Close())
	}
	if err != nil {
		giveUp(nil)
		return nil, err
	}
	return closing{content, func() { giveUp(nil) }}, nil
}

// closing does something more when it is closed.
type closing struct {
	io.ReadCloser
	then func()
}

// Close implements io.Closer.
func (c closing) Close() error {
	defer c.then()
	return c.ReadCloser.Close()
}
