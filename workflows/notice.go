package workflows

import "go.temporal.io/sdk/workflow"

// Notice delivers one notice, for as long as its provider is away. It fails if the provider refused the notice for good, or if
// nobody knows whether it was sent: at ops' word it is started again.
func Notice(ctx workflow.Context, noticeID string) error {
	return insist(ctx, "Deliver the notice", post.Deliver, noticeID)
}
