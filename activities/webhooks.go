package activities

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"shiming/internal/postgres"
	"shiming/internal/subscriber"
	"shiming/registration"
)

// The types of the failures that a delivery's tries end with; both are tried again.
const (
	FailSubscriber = "subscriber_failed" // the delivery's log says how
	FailBusy       = "subscriber_busy"   // enough requests to it are under way; this one was not made
)

// DeliveryBook keeps deliveries.
type DeliveryBook interface {
	TakeDelivery(ctx context.Context, id string, round int) (*postgres.Outgoing, error)
	DeliveryTried(ctx context.Context, id string, round int, tried postgres.Tried, last bool) (registration.DeliveryResult, error)
}

// Sender sends webhooks.
type Sender interface {
	Send(ctx context.Context, m subscriber.Message) (subscriber.Result, error)
}

// Webhooks tells subscribers of events.
type Webhooks struct {
	Book              DeliveryBook
	Out               Sender
	endpoints, owners slots
}

// room is how many requests to one endpoint, and to all of one caller's, may be under way. The others wait outside of the worker,
// so that a slow subscriber takes no room from another.
type room struct {
	perEndpoint, perOwner int
	failing               bool // there is room for an endpoint that is failing
}

// A try in its lane has more room than one within a workflow's task, which must not be kept waiting.
var (
	inLane = room{perEndpoint: 4, perOwner: 20, failing: true}
	atOnce = room{perEndpoint: 2, perOwner: 6}
)

// webhookBody is what a subscriber gets, as api.md has it.
type webhookBody struct {
	Type      registration.WebhookEvent `json:"type"`
	Timestamp time.Time                 `json:"timestamp"` // of the event, UTC
	Sequence  int64                     `json:"sequence"`
	Data      webhookData               `json:"data"`
}

type webhookData struct {
	ID        string             `json:"id"`
	AccountID string             `json:"account_id"`
	From      registration.State `json:"from"`
	To        registration.State `json:"to"`
}

// TellSubscriber makes one try of a delivery's round. A failure is an error, for the engine to try again, unless the delivery is
// over by it or it is the last.
func (w *Webhooks) TellSubscriber(ctx context.Context, try registration.DeliveryTry) (registration.DeliveryResult, error) {
	result, tried, err := w.tell(ctx, try.ID, try.Round, try.Last, inLane)
	switch {
	case errors.Is(err, errSubscriberBusy):
		return result, busy(activity.GetInfo(ctx).Attempt)
	case err != nil:
		return result, err
	case tried.Fail == "", result.Over, try.Last:
		return result, nil
	}
	return result, temporal.NewApplicationErrorWithOptions("the subscriber did not accept it: "+tried.Fail, FailSubscriber,
		temporal.ApplicationErrorOptions{NextRetryDelay: result.Pause})
}

// TellAtOnce makes the first try of a delivery's round within its workflow's first task. A result that is not over and has no time
// to give up says that the try was not made: the subscriber is failing, or is being told enough already.
func (w *Webhooks) TellAtOnce(ctx context.Context, try registration.DeliveryTry) (registration.DeliveryResult, error) {
	result, _, err := w.tell(ctx, try.ID, try.Round, try.Last, atOnce)
	switch {
	case errors.Is(err, errSubscriberBusy):
		return registration.DeliveryResult{}, nil
	case err != nil:
		return result, err
	}
	return result, nil
}

// errSubscriberBusy says that a try was not made: as many requests are under way as may be.
var errSubscriberBusy = errors.New("enough requests to this subscriber are under way")

// tell makes one try, unless there is nothing to try any more, or no room for it.
func (w *Webhooks) tell(ctx context.Context, id string, round int, last bool, most room) (registration.DeliveryResult, subscriber.Result, error) {
	over, none := registration.DeliveryResult{Over: true}, subscriber.Result{}
	out, err := w.Book.TakeDelivery(ctx, id, round)
	switch {
	case errors.Is(err, postgres.ErrNotFound), errors.Is(err, postgres.ErrErased), err == nil && out == nil: // dropped meanwhile
		return over, none, nil
	case err != nil:
		return over, none, err
	}
	leave, free := w.enter(out, most)
	if !free {
		return over, none, errSubscriberBusy
	}
	defer leave()
	result, tried, err := w.send(ctx, id, round, out, last)
	if err != nil {
		return over, tried, err
	}
	return result, tried, nil
}

func (w *Webhooks) send(ctx context.Context, id string, round int, out *postgres.Outgoing, last bool) (registration.DeliveryResult, subscriber.Result, error) {
	e := out.Event
	body, err := json.Marshal(webhookBody{e.Type, e.At.UTC(), e.Sequence, webhookData{e.SubjectID, e.AccountID, e.From, e.To}})
	if err != nil {
		return registration.DeliveryResult{}, subscriber.Result{}, err
	}
	tried, err := w.Out.Send(ctx, subscriber.Message{URL: out.URL, Secret: out.Secret, ID: e.ID, Body: body})
	if err != nil || ctx.Err() != nil { // cut short by us: nobody's failure
		return registration.DeliveryResult{}, tried, errors.Join(err, ctx.Err())
	}
	result, err := w.Book.DeliveryTried(ctx, id, round, postgres.Tried{
		At: tried.At, Took: tried.Took, Status: tried.Status, Error: tried.Fail, Signature: tried.Signature,
	}, last)
	return result, tried, err
}

func (w *Webhooks) enter(out *postgres.Outgoing, most room) (leave func(), free bool) {
	if out.Failing && !most.failing {
		return nil, false
	}
	leaveEndpoint, free := w.endpoints.enter(out.EndpointID, most.perEndpoint)
	if !free {
		return nil, false
	}
	leaveOwner, free := w.owners.enter(out.Owner, most.perOwner)
	if !free {
		leaveEndpoint()
		return nil, false
	}
	return func() { leaveOwner(); leaveEndpoint() }, true
}

// busy comes back soon at first, then more seldom, never all at once.
func busy(attempt int32) error {
	pause := min(30*time.Second, 250*time.Millisecond<<min(attempt, 7))
	pause = pause/2 + rand.N(pause/2)
	return temporal.NewApplicationErrorWithOptions(errSubscriberBusy.Error(), FailBusy,
		temporal.ApplicationErrorOptions{NextRetryDelay: pause})
}

// slots counts what is under way, by whom it concerns.
type slots struct {
	mu    sync.Mutex
	taken map[string]int
}

func (s *slots) enter(whose string, most int) (leave func(), free bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[whose] >= most {
		return nil, false
	}
	if s.taken == nil {
		s.taken = map[string]int{}
	}
	s.taken[whose]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.taken[whose]--; s.taken[whose] == 0 {
			delete(s.taken, whose)
		}
	}, true
}
