package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"shiming/internal/client"
	"shiming/registration"
)

type reviewCommands struct {
	List     reviewListCommand     `cmd:"" help:"List what waits for a decision, oldest due first (ops too)."`
	Show     reviewShowCommand     `cmd:"" help:"Show what was submitted, masked, and what has changed since the last round (ops too)."`
	Document reviewDocumentCommand `cmd:"" help:"Fetch a submitted document. The look is on the timeline."`
	Claim    reviewClaimCommand    `cmd:"" help:"Take a review, if nobody else has it and you may decide it."`
	Release  reviewReleaseCommand  `cmd:"" help:"Give a claim up."`
	Assign   reviewAssignCommand   `cmd:"" help:"Give a review to a reviewer who may decide it (ops may take it from another)."`
	Approve  reviewApproveCommand  `cmd:"" help:"Approve. Some clearings take a second reviewer, or a third."`
	Reject   reviewRejectCommand   `cmd:"" help:"Send back for correction, or for good with --final."`
}

// byReview names a review.
type byReview struct {
	ID string `arg:"" name:"id" help:"The registration's or the clearing's id."`
}

func (c byReview) path(rest string) string { return "/v1/reviews/" + url.PathEscape(c.ID) + rest }

// act makes a change of a review that is answered with it.
func (c byReview) act(ctx context.Context, o *IO, f changeFlags, path string, body map[string]any) error {
	s, err := f.open(o)
	if err != nil {
		return err
	}
	return change(ctx, s, http.MethodPost, c.path(path), body, showReview)
}

// reviewItem is a review in the list.
type reviewItem struct {
	ID            string              `json:"id"`
	Kind          string              `json:"kind"`
	DeveloperKind *registration.Kind  `json:"developer_kind"`
	AccountID     *string             `json:"account_id"`
	Name          *string             `json:"name"`
	State         *registration.State `json:"state"`
	Round         int                 `json:"round"`
	SubmittedAt   time.Time           `json:"submitted_at"`
	DueAt         time.Time           `json:"due_at"`
	Overdue       bool                `json:"overdue"`
	Assignee      *string             `json:"assignee"`
	DecidedBefore []string            `json:"decided_before"`
	OwnCase       bool                `json:"own_case"`
}

// reviewRound is a submitted round, masked.
type reviewRound struct {
	reviewItem
	Decision  *string               `json:"decision"`
	Reasons   []registration.Reason `json:"reasons"`
	Changed   []string              `json:"changed"`
	Submitted struct {
		Name      string                     `json:"name"`
		Identity  *registration.IdentityView `json:"identity"`
		Company   *registration.CompanyView  `json:"company"`
		Contact   *registration.ContactView  `json:"contact"`
		Documents []registration.Document    `json:"documents"`
	} `json:"submitted"`
	Clearing *reviewedClearing `json:"clearing"`
}

// reviewedClearing is what speaks for and against a clearing beside its materials.
type reviewedClearing struct {
	Holder      string `json:"holder"`
	IDNumber    string `json:"id_number"`
	Reason      string `json:"reason"`
	Contested   bool   `json:"contested"`
	ByLetter    bool   `json:"by_letter"`
	IsHolder    *bool  `json:"is_holder"`
	NameMatches *bool  `json:"name_matches"`
	Objected    bool   `json:"objected"`
	Unreachable bool   `json:"unreachable"`
	OtherClaims int    `json:"other_claims"`
}

// pairs are its lines; none of a registration.
func (c *reviewedClearing) pairs() []pair {
	if c == nil {
		return nil
	}
	notHolder := c.IsHolder != nil && !*c.IsHolder
	return []pair{
		{"asked by", words(c.Holder, c.IDNumber, yes(notHolder, "not the holder"), yes(c.ByLetter, "by letter of authorisation"), yes(c.Contested, "contests the account"))},
		{"name", c.name()},
		{"reason", c.Reason},
		{"others", some(c.OtherClaims)},
		{"holder", words(yes(c.Objected, "has objected"), yes(c.Unreachable, "could not be reached"))},
	}
}

