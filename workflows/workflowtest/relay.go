package workflowtest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"shiming/activities"
	"shiming/internal/postgres"
	"shiming/registration"
)

// relay does what the worker's relay does, and the workflows that it starts: it pays, delivers notices and tells runs to look.
func (r *Run) relay() {
	r.w.T.Helper()
	require.NoError(r.w.T, r.w.relay())
}

func (w *World) relay() error {
	ctx := context.Background()
	activities.FinishSending(ctx, w.post)
	for {
		carried := 0
		if due, err := w.due(ctx); !due || err != nil {
			return err
		}
		for _, kind := range []string{postgres.MessageNotices, postgres.MessageNotice, postgres.MessagePayout, postgres.MessageEvent, postgres.MessageSignal, postgres.MessageLook} {
			messages, err := w.Store.TakeMessages(ctx, kind, 100, time.Minute)
			if err != nil {
				return err
			}
			for _, m := range messages {
				if err := w.carry(ctx, m); err != nil {
					return err
				}
				if err := w.Store.MessageDone(ctx, m); err != nil {
					return err
				}
				carried++
			}
		}
		carried += w.pay(ctx)
		w.deliver(ctx)
		if carried == 0 {
			return nil
		}
	}
}

// due reports whether anything waits to be carried.
func (w *World) due(ctx context.Context) (due bool, err error) {
	if len(w.unpaid) > 0 || len(w.undelivered) > 0 {
		return true, nil
	}
	err = w.Store.Pool().QueryRow(ctx, `select exists (select from outbox where next_at <= $1)`, w.Now()).Scan(&due)
	return due, err
}

// nextDue is when something is due next that waits to be carried, until at the latest.
func (w *World) nextDue(until time.Time) time.Time {
	w.T.Helper()
	var next time.Time
	err := w.Store.Pool().QueryRow(context.Background(), `select coalesce(min(next_at), $2) from outbox where next_at > $1 and next_at < $2`, w.Now(), until).Scan(&next)
	require.NoError(w.T, err)
	return next
}

func (w *World) carry(ctx context.Context, m postgres.Message) error {
	switch m.Kind {
	case postgres.MessageNotices:
		var notices []registration.NoticeRef
		if err := json.Unmarshal(m.Payload, &notices); err != nil {
			return err
		}
		for _, n := range notices {
			w.undelivered = append(w.undelivered, n.ID)
		}
	case postgres.MessageNotice:
		w.undelivered = append(w.undelivered, m.Ref)
	case postgres.MessagePayout:
		w.unpaid = append(w.unpaid, &payout{id: m.Ref})
	case postgres.MessageSignal, postgres.MessageLook:
		return w.tell(ctx, m.Ref)
	}
	return nil
}

func (w *World) deliver(ctx context.Context) {
	w.undelivered = slices.DeleteFunc(w.undelivered, func(id string) bool {
		failed, ok := errors.AsType[*temporal.ApplicationError](w.post.Deliver(ctx, id))
		return !ok || failed.NonRetryable()
	})
}

// payout is a Payout workflow under way. It is tried as often as the real one would be by now.
type payout struct {
	id        string
	announced bool
	next      time.Time
	pause     time.Duration
}

// pay takes every payout as far as it goes, and says how many have ended.
func (w *World) pay(ctx context.Context) int {
	before := len(w.unpaid)
	w.unpaid = slices.DeleteFunc(w.unpaid, func(p *payout) bool {
		p.announced = p.announced || w.insist(p, "Announce", func() error { return w.payouts.Announce(ctx, p.id) })
		return p.announced && w.insist(p, "Order", func() error { return w.payouts.Order(ctx, p.id) })
	})
	return before - len(w.unpaid)
}

// insist reports whether an activity was done by one of the tries that are due; a crash may lose any.
func (w *World) insist(p *payout, activity string, do func() error) bool {
	for !w.Now().Before(p.next) {
		if w.Faults.around(activity, do) == nil {
			p.next, p.pause = time.Time{}, 0
			return true
		}
		p.pause = min(max(2*p.pause, 500*time.Millisecond), 20*time.Second)
		if p.next.IsZero() {
			p.next = w.Now()
		}
		p.next = p.next.Add(p.pause)
	}
	return false
}

// tell tells a run to look. One that has ended hears nothing.
func (w *World) tell(ctx context.Context, id string) error {
	of, err := w.Store.RunOf(ctx, id)
	if err != nil {
		return err
	}
	run := w.runs[of.WorkflowID]
	if run != nil && !of.Superseded && !run.over() && !run.env.IsWorkflowCompleted() {
		run.signal(registration.SignalLook, registration.Look{ID: id})
		return nil
	}
	if !of.Ended && (run == nil || !run.released) { // a test has let go of it
		return errors.New("workflowtest: an open registration has no run")
	}
	return w.Store.LookAfterEnd(ctx, id)
}
