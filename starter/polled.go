package main

import (
	"context"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"

	"shiming/registration"
)

// polled is nil if a worker polls every task queue, for workflows and for activities, and every lane.
func (a *apiServer) polled(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	for _, queue := range registration.WorkflowQueues(a.cfg.TaskQueue) {
		if err := a.polls(ctx, queue, enumspb.TASK_QUEUE_TYPE_WORKFLOW); err != nil {
			return err
		}
	}
	for _, lane := range append(registration.Lanes(), "") {
		if err := a.polls(ctx, lane.Of(a.cfg.TaskQueue), enumspb.TASK_QUEUE_TYPE_ACTIVITY); err != nil {
			return err
		}
	}
	return nil
}

func (a *apiServer) polls(ctx context.Context, name string, kind enumspb.TaskQueueType) error {
	queue, err := a.engine.Client().DescribeTaskQueue(ctx, name, kind)
	if err != nil {
		return fmt.Errorf("Temporal: %w", err)
	}
	if len(queue.GetPollers()) == 0 {
		return fmt.Errorf("no worker polls the task queue %s yet", name)
	}
	return nil
}
