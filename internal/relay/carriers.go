package relay

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/registration"
)

// deliverNotices has the notices of an event delivered, by one workflow.
func (r *Relay) deliverNotices(ctx context.Context, m postgres.Message) error {
	var notices []registration.NoticeRef
	if err := json.Unmarshal(m.Payload, &notices); err != nil {
		return err
	}
	return r.Engine.Start(ctx, registration.NoticesWorkflow, registration.NoticeWorkflowID(m.Ref), "Notices", notices)
}

// deliverNotice has one notice delivered by itself.
func (r *Relay) deliverNotice(ctx context.Context, m postgres.Message) error {
	n, waits, err := r.Box.NoticeByItself(ctx, m.Ref)
	switch id := registration.NoticeWorkflowID(m.Ref); {
	case !waits || err != nil:
		return err
	case m.Again():
		return r.Engine.Restart(ctx, registration.NoticesWorkflow, id, "Notice, again", []registration.NoticeRef{n})
	default:
		return r.Engine.Start(ctx, registration.NoticesWorkflow, id, "Notice", []registration.NoticeRef{n})
	}
}

// startPayout begins a payment; none while the database is held after a restore, which first has to learn what was paid.
func (r *Relay) startPayout(ctx context.Context, m postgres.Message) error {
	switch held, err := r.Box.IsHeld(ctx); {
	case err != nil:
		return err
	case held:
		return postgres.ErrRestored
	case m.Again():
		return r.Engine.Restart(ctx, registration.PayoutWorkflow, registration.PayoutWorkflowID(m.Ref), "Penny payment, by a person's word", m.Ref)
	}
	return r.Engine.Start(ctx, registration.PayoutWorkflow, registration.PayoutWorkflowID(m.Ref), "Penny payment: announce, then order", m.Ref)
}

func (r *Relay) startDelivery(ctx context.Context, m postgres.Message) error {
	var d registration.Delivery
	if err := json.Unmarshal(m.Payload, &d); err != nil {
		return err
	}
	return r.Engine.Start(ctx, registration.WebhookWorkflow, registration.DeliveryWorkflowID(d.ID, d.Round), "Webhook", d)
}

// errNoRun says that no run is there to be told, although its row is open: the reconciler starts another.
var errNoRun = errors.New("no run is there; the reconciler starts another")

// signal tells a run to follow what was stored. One that has ended with its row hears nothing any more: ops does.
func (r *Relay) signal(ctx context.Context, m postgres.Message) error {
	run, err := r.Box.RunOf(ctx, m.Ref)
	if err != nil {
		return err
	}
	return r.nudge(ctx, run)
}

// look tells a run that may have lost a step to read its row, unless it has reported since.
func (r *Relay) look(ctx context.Context, m postgres.Message) error {
	run, err := r.Box.RunOf(ctx, m.Ref)
	if err != nil || run.Acknowledged >= m.Version {
		return err
	}
	return r.nudge(ctx, run)
}

func (r *Relay) nudge(ctx context.Context, run postgres.Run) error {
	if run.Superseded {
		return r.Box.LookAfterEnd(ctx, run.ID)
	}
	err := r.Engine.Nudge(ctx, run.WorkflowID, run.ID)
	switch {
	case !errors.Is(err, engine.ErrNoRun):
		return err
	case run.Ended:
		return r.Box.LookAfterEnd(ctx, run.ID)
	}
	return errNoRun
}

// How long an act that is offered is waited for, until it is taken and until it is done. It comes again.
const (
	takenWithin = 6 * time.Second
	doneWithin  = 12 * time.Second
)

// offer hands an act that was answered 202 to its run, again and again until it is over. The run is told to look first: an
// update that lies in the engine's memory gets no task of its own.
func (r *Relay) offer(ctx context.Context, m postgres.Message) error {
	o, err := r.Box.OfferOf(ctx, m.Ref)
	if o == nil || err != nil {
		return err
	}
	if o.Expired {
		return r.end(ctx, o, registration.Refuse(registration.CodeProviderUnavailable))
	}
	if err := r.Engine.Nudge(ctx, o.WorkflowID, o.Args.RegistrationID); err != nil {
		return r.withoutRun(ctx, o, err)
	}
	now := time.Now()
	answer, err := r.Engine.Act(ctx, o.WorkflowID, o.Act, o.Args, engine.Wait{Taken: now.Add(takenWithin), Done: now.Add(doneWithin)})
	var refusal *registration.Refusal
	switch {
	case err == nil:
		r.tidy(ctx, o, false)
		return r.Box.Acknowledge(ctx, o.Args.RegistrationID, answer.Version)
	case errors.As(err, &refusal):
		return r.refused(ctx, o, answer, refusal)
	}
	return r.withoutRun(ctx, o, err)
}

// refused deals with a run's no: a step's, which is written, or its validator's, which counts only if the row says so too.
func (r *Relay) refused(ctx context.Context, o *postgres.Offer, answer registration.Answer, refusal *registration.Refusal) error {
	record, err := r.Box.ActOf(ctx, o.Args.ActID)
	switch {
	case err != nil:
		return err
	case record.Finished:
		r.tidy(ctx, o, true)
		return r.Box.Acknowledge(ctx, o.Args.RegistrationID, answer.Version)
	}
	if stored := registration.RefuseAct(o.Standing.Kind, o.Standing.State, o.Act); stored != nil {
		return r.end(ctx, o, stored)
	}
	return refusal // the run is behind its row, or stands still
}

// withoutRun ends an act whose registration has ended. Another error leaves it to be offered again.
func (r *Relay) withoutRun(ctx context.Context, o *postgres.Offer, err error) error {
	if stored := registration.RefuseAct(o.Standing.Kind, o.Standing.State, o.Act); stored != nil && errors.Is(err, engine.ErrNoRun) {
		return r.end(ctx, o, stored)
	}
	return err
}

func (r *Relay) end(ctx context.Context, o *postgres.Offer, refusal *registration.Refusal) error {
	if err := r.Box.EndAct(ctx, o.Args.ActID, refusal); err != nil {
		return err
	}
	r.tidy(ctx, o, true)
	return nil
}

// tidy forgets what was handed in with an act that was refused, or that has left no use for it.
func (r *Relay) tidy(ctx context.Context, o *postgres.Offer, refused bool) {
	if o.Args.InputRef == "" || !refused && !o.Act.InputSpent() {
		return
	}
	if err := r.Box.Discard(ctx, o.Args.InputRef); err != nil {
		r.Log.Warn("relay: what was handed in was left behind", "act_id", o.Args.ActID, "error", err)
	}
}

// classEngineAway is of messages that wait for the engine.
const classEngineAway = "engine_unavailable"

// classOf names why a message could not be carried, in words of our own.
func classOf(err error) string {
	var refusal *registration.Refusal
	switch {
	case errors.Is(err, errNoRun), errors.Is(err, engine.ErrNoRun):
		return "no_run"
	case errors.Is(err, engine.ErrStillWorking):
		return "still_working"
	case errors.Is(err, engine.ErrUnavailable):
		return classEngineAway
	case errors.Is(err, postgres.ErrRestored):
		return string(registration.CodeHeldAfterRestore)
	case errors.Is(err, postgres.ErrNotFound):
		return "not_found"
	case errors.As(err, &refusal):
		return "run_behind"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "failed"
}
