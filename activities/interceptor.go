package activities

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"

	"shiming/registration"
)

// Boundary is what every activity passes on its way to the engine: its error is classified, and what somebody must look at is
// logged. It keeps what a lane paces from being done anywhere else.
type Boundary struct {
	interceptor.WorkerInterceptorBase
	Log *slog.Logger
	// Paced are the lanes whose calls are paced, by all workers together: none is made in a workflow's own task.
	Paced []registration.Lane
}

// InterceptActivity implements [interceptor.WorkerInterceptor].
func (b *Boundary) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &boundary{ActivityInboundInterceptorBase: interceptor.ActivityInboundInterceptorBase{Next: next}, Boundary: b}
}

type boundary struct {
	interceptor.ActivityInboundInterceptorBase
	*Boundary
}

// laneOf is the lane of what is tried in a workflow's own task first.
var laneOf = map[string]registration.Lane{
	"BindCard": registration.BankLane, "ConfirmCode": registration.BankLane, "ResendCode": registration.BankLane, "Ask": registration.BankLane,
}

// ExecuteActivity implements [interceptor.ActivityInboundInterceptor].
func (b *boundary) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	info := activity.GetInfo(ctx)
	if lane, has := laneOf[info.ActivityType.Name]; has && info.IsLocalActivity && slices.Contains(b.Paced, lane) {
		return nil, temporal.NewApplicationError("its lane is paced; it goes by the lane", FailPaced)
	}
	result, err := b.Next.ExecuteActivity(ctx, in)
	failed := classify(err)
	if application, ok := errors.AsType[*temporal.ApplicationError](failed); ok && slices.Contains(looked, application.Type()) {
		b.Log.Error("an activity failed", "activity", info.ActivityType.Name, "about", about(in.Args), "failure", application.Type(), "error", err)
	}
	return result, failed
}

// looked are the failures whose cause only the log tells.
var looked = []string{FailStorage, FailIllegal, FailErased, FailForeign}

// about is what an activity was about, by its first argument: an id, or what says for itself what may be logged.
func about(args []any) any {
	if len(args) == 0 {
		return nil
	}
	switch first := args[0].(type) {
	case string, slog.LogValuer:
		return first
	}
	return nil
}
