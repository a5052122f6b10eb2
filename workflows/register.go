package workflows

import (
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"shiming/activities"
	"shiming/registration"
)

// Activities are what the workflows need done.
type Activities struct {
	Ledger    *activities.Ledger
	Cards     *activities.Cards
	Sessions  *activities.Sessions
	Payouts   *activities.Payouts
	Post      *activities.Post
	Webhooks  *activities.Webhooks
	Clearings *activities.ClearingLedger
	Clearance *activities.Clearance
}

// Register is the one list of workflows and activities, for the worker, the tests and the replayer.
func Register(w worker.Registry, a Activities) {
	RegisterWorkflows(w)
	w.RegisterActivity(a.Ledger)
	w.RegisterActivity(a.Cards)
	w.RegisterActivity(a.Sessions)
	w.RegisterActivity(a.Payouts)
	w.RegisterActivity(a.Post)
	w.RegisterActivity(a.Clearings)
	w.RegisterActivity(a.Clearance)
	w.RegisterActivity(a.Webhooks)
}

// RegisterLane is the part of [Register] that goes by a lane. Webhooks go by theirs from the beginning.
func RegisterLane(w worker.Registry, lane registration.Lane, a Activities) {
	switch lane {
	case registration.WebhookLane:
		w.RegisterWorkflowWithOptions(WebhookDelivery, workflow.RegisterOptions{Name: registration.WebhookWorkflow})
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

// RegisterNotices is the part of [Register] that has notices delivered, whose first try is made within a workflow's task.
func RegisterNotices(w worker.Registry, a Activities) {
	w.RegisterWorkflowWithOptions(Notices, workflow.RegisterOptions{Name: registration.NoticesWorkflow})
	w.RegisterActivity(a.Post)
}

// RegisterWorkflows is the part of [Register] that a replay needs.
func RegisterWorkflows(w worker.WorkflowRegistry) {
	w.RegisterWorkflowWithOptions(IndividualRegistration, workflow.RegisterOptions{Name: registration.IndividualWorkflow})
	w.RegisterWorkflowWithOptions(EnterpriseRegistration, workflow.RegisterOptions{Name: registration.EnterpriseWorkflow})
	w.RegisterWorkflowWithOptions(Payout, workflow.RegisterOptions{Name: registration.PayoutWorkflow})
	w.RegisterWorkflowWithOptions(IdentityClearing, workflow.RegisterOptions{Name: registration.ClearingWorkflow})
	w.RegisterWorkflowWithOptions(Notices, workflow.RegisterOptions{Name: registration.NoticesWorkflow})
	w.RegisterWorkflowWithOptions(Notice, workflow.RegisterOptions{Name: registration.NoticeWorkflow})
	w.RegisterWorkflowWithOptions(WebhookDelivery, workflow.RegisterOptions{Name: registration.WebhookWorkflow})
	w.RegisterWorkflowWithOptions(Anchor, workflow.RegisterOptions{Name: registration.AnchorWorkflow})
}
