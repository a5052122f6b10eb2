package workflows

import (
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// Anchor keeps the newest mark of the database in the engine, where it is read from its history without any worker. It never
// ends; it waits for word alone, and begins anew when its history has grown.
func Anchor(ctx workflow.Context, newest registration.Mark) error {
	marks := workflow.GetSignalChannel(ctx, registration.SignalMark)
	for !workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
		var came registration.Mark
		marks.Receive(ctx, &came)
		newest = newest.Newest(came)
	}
	var came registration.Mark
	for marks.ReceiveAsync(&came) {
		newest = newest.Newest(came)
	}
	return workflow.NewContinueAsNewError(ctx, registration.AnchorWorkflow, newest)
}
