package api

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"shiming/internal/postgres"
	"shiming/internal/problem"
	"shiming/registration"
)

const subscriptionTag = "Webhooks out"

const endpointPath = "/v1/webhook-endpoints/{id}"

// subscriptions makes the routes of those who want to be told of events.
func (s *server) subscriptions() {
	register(s, route{
		id: "add-webhook-endpoint", method: http.MethodPost, path: "/v1/webhook-endpoints", tag: subscriptionTag, status: http.StatusCreated,
		summary: "Subscribe to events", codes: []problem.Code{registration.CodeInvalidRequest},
		description: "Events are posted to the address, signed by the Standard Webhooks scheme with the secret that is shown here and never again. " +
			"The address must be public. A caller has at most 20.",
	}, s.addEndpoint)
	register(s, route{
		id: "list-webhook-endpoints", method: http.MethodGet, path: "/v1/webhook-endpoints", tag: subscriptionTag, summary: "List subscriptions",
		description: "The caller's own, newest first.", codes: []problem.Code{registration.CodeInvalidRequest},
	}, s.listEndpoints)
	register(s, route{
		id: "get-webhook-endpoint", method: http.MethodGet, path: endpointPath, tag: subscriptionTag, summary: "Read a subscription",
		description: "One of the caller's own.",
	}, s.getEndpoint)
	register(s, route{
		id: "drop-webhook-endpoint", method: http.MethodDelete, path: endpointPath, tag: subscriptionTag, status: http.StatusNoContent,
		summary: "End a subscription", description: "Nothing is sent any more; the deliveries and their log are gone.",
	}, s.dropEndpoint)
	s.deliveries()
}

// WebhookEndpoint is where a caller wants events sent.
type WebhookEndpoint struct {
	ID             string                      `json:"id" doc:"The endpoint's id" example:"whe_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	URL            string                      `json:"url" doc:"Where events are posted" example:"https://example.com/shiming"`
	Events         []registration.WebhookEvent `json:"events" doc:"The types of event"`
	Secret         *string                     `json:"secret,omitempty" doc:"Verifies signatures; only in the answer that creates the endpoint" example:"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"`
	CreatedAt      time.Time                   `json:"created_at" doc:"When it was made" example:"2026-09-30T10:00:00+08:00"`
	FailingSince   *time.Time                  `json:"failing_since" doc:"The first failure since the last success; three days later it is disabled" example:"2026-09-30T10:00:00+08:00"`
	Disabled       bool                        `json:"disabled" doc:"Whether nothing is sent any more. A ping or a retried delivery that is accepted enables it again"`
	DisabledAt     *time.Time                  `json:"disabled_at" doc:"Since when" example:"2026-10-03T10:00:00+08:00"`
	DisabledReason *string                     `json:"disabled_reason" enum:"failing,gone" doc:"failing: nothing was accepted for three days; gone: it answered 410" example:"failing"`
}

func endpointOf(e *postgres.Endpoint) WebhookEndpoint {
	return WebhookEndpoint{
		ID: e.ID, URL: e.URL, Events: e.Events, CreatedAt: e.CreatedAt, FailingSince: e.FailingSince,
		Disabled: e.DisabledAt != nil, DisabledAt: e.DisabledAt, DisabledReason: e.DisabledFor,
	}
}

type endpointAnswer struct{ Body WebhookEndpoint }

type addEndpoint struct {
	Body struct {
		URL    string                      `json:"url" maxLength:"2048" doc:"An http or https address that is public" example:"https://example.com/shiming"`
		Events []registration.WebhookEvent `json:"events,omitempty" minItems:"1" enum:"registration.state_changed,clearing.state_changed,payout.overdue,payout.returned,review.overdue,finding.opened" doc:"The types of event; left out: all of them"`
	}
}

type endpointAdded struct {
	Location string `header:"Location" doc:"Where the endpoint is" example:"/v1/webhook-endpoints/whe_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	Body     WebhookEndpoint
}

func (s *server) addEndpoint(ctx context.Context, in *addEndpoint) (*endpointAdded, error) {
	var c checks
	if wrong := s.guard.CheckURL(in.Body.URL); wrong != "" {
		c.add("url", codeInvalid, wrong)
		return nil, c.problem()
	}
	e := &postgres.Endpoint{URL: in.Body.URL, Events: chosen(in.Body.Events)}
	secret, err := s.subscribe(ctx, e)
	if errors.Is(err, postgres.ErrTooMany) {
		c.add("url", codeInvalid, "There are 20 endpoints already; end one first.")
		return nil, c.problem()
	}
	if err != nil {
		return nil, err
	}
	out := &endpointAdded{Location: strings.TrimRight(s.PublicURL, "/") + "/v1/webhook-endpoints/" + e.ID, Body: endpointOf(e)}
	out.Body.Secret = &secret
	return out, nil
}

// chosen sorts what was asked for; nothing means everything there is now.
func chosen(events []registration.WebhookEvent) []registration.WebhookEvent {
	if len(events) == 0 {
		return registration.WebhookEvents()
	}
	events = slices.Clone(events)
	slices.Sort(events)
	return slices.Compact(events)
}

// subscribe keeps the endpoint. Id and secret come of the call's seed, so that a call repeated after our death makes the
// same; a seed used long ago for another endpoint makes the next one.
func (s *server) subscribe(ctx context.Context, e *postgres.Endpoint) (secret string, err error) {
	for generation := 0; ; generation++ {
		e.ID = s.id(ctx, "whe", generation)
		secret = "whsec_" + base64.StdEncoding.EncodeToString(s.Keys.Fingerprint("api/webhook secret", e.ID))
		same, err := s.Store.AddEndpoint(ctx, requestOf(ctx).caller.id, e, secret)
		if same || err != nil {
			return secret, err
		}
	}
}

// EndpointPage is a page of endpoints.
type EndpointPage struct {
	Items      []WebhookEndpoint `json:"items" doc:"Endpoints, newest first"`
	NextCursor *string           `json:"next_cursor" doc:"Where the next page begins; null on the last" example:"MjAyNi0wOS0zMFQwMjowMDowMFp8d2hlX2szdjU"`
}

func (s *server) listEndpoints(ctx context.Context, in *Paging) (*struct{ Body EndpointPage }, error) {
	page, err := s.Store.Endpoints(ctx, requestOf(ctx).caller.id, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return &struct{ Body EndpointPage }{EndpointPage{Items: shown(page.Items, endpointOf), NextCursor: next(page.NextCursor)}}, nil
}

// ByEndpoint names an endpoint in the path.
type ByEndpoint struct {
	ID string `path:"id" doc:"The endpoint's id" example:"whe_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
}

func (s *server) getEndpoint(ctx context.Context, in *ByEndpoint) (*endpointAnswer, error) {
	if err := mustBeID(in.ID); err != nil {
		return nil, err
	}
	e, err := s.Store.EndpointOf(ctx, requestOf(ctx).caller.id, in.ID)
	if err != nil {
		return nil, err
	}
	return &endpointAnswer{endpointOf(e)}, nil
}

func (s *server) dropEndpoint(ctx context.Context, in *ByEndpoint) (*struct{}, error) {
	if err := mustBeID(in.ID); err != nil {
		return nil, err
	}
	return &struct{}{}, s.Store.DropEndpoint(ctx, requestOf(ctx).caller.id, in.ID)
}
