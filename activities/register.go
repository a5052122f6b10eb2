package activities

import (
	"go.temporal.io/sdk/worker"

	"shiming/internal/postgres"
	"shiming/registration"
)

// All is everything that the workflows need done.
type All struct {
	Steps     *postgres.Steps
	Cards     *Cards
	Sessions  *Sessions
	Payouts   *Payouts
	Post      *Post
	Webhooks  *Webhooks
	Clearance *Clearance
}

// Register is the one list of activities, for the worker and the tests. The steps are the store's own, and local to their run.
func Register(w worker.ActivityRegistry, a All) {
	w.RegisterActivity(a.Steps)
	w.RegisterActivity(a.Cards)
	w.RegisterActivity(a.Sessions)
	w.RegisterActivity(a.Payouts)
	w.RegisterActivity(a.Post)
	w.RegisterActivity(a.Clearance)
	w.RegisterActivity(a.Webhooks)
}

// RegisterLane is the part of [Register] that goes by a lane.
func RegisterLane(w worker.ActivityRegistry, lane registration.Lane, a All) {
	switch lane {
	case registration.WebhookLane:
		w.RegisterActivity(a.Webhooks)
	case registration.BankLane:
		w.RegisterActivity(a.Cards)
		w.RegisterActivity(a.Payouts)
	case registration.TransferLane:
		w.RegisterActivity(a.Payouts)
	case registration.SMSLane:
		w.RegisterActivity(a.Payouts)
		w.RegisterActivity(a.Post)
	case registration.EmailLane:
		w.RegisterActivity(a.Post)
	}
}

// RegisterNotices is the part of [Register] that has notices delivered.
func RegisterNotices(w worker.ActivityRegistry, a All) { w.RegisterActivity(a.Post) }
