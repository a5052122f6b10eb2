package cli

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

type findingsCommands struct {
	List    findingsListCommand    `cmd:"" default:"withargs" help:"List what does not mend itself, newest first."`
	Show    findingsShowCommand    `cmd:"" help:"Show one finding: what it means and what to do about it."`
	Take    findingsTakeCommand    `cmd:"" help:"Take care of a finding, or say who does."`
	Resolve findingsResolveCommand `cmd:"" help:"Say that a finding has been seen to. What is not mended all the same is found again."`
}

// byFinding names a finding.
type byFinding struct {
	ID string `arg:"" name:"id" help:"The finding's id, such as fnd_k3v5…"`
}

func (c byFinding) path(rest string) string { return "/v1/findings/" + url.PathEscape(c.ID) + rest }

// finding is something that does not mend itself.
type finding struct {
	ID         string     `json:"id"`
	Kind       string     `json:"kind"`
	Subject    string     `json:"subject"`
	AccountID  *string    `json:"account_id"`
	Since      time.Time  `json:"since"`
	SeenAt     time.Time  `json:"seen_at"`
	Tried      string     `json:"tried"`
	ResolvedAt *time.Time `json:"resolved_at"`
	ResolvedBy *string    `json:"resolved_by"`
	Reason     *string    `json:"reason"`
	Text       string     `json:"text"`
	Age        int64      `json:"age"`
	Owner      *string    `json:"owner"`
	Day        *string    `json:"day"`
}

func (f finding) standing() string {
	if f.ResolvedAt == nil {
		return "open"
	}
	return "resolved " + at(*f.ResolvedAt) + " by " + or(f.ResolvedBy)
}

func showFinding(p *page, f finding) {
	p.list(
		pair{"finding", f.ID}, pair{"kind", f.Kind}, pair{"about", f.Subject}, pair{"account", or(f.AccountID)}, pair{"on the statement of", or(f.Day)},
		pair{"since", at(f.Since)}, pair{"age", age(f.Age)}, pair{"owner", or(f.Owner)},
		pair{"last seen", at(f.SeenAt)}, pair{"tried", f.Tried}, pair{"state", f.standing()}, pair{"reason", or(f.Reason)},
	)
	p.section(clean(f.Text))
}

type findingsListCommand struct {
	apiFlags
	pagingFlags
	Kind  string `enum:",run_failing,run_ahead,run_behind,undelivered,payout_failed,message_unsure,payouts_paused,spending_high,spending_ceiling,statement_unknown,statement_missing,statement_double,statement_differs,statement_returned_late,statement_unavailable,document_missing,document_damaged,held_after_restore,engine_behind,case_lost,case_went_back,transfer_lost,adoption_refused" default:"" placeholder:"KIND" help:"Only those of this kind: run_failing, run_ahead, run_behind, undelivered, payout_failed, message_unsure, payouts_paused, spending_high, spending_ceiling, statement_unknown, statement_missing, statement_double, statement_differs, statement_returned_late, statement_unavailable, document_missing, document_damaged, held_after_restore, engine_behind, case_lost, case_went_back, transfer_lost or adoption_refused."`
	Open  *bool  `negatable:"" help:"Only those that are open, or that are resolved."`
	Owner string `placeholder:"NAME" help:"Only those that this person of ops takes care of."`
}

// Run lists findings.
func (c *findingsListCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	open := ""
	if c.Open != nil {
		open = strconv.FormatBool(*c.Open)
	}
	path := c.query("/v1/findings", nil, pair{"kind", c.Kind}, pair{"open", open}, pair{"owner", c.Owner})
	return get(ctx, s, path, func(p *page, l listed[finding]) {
		showList(p, "findings", []string{"ID", "KIND", "ABOUT", "ACCOUNT", "AGE", "OWNER", "LAST SEEN", "STATE"}, l, func(f finding) []string {
			return []string{f.ID, f.Kind, f.Subject, or(f.AccountID), age(f.Age), or(f.Owner), at(f.SeenAt), f.standing()}
		})
	})
}

type findingsShowCommand struct {
	apiFlags
	byFinding
}

// Run shows a finding.
func (c *findingsShowCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return get(ctx, s, c.path(""), showFinding)
}

type findingsTakeCommand struct {
	changeFlags
	byFinding
	For string `placeholder:"NAME" help:"The person of ops who takes care; left out: whoever calls."`
}

// Run says who takes care of a finding.
func (c *findingsTakeCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	body := map[string]any{}
	if c.For != "" {
		body["owner"] = c.For
	}
	return change(ctx, s, http.MethodPost, c.path("/assign"), body, showFinding)
}

type findingsResolveCommand struct {
	changeFlags
	byFinding
	Reason string `required:"" help:"What was done about it; name nobody."`
}

// Run resolves a finding.
func (c *findingsResolveCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return change(ctx, s, http.MethodPost, c.path("/resolve"), map[string]any{"reason": c.Reason}, showFinding)
}
