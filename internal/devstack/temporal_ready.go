package devstack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
)

// awaitReady returns when the server can take a workflow.
func (t *Temporal) awaitReady(ctx context.Context, o TemporalOptions) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	c, err := client.NewLazyClient(client.Options{
		HostPort: t.Address, Namespace: t.Namespace, Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return fmt.Errorf("make Temporal client: %w", err)
	}
	defer c.Close()
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		err := probeTemporal(ctx, c, t.Namespace, o.SearchAttributes)
		if err == nil {
			return nil
		}
		if permanent := new(attributeTypeError); errors.As(err, &permanent) {
			return err
		}
		select {
		case <-t.process.done:
			return t.process.died()
		case <-ctx.Done():
			return fmt.Errorf("Temporal was not ready in time: %w (%w)", ctx.Err(), err)
		case <-tick.C:
		}
	}
}

// probeTemporal asks each of the server's services once.
func probeTemporal(ctx context.Context, c client.Client, namespace string, attributes map[string]string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if _, err := c.CheckHealth(ctx, nil); err != nil {
		return fmt.Errorf("frontend: %w", err)
	}
	if _, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace}); err != nil {
		return fmt.Errorf("namespace %s: %w", namespace, err)
	}
	if err := ensureAttributes(ctx, c, namespace, attributes); err != nil {
		return err
	}
	if _, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{}); err != nil {
		return fmt.Errorf("visibility: %w", err)
	}
	const nobody = "devstack-probe"
	if _, err := c.DescribeTaskQueue(ctx, nobody, enumspb.TASK_QUEUE_TYPE_WORKFLOW); err != nil {
		return fmt.Errorf("matching: %w", err)
	}
	_, err := c.DescribeWorkflowExecution(ctx, nobody, "")
	if missing := new(serviceerror.NotFound); !errors.As(err, &missing) {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

// attributeTypeError says that a kept database holds a search attribute with another type.
type attributeTypeError struct{ name, want, have string }

func (e *attributeTypeError) Error() string {
	return fmt.Sprintf("search attribute %s is %s in the kept Temporal database, wanted %s", e.name, e.have, e.want)
}

// ensureAttributes adds what is missing: the server itself registers attributes only with a new namespace.
func ensureAttributes(ctx context.Context, c client.Client, namespace string, want map[string]string) error {
	if len(want) == 0 {
		return nil
	}
	have, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("search attributes: %w", err)
	}
	missing := map[string]enumspb.IndexedValueType{}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		kind, err := enumspb.IndexedValueTypeFromString(want[name])
		if err != nil {
			return &attributeTypeError{name: name, want: want[name], have: "unknown"}
		}
		switch got, ok := have.GetCustomAttributes()[name]; {
		case !ok:
			missing[name] = kind
		case got != kind:
			return &attributeTypeError{name: name, want: want[name], have: got.String()}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: missing})
	if err != nil {
		return fmt.Errorf("add search attributes: %w", err)
	}
	return errors.New("search attributes were added just now") // look again
}
