package workflows

import (
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// Register is the one list of workflows, for the worker, the tests and the replayer. Package activities has that of the activities.
func Register(w worker.WorkflowRegistry) {
	w.RegisterWorkflowWithOptions(IndividualRegistration, workflow.RegisterOptions{Name: registration.IndividualWorkflow})
	w.RegisterWorkflowWithOptions(EnterpriseRegistration, workflow.RegisterOptions{Name: registration.EnterpriseWorkflow})
	w.RegisterWorkflowWithOptions(Payout, workflow.RegisterOptions{Name: registration.PayoutWorkflow})
	w.RegisterWorkflowWithOptions(IdentityClearing, workflow.RegisterOptions{Name: registration.ClearingWorkflow})
	w.RegisterWorkflowWithOptions(Notices, workflow.RegisterOptions{Name: registration.NoticesWorkflow})
	w.RegisterWorkflowWithOptions(WebhookDelivery, workflow.RegisterOptions{Name: registration.WebhookWorkflow})
	w.RegisterWorkflowWithOptions(Anchor, workflow.RegisterOptions{Name: registration.AnchorWorkflow})
}

// RegisterNotices is the part of [Register] that has notices delivered, whose first try is made within a workflow's task.
func RegisterNotices(w worker.WorkflowRegistry) {
	w.RegisterWorkflowWithOptions(Notices, workflow.RegisterOptions{Name: registration.NoticesWorkflow})
}

// RegisterWebhooks is the part of [Register] that tells subscribers, likewise.
func RegisterWebhooks(w worker.WorkflowRegistry) {
	w.RegisterWorkflowWithOptions(WebhookDelivery, workflow.RegisterOptions{Name: registration.WebhookWorkflow})
}
