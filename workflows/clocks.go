package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// clock names what a timer is for.
type clock string

const (
	idleClock    clock = "inactivity"
	reviewClock  clock = "review"
	paymentClock clock = "payment"
)

// clocks are the timers that are running: at most one of each, cancelled as soon as it is pointless.
type clocks struct{ idle, review, payment alarm }

// alarm is one timer.
type alarm struct {
	at     time.Time
	cancel workflow.CancelFunc
}

// arm sets the timers to what the registration waits for now. Inactivity's rings no later than it must, and is not moved by
// every act: when it rings, the ledger looks at the last one.
func (c *regCase) arm(ctx workflow.Context) {
	if idle := &c.clocks.idle; c.Idle == nil || !idle.ringsBy(*c.Idle) {
		idle.set(ctx, c.box, idleClock, c.Idle)
	}
	c.clocks.review.set(ctx, c.box, reviewClock, c.Review)
	c.clocks.payment.set(ctx, c.box, paymentClock, c.paymentDue())
}

// paymentDue is when time next brings the payment something: late money, the window's last day, its end.
func (c *regCase) paymentDue() *time.Time {
	p := c.Payment
	switch {
	case p == nil:
	case c.State == registration.PayoutPending && !p.Overdue && p.Expected != nil:
		return &p.Expected.At
	case c.State == registration.DepositRequired && p.Remind != nil:
		return p.Remind
	case c.State == registration.DepositRequired && p.Closes != nil:
		return &p.Closes.At
	}
	return nil
}

// set makes a timer ring at a moment, or not at all.
func (a *alarm) set(ctx workflow.Context, box workflow.Channel, name clock, due *time.Time) {
	switch {
	case due == nil:
		a.stop()
		return
	case a.cancel != nil && a.at.Equal(*due):
		return
	}
	a.stop()
	at := *due
	timed, cancel := workflow.WithCancel(ctx)
	*a = alarm{at: at, cancel: cancel}
	// Never at once: the ledger's clock may lag behind the engine's by a little, and would be asked in a loop.
	wait := max(at.Sub(workflow.Now(ctx)), 200*time.Millisecond)
	timer := workflow.NewTimerWithOptions(timed, wait, workflow.TimerOptions{Summary: string(name)})
	workflow.Go(timed, func(ctx workflow.Context) {
		if timer.Get(ctx, nil) == nil {
			if a.at.Equal(at) {
				a.cancel = nil
			}
			box.Send(ctx, stimulus{clock: name})
		}
	})
}

// ringsBy reports whether the alarm is set and rings at the moment or before.
func (a *alarm) ringsBy(at time.Time) bool { return a.cancel != nil && !a.at.After(at) }

func (a *alarm) stop() {
	if a.cancel != nil {
		a.cancel()
	}
	*a = alarm{}
}

// ring does what a timer was set for. The ledger looks at the calendar of today: a deadline that has moved later is
// slept on.
func (c *regCase) ring(ctx workflow.Context, name clock) {
	switch name {
	case idleClock:
		c.take(ctx, ledger.Idle, registration.ByClock)
	case reviewClock:
		c.take(ctx, ledger.ReviewTick, registration.ByClock)
	case paymentClock:
		if c.Payment == nil {
			return
		}
		if c.late() {
			c.askAfterPayment(ctx)
		}
		c.take(ctx, ledger.PaymentTick, registration.ByClock, c.Payment.ID)
	}
}
