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

// arm sets the timers to what the registration waits for now.
func (c *regCase) arm(ctx workflow.Context) {
	if c.State != registration.UnderReview {
		c.Review = nil
	}
	if c.State.Final() {
		c.Idle = nil
	}
	c.set(ctx, &c.clocks.idle, idleClock, c.Idle)
	c.set(ctx, &c.clocks.review, reviewClock, c.Review)
	c.set(ctx, &c.clocks.payment, paymentClock, c.paymentDue())
}

// paymentDue is when time next brings the payment something: late money, the window's last day, its end.
func (c *regCase) paymentDue() *registration.Deadline {
	p := c.Payment
	switch {
	case p == nil:
	case c.State == registration.PayoutPending && !p.Overdue:
		return p.Expected
	case c.State == registration.DepositRequired && p.Remind != nil:
		return &registration.Deadline{At: *p.Remind}
	case c.State == registration.DepositRequired:
		return p.Closes
	}
	return nil
}

// set makes a timer ring at a moment, or not at all.
func (c *regCase) set(ctx workflow.Context, a *alarm, name clock, due *registration.Deadline) {
	switch {
	case due == nil:
		a.stop()
		return
	case a.cancel != nil && a.at.Equal(due.At):
		return
	}
	a.stop()
	at := due.At
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
			c.inbox.Send(ctx, stimulus{clock: name})
		}
	})
}

func (a *alarm) stop() {
	if a.cancel != nil {
		a.cancel()
	}
	*a = alarm{}
}

// ring does what a timer was set for. The ledger looks at the calendar of today: a deadline that has moved later is
// slept on.
func (c *regCase) ring(ctx workflow.Context, name clock) {
	step := c.step(registration.ByClock, "")
	switch name {
	case idleClock:
		result := c.ledger(ctx, ledger.Idle, step)
		c.Idle = wakeAt(result)
		c.adopt(ctx, result)
	case reviewClock:
		result := c.ledger(ctx, ledger.ReviewTick, step)
		c.Review = wakeAt(result)
		c.adopt(ctx, result)
	case paymentClock:
		if c.Payment != nil {
			if c.late() {
				c.askAfterPayment(ctx)
			}
			c.adopt(ctx, c.ledger(ctx, ledger.PaymentTick, step, c.Payment.ID))
		}
	}
}
