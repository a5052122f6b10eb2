package workflows

import (
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// Payout announces a penny payment and, once a channel has accepted the notice, has the bank pay: exactly once,
// whatever becomes of the registration meanwhile (guide section 5.2, fourth step). It is started from the outbox of the
// transaction that made the payment, tells the registration through the database, and may be started again. A payment that
// was voided before it was ordered is not ordered. Asked to cancel, it says so on the timeline and goes on.
func Payout(ctx workflow.Context, paymentID string) error {
	var cancel cancellation
	work := cancel.shield(ctx)
	workflow.Go(work, func(work workflow.Context) {
		ctx.Done().Receive(work, nil)
		if err := insist(work, own, "Note that it is not cancelled", cancelIgnored, paymentID); err != nil {
			workflow.GetLogger(work).Error("the request to cancel was not noted", "payment_id", paymentID)
		}
	})
	if _, err := announce.runLocally(tryingFirst(work), paymentID); err != nil { // no channel has taken it within seconds
		if err := insist(work, registration.SMSLane, "Announce the payment", announce, paymentID); err != nil {
			return err
		}
	}
	return insist(work, registration.TransferLane, "Order the transfer", order, paymentID)
}
