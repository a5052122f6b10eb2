package api

import (
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"shiming/registration"
)

// Event is what we post to a subscriber. It is documented here; package activities sends it.
type Event struct {
	Type      registration.WebhookEvent `json:"type" enum:"registration.state_changed,clearing.state_changed,payout.overdue,payout.returned,review.overdue,finding.opened,ping" doc:"What happened; ping only when asked for" example:"registration.state_changed"`
	Timestamp time.Time                 `json:"timestamp" doc:"When it happened" example:"2026-09-30T02:00:00Z"`
	Sequence  int64                     `json:"sequence" doc:"Counts per registration; order by it, for deliveries may overtake each other. 0 with finding.opened and ping" example:"3"`
	Data      EventData                 `json:"data" doc:"Whom it is about"`
}

// EventData is whom an event is about.
type EventData struct {
	ID        string             `json:"id" doc:"The registration's or the clearing's id; the finding's with finding.opened, the endpoint's with ping" example:"reg_k3v5m2q7w4x6y2z7a5b3c4d5e6"`
	AccountID string             `json:"account_id" doc:"The platform account; empty where there is none" example:"acct-1001"`
	From      registration.State `json:"from" doc:"State before; empty at the beginning, and with finding.opened" example:"details_required"`
	To        registration.State `json:"to" doc:"State after; the same as from if only something else has happened; with finding.opened the finding's kind" example:"under_review"`
}

// eventHook documents the request that a subscriber gets.
func eventHook(schemas huma.Registry) *huma.PathItem {
	body := schemas.Schema(reflect.TypeFor[Event](), true, "Event")
	signed := func(name, description, example string) *huma.Param {
		return &huma.Param{Name: name, In: "header", Required: true, Description: description, Example: example, Schema: &huma.Schema{Type: huma.TypeString}}
	}
	return &huma.PathItem{Post: &huma.Operation{
		OperationID: "receive-event", Tags: []string{subscriptionTag}, Summary: "An event, posted to your endpoint",
		Description: "Signed by the Standard Webhooks scheme with the endpoint's secret. Verify it, remember `webhook-id`, and answer 2xx within 10 seconds; " +
			"anything else is tried again for three days. 410 disables the endpoint at once.",
		Parameters: []*huma.Param{
			signed("webhook-id", "The event's id, the same in every attempt", "evt_k3v5m2q7w4x6y2z7a5b3c4d5e6"),
			signed("webhook-timestamp", "When this attempt was signed, in Unix seconds", "1790647200"),
			signed("webhook-signature", "v1, and the signature", "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="),
		},
		RequestBody: &huma.RequestBody{Required: true, Description: "The event", Content: map[string]*huma.MediaType{"application/json": {Schema: body}}},
		Responses:   map[string]*huma.Response{"204": {Description: http.StatusText(http.StatusNoContent) + ": taken; so does any other 2xx"}},
	}}
}
