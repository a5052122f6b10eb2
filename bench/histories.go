package main

import (
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// run is one workflow run with its history.
type run struct {
	id          string // the workflow's
	kind        string // the workflow's type
	began       time.Time
	open        bool
	transitions int64
	bytes       int64
	events      []*history.HistoryEvent
}

// runsSince reads every run that began after a time, with its history.
func runsSince(ctx context.Context, engine client.Client, namespace string, since time.Time) ([]run, error) {
	query := `StartTime >= "` + since.UTC().Format(time.RFC3339Nano) + `"`
	var runs []run
	var page []byte
	for {
		got, err := engine.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Namespace: namespace, PageSize: 500, NextPageToken: page, Query: query})
		if err != nil {
			return nil, err
		}
		for _, info := range got.Executions {
			r, err := readRun(ctx, engine, info)
			if err != nil {
				return nil, err
			}
			runs = append(runs, r)
		}
		if page = got.NextPageToken; len(page) == 0 {
			return runs, nil
		}
	}
}

func readRun(ctx context.Context, engine client.Client, info *workflow.WorkflowExecutionInfo) (run, error) {
	id, runID := info.Execution.WorkflowId, info.Execution.RunId
	d, err := engine.DescribeWorkflowExecution(ctx, id, runID)
	if err != nil {
		return run{}, err
	}
	now := d.WorkflowExecutionInfo
	r := run{
		id: id, kind: now.Type.Name, began: now.StartTime.AsTime(), transitions: now.StateTransitionCount, bytes: now.HistorySizeBytes,
		open: now.Status == enums.WORKFLOW_EXECUTION_STATUS_RUNNING,
	}
	all := engine.GetWorkflowHistory(ctx, id, runID, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for all.HasNext() {
		e, err := all.Next()
		if err != nil {
			return run{}, err
		}
		r.events = append(r.events, e)
	}
	return r, nil
}

// eventName is an event's type as Temporal's own interface writes it.
func eventName(e *history.HistoryEvent) string {
	return e.EventType.String()
}

// countEvents counts the events of runs by type.
func countEvents(runs []run) map[string]int {
	n := map[string]int{}
	for _, r := range runs {
		for _, e := range r.events {
			n[eventName(e)]++
		}
	}
	return n
}

// byKind groups runs by their workflow's type.
func byKind(runs []run) map[string][]run {
	groups := map[string][]run{}
	for _, r := range runs {
		groups[r.kind] = append(groups[r.kind], r)
	}
	return groups
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// sortedBy yields a map in the order of its keys.
func sortedBy[V any](m map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, key := range sorted(m) {
			if !yield(key, m[key]) {
				return
			}
		}
	}
}
