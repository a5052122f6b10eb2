package workflows

import (
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// Notice delivers one notice, for as long as its provider is away. It fails if the provider refused the notice for good, or if
// nobody knows whether it was sent: at ops' word it is started again. The lane is its channel's; a release before lanes names
// none.
func Notice(ctx workflow.Context, noticeID string, lane registration.Lane) error {
	return insist(ctx, lane, "Deliver the notice", deliver, noticeID)
}
