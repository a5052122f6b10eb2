package registration

import "time"

// Lane is a task queue of activities beside a worker's own. What goes by it waits for its like alone: a provider that is slow, or
// whose calls are paced, holds up nothing else. The empty lane is the worker's own queue.
type Lane string

// The lanes. A transfer waits behind other transfers, and nobody who waits for a code waits behind those.
const (
	WebhookLane  Lane = "webhooks"
	BankLane     Lane = "bank"      // questions to the bank that are waited for: cards, codes, late money
	TransferLane Lane = "transfers" // orders to pay
	SMSLane      Lane = "sms"       // and a payment's notice, which goes by SMS and e-mail at once
	EmailLane    Lane = "email"
)

// Lanes lists every lane; a worker polls them all.
func Lanes() []Lane { return []Lane{WebhookLane, BankLane, TransferLane, SMSLane, EmailLane} }

// Of is the lane's task queue beside taskQueue.
func (l Lane) Of(taskQueue string) string {
	if l == "" {
		return taskQueue
	}
	return taskQueue + "-" + string(l)
}

// MayBeMissing lets a workflow be started without a lane, as releases before lanes did.
func (Lane) MayBeMissing() {}

// FirstTryWithin is how long the first try of an event's notices is waited for. It is less than a workflow's task may take.
const FirstTryWithin = 3 * time.Second