// name says of a contested claim whether its name is the one that the ID number is bound with.
func (c *reviewedClearing) name() string {
	switch {
	case !c.Contested:
		return ""
	case c.NameMatches == nil:
		return "the ID number is bound nowhere"
	case *c.NameMatches:
		return "the one that the ID number is bound with"
	}
	return "NOT the one that the ID number is bound with"
}

// some is a count that is left out if it is none.
func some(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func (r reviewItem) what() string {
	if r.DeveloperKind == nil {
		return r.Kind
	}
	return r.Kind + " (" + string(*r.DeveloperKind) + ")"
}

type reviewListCommand struct {
	apiFlags
	pagingFlags
	Assignee string `placeholder:"NAME" help:"Only those that this reviewer has claimed."`
	Kind     string `enum:",registration,clearing,individual,enterprise" default:"" placeholder:"KIND" help:"Only those of this kind: registration, clearing, individual or enterprise."`
	Overdue  *bool  `negatable:"" help:"Only those that are overdue, or that are not."`
}

// Run lists open reviews.
func (c *reviewListCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	path := c.query("/v1/reviews", c.Overdue, pair{"assignee", c.Assignee}, pair{"kind", c.Kind})
	return get(ctx, s, path, func(p *page, l listed[reviewItem]) {
		showList(p, "open reviews", []string{"ID", "KIND", "NAME", "ROUND", "DUE", "CLAIMED BY"}, l, func(r reviewItem) []string {
			return []string{r.ID, r.what(), or(r.Name), strconv.Itoa(r.Round), words(at(r.DueAt), yes(r.Overdue, "overdue")), words(or(r.Assignee), yes(r.OwnCase, "your own case"))}
		})
	})
}

func showReview(p *page, r reviewRound) {
	state := ""
	if r.State != nil {
		state = string(*r.State)
	}
	lines := []pair{
		{"review", r.ID},
		{"kind", r.what()},
		{"account", or(r.AccountID)},
		{"state", state},
		{"round", strconv.Itoa(r.Round)},
		{"submitted", at(r.SubmittedAt)},
		{"due", words(at(r.DueAt), yes(r.Overdue, "overdue"))},
		{"claimed by", or(r.Assignee)},
		{"approved by", strings.Join(r.DecidedBefore, ", ")},
		{"decision", or(r.Decision)},
		{"name", r.Submitted.Name},
		{"identity", identity(r.Submitted.Identity)},
		{"company", company(r.Submitted.Company)},
		{"bank account", bankAccount(r.Submitted.Company)},
		{"contact", contact(r.Submitted.Contact)},
		{"changed", strings.Join(r.Changed, ", ")},
	}
	p.list(append(lines, r.Clearing.pairs()...)...)
	showReasons(p, r.Reasons)
	showDocuments(p, r.Submitted.Documents)
}

type reviewShowCommand struct {
	apiFlags
	byReview
}

// Run shows a review.
func (c *reviewShowCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return get(ctx, s, c.path(""), showReview)
}

type reviewClaimCommand struct {
	changeFlags
	byReview
}

// Run takes a review.
func (c *reviewClaimCommand) Run(ctx context.Context, o *IO) error {
	return c.act(ctx, o, c.changeFlags, "/claim", nil)
}

type reviewReleaseCommand struct {
	changeFlags
	byReview
}

// Run gives a claim up.
func (c *reviewReleaseCommand) Run(ctx context.Context, o *IO) error {
	return c.act(ctx, o, c.changeFlags, "/release", nil)
}

type reviewAssignCommand struct {
	changeFlags
	byReview
	Assignee string `arg:"" help:"The reviewer's name, as the API knows its callers."`
}

// Run gives a review to somebody.
func (c *reviewAssignCommand) Run(ctx context.Context, o *IO) error {
	return c.act(ctx, o, c.changeFlags, "/assign", map[string]any{"assignee": c.Assignee})
}

type reviewApproveCommand struct {
	changeFlags
	byReview
	Note string `help:"For reviewers only; name nobody."`
}

// Run approves.
func (c *reviewApproveCommand) Run(ctx context.Context, o *IO) error {
	body := given(pair{"decision", "approve"}, pair{"note", c.Note})
	return c.act(ctx, o, c.changeFlags, "/decision", body)
}

type reviewRejectCommand struct {
	changeFlags
	inputFlags
	byReview
	Reason []string `sep:"none" placeholder:"FIELD:CODE[:MESSAGE]" help:"What is to be corrected, such as documents.business_licence:unreadable:'Scan it again.' The codes are unreadable, mismatch, expired, incomplete, not_accepted, other. May be repeated. A message that quotes personal data belongs into the file of --from, as reasons."`
	Final  bool     `help:"Nothing can be corrected any more."`
	Note   string   `help:"For reviewers only; name nobody."`
}

// Run rejects.
func (c *reviewRejectCommand) Run(ctx context.Context, o *IO) error {
	body := given(pair{"decision", "reject"}, pair{"note", c.Note})
	body["final"] = c.Final
	reasons, err := c.reasons()
	if err != nil {
		return err
	}
	if len(reasons) > 0 {
		body["reasons"] = reasons
	}
	if c.From == "" && len(reasons) == 0 {
		return usage("a rejection needs at least one --reason, or reasons in the file of --from")
	}
	if c.From != "" {
		if body, err = c.fields(ctx, o, body, []field{{name: "reasons", optional: true}}); err != nil {
			return err
		}
	}
	return c.act(ctx, o, c.changeFlags, "/decision", body)
}

func (c *reviewRejectCommand) reasons() ([]map[string]any, error) {
	var reasons []map[string]any
	for _, text := range c.Reason {
		parts := strings.SplitN(text, ":", 3)
		if len(parts) < 2 {
			return nil, usage("--reason is FIELD:CODE or FIELD:CODE:MESSAGE, such as documents.business_licence:unreadable")
		}
		reason := map[string]any{"field": parts[0], "code": parts[1]}
		if len(parts) == 3 {
			reason["message"] = parts[2]
		}
		reasons = append(reasons, reason)
	}
	return reasons, nil
}

type reviewDocumentCommand struct {
	apiFlags
	byReview
	Slot string `arg:"" enum:"id_card_front,id_card_back,business_licence,authorization_letter,qualification_1,qualification_2,qualification_3,qualification_4,qualification_5,handheld" help:"What it shows: ${enum}."`
	Out  string `required:"" type:"path" placeholder:"FILE" help:"Where to keep it, readable for you alone; - for stdout."`
}

// Run fetches a document. A file that exists is left as it is.
func (c *reviewDocumentCommand) Run(ctx context.Context, o *IO) error {
	if c.Out == "-" && terminalOf(o.Out) != nil {
		return usage("a document would garble the terminal: give --out FILE")
	}
	s, err := c.open(o)
	if err != nil {
		return err
	}
	resp, err := s.client.Open(ctx, client.Request{Method: http.MethodGet, Path: c.path("/documents/" + url.PathEscape(c.Slot))})
	if err != nil {
		return s.failed(err)
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	if c.Out == "-" {
		return whole(io.Copy(o.Out, resp.Body))
	}
	f, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return usage("--out: %v", err)
	}
	err = errors.Join(whole(io.Copy(f, resp.Body)), f.Close())
	if err != nil {
		return errors.Join(err, os.Remove(c.Out)) // half a document is none
	}
	o.hintf("%s (%s)", c.Out, clean(resp.Header.Get("Content-Type")))
	return nil
}

func whole(_ int64, err error) error {
	if err != nil {
		return fmt.Errorf("the document was cut off: %w", err)
	}
	return nil
}
