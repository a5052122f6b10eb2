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
// logged, unless it was cut short. Of what is tried in a workflow's own task before it goes by its lane, it lets through what holds
// nobody up.
type Boundary struct {
	interceptor.WorkerInterceptorBase
	Log *slog.Logger
	// Paced are the lanes whose calls are paced, by all workers together: none is made elsewhere.
	Paced []registration.Lane

	direct slots
}

// InterceptActivity implements [interceptor.WorkerInterceptor].
func (b *Boundary) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &boundary{ActivityInboundInterceptorBase: interceptor.ActivityInboundInterceptorBase{Next: next}, Boundary: b}
}

type boundary struct {
	interceptor.ActivityInboundInterceptorBase
	*Boundary
}

// perLane is how many calls of a lane may be under way in workflows' own tasks. They take the room of steps: a provider that
// hangs may have this much of it, and everybody else's calls go by the lane at once.
const perLane = 4

// lanesOf are the lanes of what is tried in a workflow's own task first.
var lanesOf = map[string][]registration.Lane{
	"BindCard": {registration.BankLane}, "ConfirmCode": {registration.BankLane}, "ResendCode": {registration.BankLane}, "Ask": {registration.BankLane},
	"OpenSession": {walletLane}, "JudgeConditions": {walletLane}, "Announce": {registration.SMSLane, registration.EmailLane},
}

// walletLane is no queue of its own: the wallet's calls go by the worker's. It counts what is under way.
const walletLane registration.Lane = "wallet"

// ExecuteActivity implements [interceptor.ActivityInboundInterceptor].
func (b *boundary) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	info := activity.GetInfo(ctx)
	if lanes := lanesOf[info.ActivityType.Name]; lanes != nil && info.IsLocalActivity {
		leave, free := b.enter(lanes)
		if !free {
			return nil, temporal.NewApplicationError("it goes by its lane", FailByLane)
		}
		defer leave()
	}
	result, err := b.Next.ExecuteActivity(ctx, in)
	failed := classify(err)
	if application, ok := errors.AsType[*temporal.ApplicationError](failed); ok && ctx.Err() == nil && slices.Contains(looked, application.Type()) {
		b.Log.Error("an activity failed", "activity", info.ActivityType.Name, "about", about(in.Args), "failure", application.Type(), "error", err)
	}
	return result, failed
}

// enter reports whether a call that goes by these lanes may be made here. It takes the room of the first.
func (b *Boundary) enter(lanes []registration.Lane) (leave func(), free bool) {
	for _, lane := range lanes {
		if slices.Contains(b.Paced, lane) {
			return nil, false
		}
	}
	return b.direct.enter(string(lanes[0]), perLane)
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
