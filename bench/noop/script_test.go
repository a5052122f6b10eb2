package noop

import (
	"testing"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/testsuite"
)

func payload(n int) *common.Payloads {
	return &common.Payloads{Payloads: []*common.Payload{{Data: Bytes(n)}}}
}

func event(kind enums.EventType) *history.HistoryEvent { return &history.HistoryEvent{EventType: kind} }

// A script holds what a run did, in order, and nothing that follows from the rest.
func TestScriptOfAHistory(t *testing.T) {
	t.Parallel()
	started := event(enums.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED)
	started.Attributes = &history.HistoryEvent_WorkflowExecutionStartedEventAttributes{
		WorkflowExecutionStartedEventAttributes: &history.WorkflowExecutionStartedEventAttributes{Input: payload(100)},
	}
	s := ScriptOf([]*history.HistoryEvent{
		started, event(enums.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED), event(enums.EVENT_TYPE_MARKER_RECORDED), event(enums.EVENT_TYPE_TIMER_STARTED),
		event(enums.EVENT_TYPE_TIMER_CANCELED), event(enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED),
	})
	var kinds []Kind
	for _, op := range s.Ops {
		kinds = append(kinds, op.Kind)
	}
	if len(kinds) != 3 || kinds[0] != Local || kinds[1] != Timer || kinds[2] != Cancel {
		t.Errorf("the script is %v", kinds)
	}
	if s.Input < 70 || s.Input > 100 {
		t.Errorf("a start of 100 bytes became one of %d", s.Input)
	}
	if n := len(s.Without(Timer).Ops); n != 2 {
		t.Errorf("without its timer it has %d steps", n)
	}
}

// A run plays its script to the end: nothing in it is waited for that does not come.
func TestScriptsArePlayed(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	Register(env, map[string]Script{"all": {Out: 5, Ops: []Op{
		{Kind: Local, Out: 10}, {Kind: Start, In: 10, Out: 10}, {Kind: Timer}, {Kind: Finish}, {Kind: Cancel}, {Kind: Signal},
	}}})
	env.RegisterDelayedCallback(func() { env.SignalWorkflow(SignalName, Bytes(3)) }, 0)
	env.ExecuteWorkflow(WorkflowName, "all", Bytes(1))
	if !env.IsWorkflowCompleted() || env.GetWorkflowError() != nil {
		t.Errorf("completed: %v, %v", env.IsWorkflowCompleted(), env.GetWorkflowError())
	}
}
