package noop

import (
	"context"
	"strconv"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
)

// Player starts runs and brings them what their scripts wait for.
type Player struct {
	Engine    client.Client
	TaskQueue string
}

// signalAfter is how long a signal lets its run go on alone, so that it does not come with what was before it.
const signalAfter = 200 * time.Millisecond

// Play takes one run from its start to its end, by the script that the worker knows by the name.
func (p Player) Play(ctx context.Context, id, name string, s Script) error {
	options := client.StartWorkflowOptions{ID: id, TaskQueue: p.TaskQueue}
	input := []any{name, Bytes(s.Input)}
	ops := s.Ops
	if len(ops) > 0 && ops[0].Kind == Accept {
		options.WorkflowIDConflictPolicy = enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL
		start := p.Engine.NewWithStartWorkflowOperation(options, WorkflowName, input...)
		handle, err := p.Engine.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
			StartWorkflowOperation: start,
			UpdateOptions:          p.update(id, 0, ops[0].In),
		})
		if err != nil {
			return err
		}
		if err := handle.Get(ctx, nil); err != nil {
			return err
		}
		ops = ops[1:]
	} else if _, err := p.Engine.ExecuteWorkflow(ctx, options, WorkflowName, input...); err != nil {
		return err
	}
	if err := p.feed(ctx, id, ops); err != nil {
		return err
	}
	return p.Engine.GetWorkflow(ctx, id, "").Get(ctx, nil)
}

// feed sends updates and signals in the script's order, each when the one before it was answered.
func (p Player) feed(ctx context.Context, id string, ops []Op) error {
	for i, op := range ops {
		switch op.Kind {
		case Accept:
			handle, err := p.Engine.UpdateWorkflow(ctx, p.update(id, i+1, op.In))
			if err != nil {
				return err
			}
			if err := handle.Get(ctx, nil); err != nil {
				return err
			}
		case Signal:
			if err := letGoOn(ctx); err != nil {
				return err
			}
			if err := p.Engine.SignalWorkflow(ctx, id, "", SignalName, Bytes(op.In)); err != nil {
				return err
			}
		default: // the run's own affair
		}
	}
	return nil
}

func letGoOn(ctx context.Context) error {
	timer := time.NewTimer(signalAfter)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p Player) update(id string, number, size int) client.UpdateWorkflowOptions {
	return client.UpdateWorkflowOptions{
		WorkflowID: id, UpdateID: id + "-" + strconv.Itoa(number), UpdateName: UpdateName, Args: []any{Bytes(size)},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	}
}
