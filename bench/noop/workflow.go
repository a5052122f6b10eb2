package noop

import (
	"context"
	"crypto/rand"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// The names of what is registered.
const (
	WorkflowName = "Noop"
	UpdateName   = "act"
	SignalName   = "look"
	activityName = "work"
)

// Bytes are payload that does not compress.
func Bytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// Register has a worker play scripts. It knows them by name: a script that travelled would be bytes that the product's history has not.
func Register(w worker.Registry, scripts map[string]Script) {
	w.RegisterWorkflowWithOptions(func(ctx workflow.Context, name string, _ []byte) ([]byte, error) {
		return run(ctx, scripts[name])
	}, workflow.RegisterOptions{Name: WorkflowName})
	w.RegisterWorkflowWithOptions(open, workflow.RegisterOptions{Name: OpenName})
	w.RegisterWorkflowWithOptions(empty, workflow.RegisterOptions{Name: EmptyName})
	w.RegisterActivityWithOptions(work, activity.RegisterOptions{Name: activityName})
}

// work returns so many bytes.
func work(_ context.Context, _ []byte, out int) ([]byte, error) { return Bytes(out), nil }

type player struct {
	accepted, completed int
	answers             []int // bytes
	activities          []workflow.Future
	timers              []workflow.CancelFunc
}

// run plays a script.
func run(ctx workflow.Context, s Script) ([]byte, error) {
	p := &player{}
	for _, op := range s.Ops {
		if op.Kind == Complete {
			p.answers = append(p.answers, op.Out)
		}
	}
	if err := workflow.SetUpdateHandler(ctx, UpdateName, p.act); err != nil {
		return nil, err
	}
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: time.Minute})
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	taken := 0
	for _, op := range s.Ops {
		if op.Kind == Accept {
			taken++
			if err := workflow.Await(ctx, func() bool { return p.accepted >= taken }); err != nil {
				return nil, err
			}
			continue
		}
		if err := p.play(ctx, op); err != nil {
			return nil, err
		}
	}
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return nil, err
	}
	return make([]byte, s.Out), nil
}

// act is answered when the script says so.
func (p *player) act(ctx workflow.Context, _ []byte) ([]byte, error) {
	number := p.accepted
	p.accepted++
	if err := workflow.Await(ctx, func() bool { return p.completed > number }); err != nil {
		return nil, err
	}
	return make([]byte, p.answers[number]), nil
}

func (p *player) play(ctx workflow.Context, op Op) error {
	switch op.Kind {
	case Complete:
		p.completed++
	case Local:
		return workflow.ExecuteLocalActivity(ctx, work, []byte(nil), op.Out).Get(ctx, nil)
	case Start:
		p.activities = append(p.activities, workflow.ExecuteActivity(ctx, activityName, make([]byte, op.In), op.Out))
	case Finish:
		if len(p.activities) > 0 {
			first := p.activities[0]
			p.activities = p.activities[1:]
			return first.Get(ctx, nil)
		}
	case Signal:
		workflow.GetSignalChannel(ctx, SignalName).Receive(ctx, nil)
	case Timer:
		timer, cancel := workflow.WithCancel(ctx)
		workflow.NewTimer(timer, 30*24*time.Hour)
		p.timers = append(p.timers, cancel)
	case Cancel:
		if len(p.timers) > 0 {
			p.timers[0]()
			p.timers = p.timers[1:]
		}
	case Upsert:
		return workflow.UpsertTypedSearchAttributes(ctx, typed(op.Attributes)...)
	case Accept: // the caller waits for it
	}
	return nil
}

// typed gives values the types that they are registered with: a time is written as text.
func typed(values map[string]any) []temporal.SearchAttributeUpdate {
	var updates []temporal.SearchAttributeUpdate
	for _, name := range workflow.DeterministicKeys(values) {
		switch value := values[name].(type) {
		case bool:
			updates = append(updates, temporal.NewSearchAttributeKeyBool(name).ValueSet(value))
		case string:
			if at, err := time.Parse(time.RFC3339Nano, value); err == nil {
				updates = append(updates, temporal.NewSearchAttributeKeyTime(name).ValueSet(at))
				continue
			}
			updates = append(updates, temporal.NewSearchAttributeKeyKeyword(name).ValueSet(value))
		}
	}
	return updates
}
