package noop

import (
	"encoding/json"
	"slices"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/proto"
)

// Kind says what a run does next, or waits for.
type Kind string

// The kinds.
const (
	Accept   Kind = "accept"   // an update is taken
	Complete Kind = "complete" // the oldest taken update is answered
	Local    Kind = "local"    // a local activity
	Start    Kind = "start"    // an activity is started
	Finish   Kind = "finish"   // the oldest activity ends
	Signal   Kind = "signal"
	Timer    Kind = "timer" // a timer is set, far ahead
	Cancel   Kind = "cancel"
	Upsert   Kind = "upsert" // search attributes are written
)

// Op is one thing that a run does or waits for.
type Op struct {
	Kind       Kind           `json:"kind"`
	In         int            `json:"in,omitempty"`  // bytes of an input
	Out        int            `json:"out,omitempty"` // bytes of a result
	Attributes map[string]any `json:"attributes,omitempty"`
}

// Script is what makes a run: what it was started with, and what followed.
type Script struct {
	Input int  `json:"input"` // bytes
	Out   int  `json:"out"`
	Ops   []Op `json:"ops"`
}

// Without is the script without what is of a kind and stands for itself.
func (s Script) Without(kind Kind) Script {
	s.Ops = slices.DeleteFunc(slices.Clone(s.Ops), func(op Op) bool { return op.Kind == kind })
	return s
}

// ScriptOf reads a script out of a run's history.
func ScriptOf(events []*history.HistoryEvent) Script {
	var s Script
	results := resultSizes(events)
	for _, e := range events {
		switch e.EventType {
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
			s.Input = size(e.GetWorkflowExecutionStartedEventAttributes().GetInput())
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
			s.Out = size(e.GetWorkflowExecutionCompletedEventAttributes().GetResult())
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
			s.Ops = append(s.Ops, Op{Kind: Accept, In: size(e.GetWorkflowExecutionUpdateAcceptedEventAttributes().GetAcceptedRequest().GetInput().GetArgs())})
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
			s.Ops = append(s.Ops, Op{Kind: Complete, Out: size(e.GetWorkflowExecutionUpdateCompletedEventAttributes().GetOutcome().GetSuccess())})
		case enums.EVENT_TYPE_MARKER_RECORDED:
			s.Ops = append(s.Ops, localOf(e))
		case enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
			s.Ops = append(s.Ops, Op{Kind: Start, In: size(e.GetActivityTaskScheduledEventAttributes().GetInput()), Out: results[e.EventId]})
		case enums.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
			s.Ops = append(s.Ops, Op{Kind: Finish})
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
			s.Ops = append(s.Ops, Op{Kind: Signal, In: size(e.GetWorkflowExecutionSignaledEventAttributes().GetInput())})
		case enums.EVENT_TYPE_TIMER_STARTED:
			s.Ops = append(s.Ops, Op{Kind: Timer})
		case enums.EVENT_TYPE_TIMER_CANCELED:
			s.Ops = append(s.Ops, Op{Kind: Cancel})
		case enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
			s.Ops = append(s.Ops, upsertOf(e.GetUpsertWorkflowSearchAttributesEventAttributes().GetSearchAttributes()))
		default: // tasks follow from the rest
		}
	}
	return s
}

// resultSizes are the bytes of activities' results, by the event that scheduled them.
func resultSizes(events []*history.HistoryEvent) map[int64]int {
	sizes := map[int64]int{}
	for _, e := range events {
		if done := e.GetActivityTaskCompletedEventAttributes(); done != nil {
			sizes[done.ScheduledEventId] = size(done.Result)
		}
	}
	return sizes
}

// localOf takes the result out of a local activity's marker. A marker of a version makes a local activity of it, which costs the same.
func localOf(e *history.HistoryEvent) Op {
	return Op{Kind: Local, Out: size(e.GetMarkerRecordedEventAttributes().GetDetails()["result"])}
}

func upsertOf(attributes *common.SearchAttributes) Op {
	op := Op{Kind: Upsert, Attributes: map[string]any{}}
	for name, payload := range attributes.GetIndexedFields() {
		var value any
		if json.Unmarshal(payload.Data, &value) == nil {
			op.Attributes[name] = value
		}
	}
	return op
}

// ownBytes is what a payload of ours takes beside its data: how it is encoded, and protobuf's own.
const ownBytes = 28

// size is what payloads take in a history, with what stands beside their data: a sealed one says by which key.
func size(p *common.Payloads) int {
	n := 0
	for _, one := range p.GetPayloads() {
		n += max(0, proto.Size(one)-ownBytes)
	}
	return n
}
