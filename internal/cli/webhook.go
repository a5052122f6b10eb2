package cli

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"shiming/internal/client"
)

type webhookCommands struct {
	Add        webhookAddCommand        `cmd:"" help:"Have events posted to an address. The secret that verifies them is shown here and never again."`
	List       webhookListCommand       `cmd:"" help:"List your endpoints, newest first."`
	Show       webhookShowCommand       `cmd:"" help:"Show one endpoint."`
	Remove     webhookRemoveCommand     `cmd:"" help:"End a subscription: its deliveries and their log are gone."`
	Ping       webhookPingCommand       `cmd:"" help:"Send a test event."`
	Deliveries webhookDeliveriesCommand `cmd:"" help:"List what was sent to an endpoint, newest first."`
	Delivery   webhookDeliveryCommand   `cmd:"" help:"Show one delivery with every attempt."`
	Retry      webhookRetryCommand      `cmd:"" help:"Deliver again now, whatever became of it."`
}

// byEndpoint names an endpoint.
type byEndpoint struct {
	Endpoint string `arg:"" help:"The endpoint's id, such as whe_k3v5…"`
}

func (c byEndpoint) path(rest string) string {
	return "/v1/webhook-endpoints/" + url.PathEscape(c.Endpoint) + rest
}

// byDelivery names a delivery.
type byDelivery struct {
	byEndpoint
	Delivery string `arg:"" help:"The delivery's id, such as whd_k3v5…"`
}

func (c byDelivery) path(rest string) string {
	return c.byEndpoint.path("/deliveries/" + url.PathEscape(c.Delivery) + rest)
}

// endpoint is where events are sent.
type endpoint struct {
	ID             string     `json:"id"`
	URL            string     `json:"url"`
	Events         []string   `json:"events"`
	Secret         *string    `json:"secret"`
	CreatedAt      time.Time  `json:"created_at"`
	FailingSince   *time.Time `json:"failing_since"`
	DisabledAt     *time.Time `json:"disabled_at"`
	DisabledReason *string    `json:"disabled_reason"`
}

func (e endpoint) health() string {
	switch {
	case e.DisabledAt != nil:
		return "disabled " + at(*e.DisabledAt) + ": " + or(e.DisabledReason)
	case e.FailingSince != nil:
		return "failing since " + at(*e.FailingSince)
	}
	return "ok"
}

func showEndpoint(p *page, e endpoint) {
	p.list(
		pair{"endpoint", e.ID}, pair{"address", e.URL}, pair{"events", strings.Join(e.Events, ", ")}, pair{"made", at(e.CreatedAt)},
		pair{"deliveries", e.health()}, pair{"secret", or(e.Secret)},
	)
	if e.Secret != nil {
		p.section("Keep the secret: it is not shown again.")
	}
}

// delivery is one event on its way to one endpoint.
type delivery struct {
	ID         string     `json:"id"`
	EventID    string     `json:"event_id"`
	Type       string     `json:"type"`
	State      string     `json:"state"`
	CreatedAt  time.Time  `json:"created_at"`
	FinishedAt *time.Time `json:"finished_at"`
	GiveUpAt   time.Time  `json:"give_up_at"`
	Attempts   []attempt  `json:"attempts"`
}

// attempt is one try to deliver.
type attempt struct {
	Number     int       `json:"number"`
	At         time.Time `json:"at"`
	DurationMS int64     `json:"duration_ms"`
	Status     *int      `json:"status"`
	Error      *string   `json:"error"`
}

func (a attempt) outcome() string {
	status := ""
	if a.Status != nil {
		status = strconv.Itoa(*a.Status)
	}
	return words(status, or(a.Error))
}

func showDelivery(p *page, d delivery) {
	until := ""
	if d.State == "pending" {
		until = at(d.GiveUpAt)
	}
	p.list(
		pair{"delivery", d.ID}, pair{"event", d.Type}, pair{"webhook-id", d.EventID}, pair{"state", d.State}, pair{"made", at(d.CreatedAt)},
		pair{"finished", atOr(d.FinishedAt)}, pair{"tried until", until},
	)
	if len(d.Attempts) == 0 {
		return
	}
	rows := make([][]string, len(d.Attempts))
	for i, a := range d.Attempts {
		rows[i] = []string{"  " + strconv.Itoa(a.Number), exactly(a.At), strconv.FormatInt(a.DurationMS, 10) + " ms", a.outcome()}
	}
	p.section("attempts")
	p.table([]string{"  NO.", "AT", "TOOK", "ANSWER"}, rows)
}

type webhookAddCommand struct {
	changeFlags
	Address string   `arg:"" help:"A public http or https address."`
	Event   []string `enum:"registration.state_changed,clearing.state_changed,payout.overdue,payout.returned,review.overdue,finding.opened" placeholder:"TYPE" help:"Only events of this type: ${enum}. May be repeated; left out: all."`
}

// Run subscribes.
func (c *webhookAddCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	body := map[string]any{"url": c.Address}
	if len(c.Event) > 0 {
		body["events"] = c.Event
	}
	return change(ctx, s, http.MethodPost, "/v1/webhook-endpoints", body, showEndpoint)
}

type webhookListCommand struct {
	apiFlags
	pagingFlags
}

// Run lists endpoints.
func (c *webhookListCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return get(ctx, s, c.query("/v1/webhook-endpoints", nil), func(p *page, l listed[endpoint]) {
		showList(p, "endpoints", []string{"ID", "ADDRESS", "DELIVERIES", "EVENTS"}, l, func(e endpoint) []string {
			return []string{e.ID, e.URL, e.health(), strings.Join(e.Events, ", ")}
		})
	})
}

type webhookShowCommand struct {
	apiFlags
	byEndpoint
}

// Run shows an endpoint.
func (c *webhookShowCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return get(ctx, s, c.path(""), showEndpoint)
}

type webhookRemoveCommand struct {
	changeFlags
	byEndpoint
}

// Run ends a subscription.
func (c *webhookRemoveCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	r := client.Request{Method: http.MethodDelete, Path: c.path(""), Key: s.key}
	return call(ctx, s, r, func(p *page, _ any) { p.line("removed " + clean(c.Endpoint)) })
}

type webhookPingCommand struct {
	changeFlags
	byEndpoint
}

// Run sends a test event.
func (c *webhookPingCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return change(ctx, s, http.MethodPost, c.path("/ping"), nil, showDelivery)
}

type webhookDeliveriesCommand struct {
	apiFlags
	pagingFlags
	byEndpoint
}

// Run lists deliveries.
func (c *webhookDeliveriesCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return get(ctx, s, c.query(c.path("/deliveries"), nil), func(p *page, l listed[delivery]) {
		showList(p, "deliveries", []string{"ID", "EVENT", "STATE", "MADE", "ATTEMPTS", "LAST ANSWER"}, l, func(d delivery) []string {
			last := ""
			if n := len(d.Attempts); n > 0 {
				last = d.Attempts[n-1].outcome()
			}
			return []string{d.ID, d.Type, d.State, at(d.CreatedAt), strconv.Itoa(len(d.Attempts)), last}
		})
	})
}

type webhookDeliveryCommand struct {
	apiFlags
	byDelivery
}

// Run shows a delivery.
func (c *webhookDeliveryCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return get(ctx, s, c.path(""), showDelivery)
}

type webhookRetryCommand struct {
	changeFlags
	byDelivery
}

// Run delivers again.
func (c *webhookRetryCommand) Run(ctx context.Context, o *IO) error {
	s, err := c.open(o)
	if err != nil {
		return err
	}
	return change(ctx, s, http.MethodPost, c.path("/retry"), nil, showDelivery)
}
