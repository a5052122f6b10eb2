package workflows

import (
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// takeCompany waits for the company information, or for the administrator's role to be chosen again.
func (c *regCase) takeCompany(ctx workflow.Context) {
	c.next(ctx, does{
		registration.ActCompany:      c.handInCompany,
		registration.ActAdminSession: c.openSession,
	})
}

// awaitMoney waits for the bank. An applicant who sees the money before we hear of it may enter the amount.
func (c *regCase) awaitMoney(ctx workflow.Context) {
	c.next(ctx, does{
		registration.ActDeposit: c.enterAmount,
		registration.ActCompany: c.handInCompany,
	})
}

// confirmDeposit waits for the amount, until it is right, the guesses are gone or the window closes.
func (c *regCase) confirmDeposit(ctx workflow.Context) {
	c.next(ctx, does{
		registration.ActDeposit: c.enterAmount,
		registration.ActCompany: c.handInCompany,
	})
}

// offerNewPayment waits for the wish for another payment, or for other company information.
func (c *regCase) offerNewPayment(ctx workflow.Context) {
	c.next(ctx, does{
		registration.ActPayout:       c.newPayout,
		registration.ActCompany:      c.handInCompany,
		registration.ActAdminSession: c.openSession,
	})
}

func (c *regCase) handInCompany(ctx workflow.Context, args registration.ActArgs) *registration.Refusal {
	return c.record(ctx, ledger.TakeCompany, args, args.InputRef)
}

func (c *regCase) newPayout(ctx workflow.Context, args registration.ActArgs) *registration.Refusal {
	return c.record(ctx, ledger.NewPayout, args)
}

// enterAmount has the amount judged. It never comes here: the ledger compares and answers right or wrong.
func (c *regCase) enterAmount(ctx workflow.Context, args registration.ActArgs) *registration.Refusal {
	return c.record(ctx, ledger.EnterAmount, args, args.InputRef)
}

// late reports whether the money is late by what we know: the bank took the payment and has not reported since.
func (c *regCase) late() bool {
	return c.State == registration.PayoutPending && c.Payment.State == registration.PayoutSent && !c.Payment.Overdue
}

// askAfterPayment asks the bank for a report that may have been lost, before the payment is called late. A bank that
// stays busy has nothing to say.
func (c *regCase) askAfterPayment(ctx workflow.Context) {
	if err := workflow.ExecuteActivity(asking(ctx, registration.BankLane, "Ask the bank about late money"), payouts.Ask, c.Payment.ID).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Warn("the bank could not be asked about a late payment", "payment_id", c.Payment.ID)
	}
}

// Payout announces a penny payment and, once a channel has accepted the notice, has the bank pay: exactly once,
// whatever becomes of the registration meanwhile (guide section 5.2, fourth step). It is started from the outbox of the
// transaction that made the payment, tells the registration through the database, and may be started again. A payment that
// was voided before it was ordered is not ordered. Asked to cancel, it says so on the timeline and goes on.
func Payout(ctx workflow.Context, paymentID string) error {
	work, _ := workflow.NewDisconnectedContext(ctx)
	workflow.Go(work, func(work workflow.Context) {
		ctx.Done().Receive(work, nil)
		if err := insist(work, own, "Note that it is not cancelled", payouts.CancelIgnored, paymentID); err != nil {
			workflow.GetLogger(work).Error("the request to cancel was not noted", "payment_id", paymentID)
		}
	})
	if err := insist(work, registration.SMSLane, "Announce the payment", payouts.Announce, paymentID); err != nil {
		return err
	}
	return insist(work, registration.TransferLane, "Order the transfer", payouts.Order, paymentID)
}
