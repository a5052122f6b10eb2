package noop

import (
	"context"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"
)

// Open and Empty name workflows that stay open until they are ended: one that takes updates, and one that only waits.
const (
	OpenName  = "NoopOpen"
	EmptyName = "NoopEmpty"
	endSignal = "end"
)

func open(ctx workflow.Context) error {
	if err := workflow.SetUpdateHandler(ctx, UpdateName, func(workflow.Context) error { return nil }); err != nil {
		return err
	}
	return empty(ctx)
}

func empty(ctx workflow.Context) error {
	workflow.GetSignalChannel(ctx, endSignal).Receive(ctx, nil)
	return nil
}

// StartOpen starts a run that stays open.
func (p Player) StartOpen(ctx context.Context, id, workflowName string) error {
	_, err := p.Engine.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: p.TaskQueue}, workflowName)
	return err
}

// Update makes an empty update and returns when it is answered.
func (p Player) Update(ctx context.Context, id string) error {
	handle, err := p.Engine.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: id, UpdateName: UpdateName, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return err
	}
	return handle.Get(ctx, nil)
}
