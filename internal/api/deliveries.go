package api

import (
	"context"
	"net/http"
	"time"

	"shiming/internal/postgres"
	"shiming/internal/problem"
	"shiming/registration"
)

// deliveries makes the routes about what was sent to an endpoint.
func (s *server) deliveries() {
	register(s, route{
		id: "ping-webhook-endpoint", method: http.MethodPost, path: endpointPath + "/ping", tag: subscriptionTag, status: http.StatusCreated,
		summary: "Send a test event", description: "Posts an event of type `ping`, once, also to a disabled endpoint; how it went shows on the delivery.",
	}, s.pingEndpoint)
	register(s, route{
		id: "list-webhook-deliveries", method: http.MethodGet, path: endpointPath + "/deliveries", tag: subscriptionTag, summary: "List deliveries",
		description: "What was sent to the endpoint, newest first, each with the log of its attempts.", codes: []problem.Code{registration.CodeInvalidRequest},
	}, s.listDeliveries)
	register(s, route{
		id: "get-webhook-delivery", method: http.MethodGet, path: endpointPath + "/deliveries/{delivery_id}", tag: subscriptionTag, summary: "Read a delivery",
		description: "One delivery with the log of its attempts.",
	}, s.getDelivery)
	register(s, route{
		id: "retry-webhook-delivery", method: http.MethodPost, path: endpointPath + "/deliveries/{delivery_id}/retry", tag: subscriptionTag,
		summary: "Deliver again", description: "Posts the event again now, whatever became of it, with the same `webhook-id`, and for three more days if need be; also to a disabled endpoint.",
	}, s.retryDelivery)
}

// WebhookDelivery is one event on its way to one endpoint.
type WebhookDelivery struct {
	ID         string                    `json:"id" doc:"The delivery's id" example:"whd_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	EventID    string                    `json:"event_id" doc:"The webhook-id that it is sent with, the same in every attempt" example:"evt_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	Type       registration.WebhookEvent `json:"type" doc:"The type of the event" example:"registration.state_changed"`
	State      string                    `json:"state" enum:"pending,delivered,failed" doc:"pending: on its way; failed: given up, or the endpoint was disabled" example:"delivered"`
	CreatedAt  time.Time                 `json:"created_at" doc:"When it was made" example:"2026-09-30T10:00:00+08:00"`
	FinishedAt *time.Time                `json:"finished_at" doc:"When it was delivered or failed" example:"2026-09-30T10:00:01+08:00"`
	GiveUpAt   time.Time                 `json:"give_up_at" doc:"When the last attempt is made" example:"2026-10-03T10:00:00+08:00"`
	Attempts   []WebhookAttempt          `json:"attempts" doc:"Every attempt, oldest first"`
}

// WebhookAttempt is one try to deliver.
type WebhookAttempt struct {
	Number     int       `json:"number" doc:"Counts attempts" example:"1"`
	At         time.Time `json:"at" doc:"When it was signed: the webhook-timestamp" example:"2026-09-30T10:00:00+08:00"`
	DurationMS int64     `json:"duration_ms" doc:"How long it took" example:"42"`
	Status     *int      `json:"status" doc:"What the endpoint answered; null: nothing" example:"204"`
	Error      *string   `json:"error" enum:"address_forbidden,dns,connection_refused,connection_broken,tls,timeout,redirect,status,invalid" doc:"What went wrong; null: accepted" example:"timeout"`
	Signature  string    `json:"signature" doc:"The webhook-signature" example:"v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="`
}

func deliveryOf(d *postgres.Delivery) WebhookDelivery {
	out := WebhookDelivery{
		ID: d.ID, EventID: d.EventID, Type: d.Type, State: d.State, CreatedAt: d.CreatedAt, FinishedAt: d.FinishedAt, GiveUpAt: d.GiveUpAt,
		Attempts: make([]WebhookAttempt, len(d.Log)),
	}
	for i, a := range d.Log {
		out.Attempts[i] = WebhookAttempt(a)
	}
	return out
}

type deliveryAnswer struct{ Body WebhookDelivery }

func (s *server) pingEndpoint(ctx context.Context, in *ByEndpoint) (*deliveryAnswer, error) {
	if err := mustBeID(in.ID); err != nil {
		return nil, err
	}
	d, err := s.Store.PingEndpoint(ctx, requestOf(ctx).caller.id, in.ID, s.id(ctx, "whd", 0))
	if err != nil {
		return nil, err
	}
	return &deliveryAnswer{deliveryOf(d)}, nil
}

type listDeliveries struct {
	ByEndpoint
	Paging
}

// DeliveryPage is a page of deliveries.
type DeliveryPage struct {
	Items      []WebhookDelivery `json:"items" doc:"Deliveries, newest first"`
	NextCursor *string           `json:"next_cursor" doc:"Where the next page begins; null on the last" example:"MjAyNi0wOS0zMFQwMjowMDowMFp8d2hkX2szdjU"`
}

func (s *server) listDeliveries(ctx context.Context, in *listDeliveries) (*struct{ Body DeliveryPage }, error) {
	if err := mustBeID(in.ID); err != nil {
		return nil, err
	}
	page, err := s.Store.Deliveries(ctx, requestOf(ctx).caller.id, in.ID, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return &struct{ Body DeliveryPage }{DeliveryPage{Items: shown(page.Items, deliveryOf), NextCursor: next(page.NextCursor)}}, nil
}

type byDelivery struct {
	ByEndpoint
	DeliveryID string `path:"delivery_id" doc:"The delivery's id" example:"whd_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
}

func (s *server) getDelivery(ctx context.Context, in *byDelivery) (*deliveryAnswer, error) {
	return s.oneDelivery(ctx, in, s.Store.DeliveryOf)
}

func (s *server) retryDelivery(ctx context.Context, in *byDelivery) (*deliveryAnswer, error) {
	return s.oneDelivery(ctx, in, s.Store.RetryDelivery)
}

// oneDelivery answers with what do makes of a delivery.
func (s *server) oneDelivery(ctx context.Context, in *byDelivery, do func(ctx context.Context, owner, endpoint, delivery string) (*postgres.Delivery, error)) (*deliveryAnswer, error) {
	for _, id := range []string{in.ID, in.DeliveryID} {
		if err := mustBeID(id); err != nil {
			return nil, err
		}
	}
	d, err := do(ctx, requestOf(ctx).caller.id, in.ID, in.DeliveryID)
	if err != nil {
		return nil, err
	}
	return &deliveryAnswer{deliveryOf(d)}, nil
}
