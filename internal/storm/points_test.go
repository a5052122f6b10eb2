package storm

import (
	"context"
	"slices"
	"sync/atomic"

	commandpb "go.temporal.io/api/command/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
)

// point is where a process can be killed.
type point string

// The points. A step is a transition of a registration: a commit that writes the timeline, a task with a local activity's
// result in it.
const (
	anywhere point = "at random"

	beforeCommit     point = "before a commit"
	afterCommit      point = "after a commit"
	beforeStepCommit point = "before a step's commit"
	afterStepCommit  point = "after a step's commit"

	beforeReport     point = "before the report of a task"
	afterReport      point = "after the report of a task"
	beforeStepReport point = "before the report of a step"
	beforeHandOver   point = "before the relay's hand-over"
	afterHandOver    point = "after the relay's hand-over"

	beforeTransfer point = "before the bank hears of a transfer"
	afterTransfer  point = "after the bank's yes"
	beforeMessage  point = "before a provider has a message"
	afterMessage   point = "after a provider's yes"
	afterWallet    point = "after the wallet's answer"

	beforeAct point = "before the engine hears of an act"
	afterAct  point = "after the engine's answer to an act"
)

// inChild are the points that the process itself must watch for: the calls to the engine are encrypted for nobody else.
var inChild = []point{beforeReport, afterReport, beforeStepReport, beforeHandOver, afterHandOver, beforeAct, afterAct}

// trap is set for one point and springs when that has been passed often enough.
type trap struct {
	at   point
	left atomic.Int32
}

func newTrap(at point, skip int) *trap {
	t := &trap{at: at}
	t.left.Store(int32(skip))
	return t
}

// springs reports whether passing this point is the moment.
func (t *trap) springs(p point) bool { return t != nil && t.at == p && t.left.Add(-1) == -1 }

// callPoints are the points before and after a call to the engine.
func callPoints(request any) (before, after []point) {
	switch r := request.(type) {
	case *workflowservice.RespondWorkflowTaskCompletedRequest:
		before, after = []point{beforeReport}, []point{afterReport}
		if slices.ContainsFunc(r.GetCommands(), isStep) {
			before = append(before, beforeStepReport)
		}
	case *workflowservice.SignalWorkflowExecutionRequest, *workflowservice.StartWorkflowExecutionRequest:
		before, after = []point{beforeHandOver}, []point{afterHandOver}
	case *workflowservice.UpdateWorkflowExecutionRequest, *workflowservice.ExecuteMultiOperationRequest:
		before, after = []point{beforeAct}, []point{afterAct}
	}
	return before, after
}

// isStep is true of the result of a local activity.
func isStep(c *commandpb.Command) bool {
	return c.GetCommandType() == enumspb.COMMAND_TYPE_RECORD_MARKER
}

// watching makes calls to the engine pass their points.
func watching(pass func(point)) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, request, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		before, after := callPoints(request)
		for _, p := range before {
			pass(p)
		}
		err := invoke(ctx, method, request, reply, cc, opts...)
		if err == nil {
			for _, p := range after {
				pass(p)
			}
		}
		return err
	}
}
