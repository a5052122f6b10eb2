package registration

import (
	"fmt"
	"slices"
	"time"
)

// WebhookEvent is a kind of event that a subscriber can ask for.
type WebhookEvent string

// The events. EventPing is sent when a subscriber asks for it, and cannot be subscribed to.
const (
	EventStateChanged    WebhookEvent = "registration.state_changed"
	EventClearingChanged WebhookEvent = "clearing.state_changed"
	EventPayoutOverdue   WebhookEvent = "payout.overdue"
	EventPayoutReturned  WebhookEvent = "payout.returned"
	EventReviewOverdue   WebhookEvent = "review.overdue"
	EventFindingOpened   WebhookEvent = "finding.opened"
	EventPing            WebhookEvent = "ping"
)

// WebhookEvents lists what can be subscribed to.
func WebhookEvents() []WebhookEvent {
	return []WebhookEvent{EventStateChanged, EventClearingChanged, EventPayoutOverdue, EventPayoutReturned, EventReviewOverdue, EventFindingOpened}
}

// Known reports whether e can be subscribed to.
func (e WebhookEvent) Known() bool { return slices.Contains(WebhookEvents(), e) }

// DeliveryDays is how many calendar days a delivery is retried before its endpoint is disabled.
const DeliveryDays = 3

// The pauses between a delivery's tries grow from the first to the second.
const (
	ShortestDeliveryPause = 5 * time.Second
	LongestDeliveryPause  = 4 * time.Hour
)

// WebhookWorkflow delivers one event to one endpoint.
const WebhookWorkflow = "WebhookDelivery"

// Delivery starts a [WebhookWorkflow]. The address and the secret stay in the database.
type Delivery struct {
	ID string `json:"id"`
	// Round rises by one each time the subscriber asks for the delivery again.
	Round int `json:"round"`
	// GiveUpAt is when the last try is made.
	GiveUpAt time.Time `json:"give_up_at"`
}

// DeliveryTry is one try of a delivery's round.
type DeliveryTry struct {
	ID    string `json:"id"`
	Round int    `json:"round"`
	Last  bool   `json:"last,omitempty"` // it is made once the time is over
}

// DeliveryResult is where a delivery stands after a try.
type DeliveryResult struct {
	Over bool `json:"over"`
	// GiveUpAt is when the last try is made: three days after the first failure.
	GiveUpAt time.Time `json:"give_up_at,omitzero"`
	// Pause is how long to wait before the next try.
	Pause time.Duration `json:"pause,omitempty"`
}

// DeliveryWorkflowID names the workflow of a delivery's round.
func DeliveryWorkflowID(id string, round int) string {
	if round > 1 {
		return fmt.Sprintf("delivery/%s/%d", id, round)
	}
	return "delivery/" + id
}
