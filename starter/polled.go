package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
)

// polled is nil if a worker polls the task queue, for workflows and for activities.
func (a *apiServer) polled(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	for _, kind := range []enumspb.TaskQueueType{enumspb.TASK_QUEUE_TYPE_WORKFLOW, enumspb.TASK_QUEUE_TYPE_ACTIVITY} {
		queue, err := a.engine.Client().DescribeTaskQueue(ctx, a.cfg.TaskQueue, kind)
		if err != nil {
			return fmt.Errorf("Temporal: %w", err)
		}
		if len(queue.GetPollers()) == 0 {
			return errors.New("no worker polls the task queue yet")
		}
	}
	return nil
}
