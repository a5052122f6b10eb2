package workflows_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.temporal.io/sdk/activity"

	"shiming/activities"
	"shiming/internal/postgres"
	"shiming/workflows"
)

// registry takes what is registered instead of a worker.
type registry struct{ methods map[string]reflect.Type }

func (r registry) RegisterActivity(of any) {
	t := reflect.TypeOf(of)
	for i := range t.NumMethod() {
		r.methods[t.Method(i).Name] = reflect.ValueOf(of).Method(i).Type()
	}
}

func (r registry) RegisterActivityWithOptions(of any, _ activity.RegisterOptions) {
	r.RegisterActivity(of)
}
func (r registry) RegisterDynamicActivity(any, activity.DynamicRegisterOptions) {}

// Workflows call activities by their names: each is there, takes and gives what is expected of it, and none is there for nobody.
func TestWorkflowsAndActivitiesAgree(t *testing.T) {
	t.Parallel()
	r := registry{map[string]reflect.Type{}}
	activities.Register(r, activities.All{
		Steps: &postgres.Steps{}, Cards: &activities.Cards{}, Sessions: &activities.Sessions{}, Payouts: &activities.Payouts{},
		Post: &activities.Post{}, Webhooks: &activities.Webhooks{}, Clearance: &activities.Clearance{},
	})
	called := map[string]bool{}
	for _, want := range workflows.Activities() {
		assert.False(t, called[want.Name], "%s is declared twice", want.Name)
		called[want.Name] = true
		is, registered := r.methods[want.Name]
		if !assert.True(t, registered, "%s is called and not registered", want.Name) {
			continue
		}
		assert.Equal(t, []reflect.Type{reflect.TypeFor[context.Context](), want.In}, []reflect.Type{is.In(0), is.In(is.NumIn() - 1)}, want.Name)
		if is.NumOut() == 2 {
			assert.Equal(t, want.Out, is.Out(0), want.Name)
		}
	}
	for name := range r.methods {
		assert.True(t, called[name], "%s is registered and never called", name)
	}
}
