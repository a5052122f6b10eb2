package cli

import (
	"context"
	"net/url"
	"slices"
	"strconv"

	"shiming/registration"
)

type statusCommand struct {
	apiFlags
	byID
	Watch bool                 `short:"w" help:"Show every transition as it happens, until the registration has ended."`
	Until []registration.State `placeholder:"STATE" help:"With --watch: end in one of these states too."`
}

// Validate is kong's.
func (c *statusCommand) Validate() error {
	for _, state := range c.Until {
		if !knownState(state) {
			return usage("--until: there is no state %q", clean(string(state)))
		}
	}
	if len(c.Until) > 0 && !c.Watch {
		return usage("--until goes with --watch")
	}
	return c.apiFlags.Validate()
}

func knownState(s registration.State) bool {
	return slices.Contains(registration.States(), s)
}

// Run shows a registration, or follows it.
func (c *statusCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	if !c.Watch {
		return get(ctx, s, registrationPath(c.ID, ""), showRegistration)
	}
	w := &watch{session: s, id: c.ID, until: c.Until}
	if err := w.follow(ctx); err != nil || c.JSON {
		return err
	}
	o.hintf("")
	return get(ctx, s, registrationPath(c.ID, ""), showRegistration)
}

// pagingFlags cut a list into pages.
type pagingFlags struct {
	Limit  int    `placeholder:"N" help:"Lines a page, at most 200; left out: 50."`
	Cursor string `help:"Where the page begins, as the page before said."`
}

// query is a list's address.
func (f pagingFlags) query(path string, overdue *bool, filters ...pair) string {
	values := url.Values{}
	for _, one := range append(filters, pair{"cursor", f.Cursor}) {
		if one.value != "" {
			values.Set(one.name, one.value)
		}
	}
	if f.Limit != 0 {
		values.Set("limit", strconv.Itoa(f.Limit))
	}
	if overdue != nil {
		values.Set("overdue", strconv.FormatBool(*overdue))
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

// listed is a page of any list.
type listed[T any] struct {
	Items      []T     `json:"items"`
	NextCursor *string `json:"next_cursor"`
}

// showList lays out a page, a line an item.
func showList[T any](p *page, what string, head []string, l listed[T], row func(T) []string) {
	if len(l.Items) == 0 {
		p.line("no " + what)
		return
	}
	rows := make([][]string, len(l.Items))
	for i, item := range l.Items {
		rows[i] = row(item)
	}
	p.table(head, rows)
	if l.NextCursor != nil {
		p.section("more: --cursor " + clean(*l.NextCursor))
	}
}

type listCommand struct {
	apiFlags
	pagingFlags
	State   registration.State `enum:",identity_required,card_code_required,admin_identity_required,company_required,payout_pending,deposit_required,deposit_failed,details_required,under_review,correction_required,approved,rejected,withdrawn,expired" default:"" placeholder:"STATE" help:"Only those in this state."`
	Kind    registration.Kind  `enum:",individual,enterprise" default:"" placeholder:"KIND" help:"Only those of this kind: individual or enterprise."`
	Overdue *bool              `negatable:"" help:"Only those that are overdue, or that are not."`
}

// Run lists registrations.
func (c *listCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	path := c.query("/v1/registrations", c.Overdue, pair{"state", string(c.State)}, pair{"kind", string(c.Kind)})
	return get(ctx, s, path, func(p *page, l listed[registration.View]) {
		showList(p, "registrations", []string{"ID", "ACCOUNT", "KIND", "NAME", "STATE", "WAITING ON", "DUE"}, l, func(v registration.View) []string {
			return []string{v.ID, v.AccountID, string(v.Kind), v.Name, string(v.State), string(v.WaitingOn), due(v)}
		})
	})
}

type timelineCommand struct {
	apiFlags
	byID
}

// Run shows a timeline.
func (c *timelineCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return get(ctx, s, registrationPath(c.ID, "/timeline"), showTimeline)
}

func showTimeline(p *page, l listed[registration.TimelineEntry]) {
	showList(p, "lines", []string{"AT", "EVENT", "FROM", "TO", "BY", "REASON"}, l, func(e registration.TimelineEntry) []string {
		return []string{exactly(e.At), e.Event, string(e.From), string(e.To), e.Actor, or(e.Reason)}
	})
}

type accountCommand struct {
	apiFlags
	AccountID string `arg:"" name:"account" help:"The platform account's id."`
}

// account is how a platform account stands.
type account struct {
	AccountID      string                     `json:"account_id"`
	Standing       string                     `json:"standing"`
	Kind           *registration.Kind         `json:"kind"`
	Name           *string                    `json:"name"`
	RegistrationID *string                    `json:"registration_id"`
	Identity       *registration.IdentityView `json:"identity"`
}

// Run shows an account.
func (c *accountCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return get(ctx, s, "/v1/accounts/"+url.PathEscape(c.AccountID), func(p *page, a account) {
		kind := ""
		if a.Kind != nil {
			kind = string(*a.Kind)
		}
		p.list(
			pair{"account", a.AccountID}, pair{"standing", a.Standing}, pair{"kind", kind}, pair{"name", or(a.Name)},
			pair{"registration", or(a.RegistrationID)}, pair{"identity", identity(a.Identity)},
		)
	})
}
