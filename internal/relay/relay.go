// Package relay does what transactions left to be done: it starts payments and the delivery of notices and webhooks, tells
// runs to look at what was stored for them, and offers acts that were answered 202 until they are done.
//
// It promises that a message left in the database is acted upon at least once, whichever process dies when; that acting
// twice does no harm (deliveries are workflows named after their message, and runs look at the database, not at the signal);
// that a message which cannot be carried delays itself alone, and a kind no other kind; and that one it does not know
// waits for a release that does. It refuses to call anybody inside a transaction.
package relay

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/registration"
)

const (
	hands    = 8                // messages of a kind that are carried side by side
	few      = 2                // webhooks, and events that are fanned out: however many wait, they leave room to what registrations wait for
	look     = 5 * time.Second  // how often the box is looked into without being told to
	lease    = 20 * time.Second // how long a message that was taken is hidden from other relays
	carrying = 15 * time.Second // how long carrying one may take: less than the lease
	asked    = time.Second      // how often an engine that was away is asked whether it is back, and how long it may take to say so
	hastened = 15 * time.Second // how long it may take to let all go on that waits for it, until that is tried again
)

// Box is where messages lie.
type Box interface {
	TakeMessages(ctx context.Context, kind string, limit int, lease time.Duration) ([]postgres.Message, error)
	MessageDone(ctx context.Context, m postgres.Message) error
	MessageFailed(ctx context.Context, m postgres.Message, why string, pause time.Duration) error
	Listen(ctx context.Context, wake func(kind string)) error
	HastenMessages(ctx context.Context, why string) error
	FanOut(ctx context.Context, eventID string) error
	RunOf(ctx context.Context, id string) (postgres.Run, error)
	Acknowledge(ctx context.Context, id string, version int64) error
	LookAfterEnd(ctx context.Context, id string) error
	OfferOf(ctx context.Context, actID string) (*postgres.Offer, error)
	EndAct(ctx context.Context, actID string, refusal *registration.Refusal) error
	ActOf(ctx context.Context, actID string) (postgres.ActRecord, error)
	NoticeByItself(ctx context.Context, noticeID string) (ref registration.NoticeRef, waits bool, err error)
	Discard(ctx context.Context, ref string) error
	IsHeld(ctx context.Context) (bool, error)
}

// Engine is the way to the runs.
type Engine interface {
	Ready(ctx context.Context) error
	Start(ctx context.Context, workflow, id, summary string, args ...any) error
	Restart(ctx context.Context, workflow, id, summary string, args ...any) error
	Nudge(ctx context.Context, workflowID, id string) error
	Act(ctx context.Context, workflowID string, act registration.Act, args registration.ActArgs, wait engine.Wait) (registration.Answer, error)
}

// Relay carries messages from the database to the engine. Any number may run.
type Relay struct {
	Box    Box
	Engine Engine
	Log    *slog.Logger

	away   atomic.Bool // the engine: somebody asks whether it is back
	asking sync.WaitGroup
}

// Run relays until ctx ends. Each kind is carried by hands of its own. Trouble is logged and tried again.
func (r *Relay) Run(ctx context.Context) {
	var all sync.WaitGroup
	woken := map[string]chan struct{}{}
	for kind, carry := range r.carriers() {
		wake := make(chan struct{}, 1)
		woken[kind] = wake
		all.Go(func() { r.keep(ctx, kind, carry, wake) })
	}
	r.listen(ctx, func(left string) {
		for kind, wake := range woken {
			if left != kind && left != anyKind {
				continue
			}
			select {
			case wake <- struct{}{}:
			default:
			}
		}
	})
	all.Wait()
	r.asking.Wait()
}

// anyKind wakes the carriers of every kind.
const anyKind = ""

// carrier does what a message asks for.
type carrier func(ctx context.Context, m postgres.Message) error

func (r *Relay) carriers() map[string]carrier {
	return map[string]carrier{
		postgres.MessageNotices:  r.deliverNotices,
		postgres.MessageNotice:   r.deliverNotice,
		postgres.MessageEvent:    func(ctx context.Context, m postgres.Message) error { return r.Box.FanOut(ctx, m.Ref) },
		postgres.MessageDelivery: r.startDelivery,
		postgres.MessagePayout:   r.startPayout,
		postgres.MessageSignal:   r.signal,
		postgres.MessageLook:     r.look,
		postgres.MessageAct:      r.offer,
	}
}

