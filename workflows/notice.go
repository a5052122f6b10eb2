package workflows

import "go.temporal.io/sdk/workflow"

// Notice delivers one notice, for as long as its provider is away.
func Notice(ctx workflow.Context, noticeID string) error {
	return insist(ctx, "Deliver the notice", post.Deliver, noticeID)
}
