// Package relay does what transactions left to be done: it starts the delivery of notices and webhooks and passes
// reports on to the runs they are for.
//
// It promises that a letter left in the database is acted upon at least once, whichever process dies when, and that
// acting twice does no harm: deliveries are workflows named after their letter, and runs look at the database, not at
// the signal. It refuses to retry by itself what the engine retries better.
package relay

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"shiming/internal/postgres"
	"shiming/registration"
)

// batch is how many letters one transaction takes; look is how often the box is looked into without being told to.
const (
	batch = 20
	look  = 5 * time.Second
)

// Box is where letters lie.
type Box interface {
	Relay(ctx context.Context, limit int, deliver func(ctx context.Context, l postgres.Letter) error) (handled int, err error)
	Listen(ctx context.Context, wake func()) error
	ReturnAfterEnd(ctx context.Context, registrationID, paymentID string) error
	FanOut(ctx context.Context, eventID string) error
}

// Relay carries letters from the database to the engine. Any number may run.
type Relay struct {
	Box       Box
	Engine    client.Client
	TaskQueue string
	Log       *slog.Logger
}

// Run relays until ctx ends. Trouble is logged and tried again.
func (r *Relay) Run(ctx context.Context) {
	woken := make(chan struct{}, 1)
	wake := func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	}
	go r.listen(ctx, wake)
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		r.drain(ctx)
		select {
		case <-ctx.Done():
			return
		case <-woken:
		case <-tick.C:
		}
	}
}

// listen keeps a connection that is told of new letters, and opens another when it breaks.
func (r *Relay) listen(ctx context.Context, wake func()) {
	for ctx.Err() == nil {
		wake()
		if err := r.Box.Listen(ctx, wake); err != nil && ctx.Err() == nil {
			r.Log.Warn("relay: not listening, looking every few seconds instead", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(look):
		}
	}
}

func (r *Relay) drain(ctx context.Context) {
	for ctx.Err() == nil {
		handled, err := r.Box.Relay(ctx, batch, r.deliver)
		if err != nil && ctx.Err() == nil {
			r.Log.Warn("relay: letters wait on", "error", err)
		}
		if err != nil || handled < batch {
			return
		}
	}
}

func (r *Relay) deliver(ctx context.Context, l postgres.Letter) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	switch l.Kind {
	case "notice":
		return r.start(ctx, registration.NoticeWorkflow, registration.NoticeWorkflowID(l.Ref), l.Ref)
	case "signal":
		return r.signal(ctx, l)
	case "event":
		return r.Box.FanOut(ctx, l.Ref) // leaves a letter for each delivery
	case "delivery":
		return r.startDelivery(ctx, l)
	}
	return nil
}

func (r *Relay) startDelivery(ctx context.Context, l postgres.Letter) error {
	var d registration.Delivery
	if err := json.Unmarshal(l.Payload, &d); err != nil {
		return err
	}
	return r.start(ctx, registration.WebhookWorkflow, registration.DeliveryWorkflowID(d.ID, d.Round), d)
}

// start begins a workflow, once for all time by its id.
func (r *Relay) start(ctx context.Context, workflow, id string, arg any) error {
	_, err := r.Engine.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: id, TaskQueue: r.TaskQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, workflow, arg)
	if _, ok := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); ok {
		return nil
	}
	return err
}

// word is what a transaction wants a run to hear.
type word struct {
	WorkflowID string          `json:"workflow_id"`
	Signal     string          `json:"signal"`
	Arg        json.RawMessage `json:"arg"`
}

func (r *Relay) signal(ctx context.Context, l postgres.Letter) error {
	var w word
	if err := json.Unmarshal(l.Payload, &w); err != nil {
		return err
	}
	arg := map[string]any{}
	if err := json.Unmarshal(w.Arg, &arg); err != nil {
		return err
	}
	err := r.Engine.SignalWorkflow(ctx, w.WorkflowID, "", w.Signal, arg)
	if _, ok := errors.AsType[*serviceerror.NotFound](err); !ok {
		return err
	}
	if w.Signal != registration.SignalBankReport {
		return nil
	}
	var report registration.BankReport
	if err := json.Unmarshal(w.Arg, &report); err != nil {
		return err
	}
	return r.Box.ReturnAfterEnd(ctx, report.RegistrationID, report.PaymentID)
}
