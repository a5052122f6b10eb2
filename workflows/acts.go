package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// act is an update that waits for its answer.
type act struct {
	kind   registration.Act
	args   registration.ActArgs
	done   bool
	result registration.Answer
	err    error
}

// is reports whether it is an act, and of the kind.
func (a *act) is(kind registration.Act) bool { return a != nil && a.kind == kind }

func (a *act) answer(result registration.Answer, refusal *registration.Refusal) {
	a.done, a.result = true, result
	if refusal != nil {
		a.err = failure(refusal, result)
	}
}

// failure makes a refusal the failure of an update: its type is the code, its details the refusal and where the run stands.
func failure(r *registration.Refusal, at registration.Answer) error {
	return temporal.NewApplicationErrorWithOptions(r.Error(), string(r.Code), temporal.ApplicationErrorOptions{NonRetryable: true, Details: []any{r, at}})
}

// unavailable is what an act is answered when the provider stayed away: nothing was counted.
var unavailable = registration.Refusal{Code: registration.CodeProviderUnavailable}

// listen sets up everything that can reach the process.
func (f *flow) listen(ctx workflow.Context) error {
	if err := f.takeOpening(ctx); err != nil {
		return err
	}
	for _, kind := range registration.ActsOfRun(f.kind) {
		if err := f.takeAct(ctx, kind); err != nil {
			return err
		}
	}
	return workflow.SetQueryHandler(ctx, registration.QueryFacts, func() (registration.Case, error) { return f.Case, nil })
}

// takeOpening answers the call that started the run, once the row stands or is refused. What is another's is refused.
func (f *flow) takeOpening(ctx workflow.Context) error {
	return workflow.SetUpdateHandlerWithOptions(ctx, string(registration.ActOpen),
		func(ctx workflow.Context, _ registration.ActArgs) (registration.Answer, error) {
			ctx, _ = workflow.NewDisconnectedContext(ctx)
			if err := workflow.Await(ctx, func() bool { return f.opened }); err != nil {
				return registration.Answer{}, err
			}
			if f.refused != nil {
				return registration.Answer{}, failure(f.refused, f.Answer())
			}
			return f.Answer(), nil
		},
		workflow.UpdateHandlerOptions{Validator: func(_ workflow.Context, args registration.ActArgs) error {
			if !args.For(registration.ActOpen, f.subject) {
				return failure(registration.Refuse(f.taken), registration.Answer{})
			}
			return nil
		}})
}

// takeAct has an act wait for the step that answers it. Its validator refuses, without a trace in history, what the table does.
func (f *flow) takeAct(ctx workflow.Context, kind registration.Act) error {
	return workflow.SetUpdateHandlerWithOptions(ctx, string(kind),
		func(ctx workflow.Context, args registration.ActArgs) (registration.Answer, error) {
			ctx, _ = workflow.NewDisconnectedContext(ctx)
			a := &act{kind: kind, args: args}
			f.acts = append(f.acts, a)
			if err := workflow.Await(ctx, func() bool { return a.done }); err != nil {
				return registration.Answer{}, err
			}
			return a.result, a.err
		},
		workflow.UpdateHandlerOptions{Validator: func(_ workflow.Context, args registration.ActArgs) error {
			return f.validate(kind, args)
		}})
}

// validate refuses an act that is another's, that the state does not allow, or while the run stands still.
func (f *flow) validate(kind registration.Act, args registration.ActArgs) error {
	switch {
	case args.ActID == "" || !args.For(kind, f.subject): // without an id no row says whose act it is
		return failure(registration.Refuse(registration.CodeNotFound), registration.Answer{})
	case f.halted:
		return failure(&unavailable, registration.Answer{})
	case !f.opened:
		return nil
	}
	if refusal := registration.RefuseAct(f.kind, f.State, kind); refusal != nil {
		return failure(refusal, f.Answer())
	}
	return nil
}
