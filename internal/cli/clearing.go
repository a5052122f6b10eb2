package cli

import (
	"context"
	"net/http"
	"net/url"

	"shiming/registration"
)

type clearingCommands struct {
	Preflight clearingPreflightCommand `cmd:"" help:"Look, condition by condition, whether an account's identity could be cleared (any role)."`
	Open      clearingOpenCommand      `cmd:"" help:"Ask for an account's identity to be cleared, as the holder of the ID card, or, with a letter of authorisation, for a company whose holder has left."`
	Contest   clearingContestCommand   `cmd:"" help:"Claim an identity back that is bound to an account that is not the holder's. Names no account and learns none."`
	Show      clearingShowCommand      `cmd:"" help:"Show where a clearing stands (any role)."`
	Timeline  clearingTimelineCommand  `cmd:"" help:"Show everything that happened to a clearing (reviewer, ops)."`
	Document  clearingDocumentCommand  `cmd:"" help:"Upload a material."`
	Submit    clearingSubmitCommand    `cmd:"" help:"Submit the materials for review."`
	Withdraw  clearingWithdrawCommand  `cmd:"" help:"Withdraw the clearing."`
	Object    clearingObjectCommand    `cmd:"" help:"Object to a clearing, by the single-use token in the link of its notice. Needs no SHIMING_TOKEN."`
}

// byAccount names a platform account.
type byAccount struct {
	Account string `arg:"" help:"The platform account's id."`
}

func (c byAccount) path(rest string) string {
	return "/v1/accounts/" + url.PathEscape(c.Account) + "/identity-clearing" + rest
}

// byClearing names a clearing.
type byClearing struct {
	Clearing string `arg:"" help:"The platform account's id, or the clearing's own: clr_…"`
}

func (c byClearing) path(rest string) string {
	if registration.IsClearingID(c.Clearing) {
		return "/v1/identity-clearings/" + url.PathEscape(c.Clearing) + rest
	}
	return byAccount{c.Clearing}.path(rest)
}

func showClearing(p *page, v registration.ClearingView) {
	p.list(
		pair{"clearing", v.ID}, pair{"account", or(v.AccountID)},
		pair{"state", words(string(v.State), yes(v.Processing, "still processing"))},
		pair{"objection until", atOr(v.ObjectionUntil)}, pair{"review", review(v.Review)}, pair{"last error", lastError(v.LastError)},
	)
	if v.Review != nil {
		showReasons(p, v.Review.Reasons)
	}
	showConditions(p, v.Conditions)
	showRequirements(p, v.Requirements)
	showDocuments(p, v.Documents)
}

func showConditions(p *page, conditions []registration.Condition) {
	if len(conditions) == 0 {
		return
	}
	rows := make([][]string, len(conditions))
	for i, c := range conditions {
		rows[i] = []string{"  " + string(c.Code), met(c.Met), atOr(c.EligibleAt), c.Evidence}
	}
	p.section("conditions")
	p.table([]string{"  CODE", "MET", "FROM", "EVIDENCE"}, rows)
}

type clearingPreflightCommand struct {
	apiFlags
	byAccount
}

// preflight is what the conditions came to.
type preflight struct {
	Eligible   bool                     `json:"eligible"`
	Conditions []registration.Condition `json:"conditions"`
}

// Run looks at the conditions.
func (c *clearingPreflightCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return get(ctx, s, c.path("/preflight"), func(p *page, f preflight) {
		eligible := "no"
		if f.Eligible {
			eligible = "yes, if the holder of the ID card asks"
		}
		p.list(pair{"account", c.Account}, pair{"eligible", eligible})
		showConditions(p, f.Conditions)
	})
}

// claimFlags are who claims an identity, and why.
type claimFlags struct {
	inputFlags
	Reason string `help:"Why; name nobody here, or leave it out and it is asked for."`
}

func (f claimFlags) claim(ctx context.Context, o *IO) (map[string]any, error) {
	return f.fields(ctx, o, given(pair{"reason", f.Reason}), []field{
		{name: "holder_name", prompt: "Name on the ID card"},
		{name: "id_number", prompt: "Resident ID number (not shown)", secret: true},
		{name: "reason", prompt: "Why the identity should be cleared"},
	})
}

type clearingOpenCommand struct {
	changeFlags
	claimFlags
	byAccount
	WhenEligible bool `help:"Also if only time is missing: the clearing waits and goes on by itself."`
}

// Run asks for a clearing.
func (c *clearingOpenCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	body, err := c.claim(ctx, o)
	if err != nil {
		return err
	}
	if c.WhenEligible {
		body["when_eligible"] = true
	}
	return change(ctx, s, http.MethodPost, c.path(""), body, showClearing)
}

type clearingContestCommand struct {
	changeFlags
	claimFlags
}

// Run claims an identity back.
func (c *clearingContestCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	body, err := c.claim(ctx, o)
	if err != nil {
		return err
	}
	return change(ctx, s, http.MethodPost, "/v1/identity-clearings", body, showClearing)
}

type clearingShowCommand struct {
	apiFlags
	byClearing
}

// Run shows a clearing.
func (c *clearingShowCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return get(ctx, s, c.path(""), showClearing)
}

type clearingTimelineCommand struct {
	apiFlags
	ID string `arg:"" name:"id" help:"The clearing's id: clr_…"`
}

// Run shows a clearing's timeline.
func (c *clearingTimelineCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return get(ctx, s, "/v1/identity-clearings/"+url.PathEscape(c.ID)+"/timeline", showTimeline)
}

type clearingDocumentCommand struct {
	changeFlags
	byClearing
	Slot string `arg:"" enum:"id_card_front,id_card_back,handheld,authorization_letter" help:"What it shows: ${enum}."`
	File string `arg:"" type:"path" help:"A JPEG, PNG or PDF of at most 10 MiB; - for stdin."`
}

// Run uploads a material.
func (c *clearingDocumentCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return s.upload(ctx, c.path("/documents/"+url.PathEscape(c.Slot)), c.File)
}

type clearingSubmitCommand struct {
	changeFlags
	byClearing
}

// Run submits the materials.
func (c *clearingSubmitCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return change(ctx, s, http.MethodPost, c.path("/submit"), nil, showClearing)
}

type clearingWithdrawCommand struct {
	changeFlags
	byClearing
}

// Run withdraws the clearing.
func (c *clearingWithdrawCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return change(ctx, s, http.MethodPost, c.path("/withdraw"), nil, showClearing)
}

type clearingObjectCommand struct {
	changeFlags
	inputFlags
}

// Run objects to a clearing, as nobody in particular: the token of the notice is all it takes.
func (c *clearingObjectCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.openWith(o, "")
	if err != nil {
		return err
	}
	s.key = c.key()
	body, err := c.fields(ctx, o, nil, []field{{name: "token", prompt: "Token in the link of the notice (not shown)", secret: true}})
	if err != nil {
		return err
	}
	return change(ctx, s, http.MethodPost, "/v1/identity-clearings/objections", body, func(p *page, _ any) {
		p.line("the objection was taken")
	})
}
