package registration

import "strings"

// NoticesWorkflow delivers the notices of one event.
const NoticesWorkflow = "Notices"

// NoticeWorkflowID names the workflow that delivers a group of notices, or one that is delivered by itself. Both are opaque ids.
func NoticeWorkflowID(ref string) string { return "notice/" + ref }

// NoticeRef is a notice to be delivered, and the lane that it goes by: its channel's.
type NoticeRef struct {
	ID   string `json:"id"`
	Lane Lane   `json:"lane"`
}

// noticesQueue is what is added to the name of the worker's task queue for the workflows that deliver notices.
const noticesQueue = "-notices"

// WorkflowQueue is the task queue that a workflow's own tasks come by. Messages to people and to subscribers have queues and workers
// of their own: however many wait, they take no room from the registrations.
func WorkflowQueue(workflowType, taskQueue string) string {
	switch workflowType {
	case NoticesWorkflow:
		return taskQueue + noticesQueue
	case WebhookWorkflow:
		return WebhookLane.Of(taskQueue)
	}
	return taskQueue
}

// WorkflowQueues lists every task queue that workflows run on.
func WorkflowQueues(taskQueue string) []string {
	return []string{taskQueue, WorkflowQueue(NoticesWorkflow, taskQueue), WorkflowQueue(WebhookWorkflow, taskQueue)}
}

// MainQueue is the registrations' task queue, seen from one of [WorkflowQueue].
func MainQueue(workflowType, queue string) string {
	return strings.TrimSuffix(queue, WorkflowQueue(workflowType, ""))
}