// listen keeps a connection that is told of new messages, and opens another when it breaks.
func (r *Relay) listen(ctx context.Context, wake func(kind string)) {
	for ctx.Err() == nil {
		wake(anyKind)
		if err := r.Box.Listen(ctx, wake); err != nil && ctx.Err() == nil {
			r.Log.Warn("relay: not listening, looking every few seconds instead", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(look):
		}
	}
}

// keep carries the messages of a kind until ctx ends.
func (r *Relay) keep(ctx context.Context, kind string, carry carrier, woken <-chan struct{}) {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		r.drain(ctx, kind, carry)
		select {
		case <-ctx.Done():
			return
		case <-woken:
		case <-tick.C:
		}
	}
}

// handsFor is how many messages of a kind are carried side by side.
func handsFor(kind string) int {
	if kind == postgres.MessageDelivery || kind == postgres.MessageEvent {
		return few
	}
	return hands
}

// drain carries what waits now, several messages side by side.
func (r *Relay) drain(ctx context.Context, kind string, carry carrier) {
	var all sync.WaitGroup
	defer all.Wait()
	hands := handsFor(kind)
	busy := make(chan struct{}, hands)
	for ctx.Err() == nil {
		busy <- struct{}{} // until a hand is free; nothing is taken that would have to wait for one
		free := hands - len(busy) + 1
		messages, err := r.taken(ctx, kind, free)
		<-busy
		if err != nil && ctx.Err() == nil {
			r.Log.Warn("relay: messages could not be taken", "kind", kind, "error", err)
		}
		for _, m := range messages {
			busy <- struct{}{}
			all.Go(func() {
				defer func() { <-busy }()
				r.carry(ctx, carry, m)
			})
		}
		if len(messages) < free {
			return
		}
	}
}

func (r *Relay) taken(ctx context.Context, kind string, limit int) ([]postgres.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, carrying)
	defer cancel()
	return r.Box.TakeMessages(ctx, kind, limit, lease)
}

// carry carries one message and says what came of it.
func (r *Relay) carry(ctx context.Context, carry carrier, m postgres.Message) {
	within, cancel := context.WithTimeout(ctx, carrying)
	defer cancel()
	err := carry(within, m)
	after, cancelAfter := context.WithTimeout(context.WithoutCancel(ctx), carrying)
	defer cancelAfter()
	switch {
	case err == nil:
		err = r.Box.MessageDone(after, m)
	case ctx.Err() != nil: // we were told to stop: another relay takes it
		err = r.Box.MessageFailed(after, m, "the worker stopped", 0)
	default:
		r.Log.Warn("relay: a message waits on", "kind", m.Kind, "ref", m.Ref, "attempts", m.Attempts, "error", err)
		why := classOf(err)
		if err = r.Box.MessageFailed(after, m, why, pauseAfter(m)); why == classEngineAway {
			r.awaitEngine(ctx)
		}
	}
	if err != nil {
		r.Log.Warn("relay: what came of a message could not be written; it comes again", "kind", m.Kind, "ref", m.Ref, "error", err)
	}
}

// awaitEngine asks an engine that was away until it is back, and then lets go on at once what has waited for it: the pauses between
// the tries have grown long meanwhile.
func (r *Relay) awaitEngine(ctx context.Context) {
	if !r.away.CompareAndSwap(false, true) {
		return
	}
	r.asking.Go(func() {
		for tick := time.NewTicker(asked); ; {
			select {
			case <-ctx.Done():
				r.away.Store(false)
				return
			case <-tick.C:
			}
			r.away.Store(false) // what fails from here on is waited for anew
			if r.hasten(ctx) || !r.away.CompareAndSwap(false, true) {
				return
			}
		}
	})
}

// hasten reports whether the engine is back, and what waits for it goes on.
func (r *Relay) hasten(ctx context.Context) bool {
	asking, enough := context.WithTimeout(ctx, asked)
	defer enough()
	if r.Engine.Ready(asking) != nil {
		return false
	}
	letting, cancel := context.WithTimeout(ctx, hastened)
	defer cancel()
	if err := r.Box.HastenMessages(letting, classEngineAway); err != nil {
		r.Log.Warn("relay: the engine is back; not all that waited for it could be hastened, and is in a second", "error", err)
		return false
	}
	return true
}

// The pauses between the tries of a message: growing while it is young, then long.
const (
	firstPause   = 500 * time.Millisecond
	longestPause = 15 * time.Second
	oldPause     = 5 * time.Minute
)

func pauseAfter(m postgres.Message) time.Duration {
	if m.Attempts > postgres.ManyAttempts {
		return oldPause
	}
	return min(firstPause<<min(m.Attempts, 10), longestPause)
}
