package workflowtest

import (
	"context"
	"sync"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
)

// Faults are crashes of the worker: after an activity has done its work, before the engine knows.
type Faults struct {
	interceptor.WorkerInterceptorBase
	mu     sync.Mutex
	crash  map[string]int // by activity: how many of its next runs are lost after their work; "" for any
	before map[string]int // likewise, lost before their work
	hooks  map[string]func()
	killed bool
}

// LoseAfter loses the next n results of an activity ("" for any): its work is done, and it is run again.
func (f *Faults) LoseAfter(activity string, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.crash == nil {
		f.crash = map[string]int{}
	}
	f.crash[activity] = n
}

// LoseBefore loses the next n runs of an activity ("" for any) before they do anything.
func (f *Faults) LoseBefore(activity string, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.before == nil {
		f.before = map[string]int{}
	}
	f.before[activity] = n
}

// During runs do once, just before the activity's next run.
func (f *Faults) During(activity string, do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hooks == nil {
		f.hooks = map[string]func(){}
	}
	f.hooks[activity] = do
}

func (f *Faults) kill(dead bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.killed = dead
}

func strike(m map[string]int, name string) bool {
	for _, key := range []string{name, ""} {
		if m[key] > 0 {
			m[key]--
			return true
		}
	}
	return false
}

// InterceptActivity implements interceptor.WorkerInterceptor.
func (f *Faults) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &faulty{ActivityInboundInterceptorBase: interceptor.ActivityInboundInterceptorBase{Next: next}, f: f}
}

type faulty struct {
	interceptor.ActivityInboundInterceptorBase
	f *Faults
}

// ExecuteActivity implements interceptor.ActivityInboundInterceptor.
func (i *faulty) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	var result any
	err := i.f.around(activity.GetInfo(ctx).ActivityType.Name, func() (err error) {
		result, err = i.Next.ExecuteActivity(ctx, in)
		return err
	})
	return result, err
}

// around does an activity's work, or loses it.
func (f *Faults) around(name string, do func() error) error {
	f.mu.Lock()
	killed, before, hook := f.killed, strike(f.before, name), f.hooks[name]
	delete(f.hooks, name)
	f.mu.Unlock()
	switch {
	case killed:
		return temporal.NewNonRetryableApplicationError("the test is over", "killed", nil)
	case before:
		return temporal.NewApplicationError("the worker crashed before it did anything", "crash")
	case hook != nil:
		hook()
	}
	err := do()
	f.mu.Lock()
	defer f.mu.Unlock()
	if strike(f.crash, name) {
		return temporal.NewApplicationError("the worker crashed after its work", "crash")
	}
	return err
}
