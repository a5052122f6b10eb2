package activities

import (
	"cmp"
	"context"

	"shiming/registration"
)

// taken takes the step that follows from a provider's answer.
type taken func() (registration.StepResult, error)

// unlessFinished has a provider asked for an act, and takes the step that follows: its refusal's, or then. An act that has been
// ended before is answered as it was then, and nobody is asked.
func unlessFinished(ctx context.Context, book StepBook, step registration.Step, ask func() (refusal *registration.Refusal, then taken, err error)) (result registration.StepResult, err error) {
	defer alive(ctx)()
	defer func() { result.ActID = step.ActID }()
	if done, err := book.Finished(ctx, step); done != nil || err != nil {
		return orNone(done), err
	}
	refusal, then, err := ask()
	if err != nil {
		return registration.StepResult{}, err
	}
	if refusal != nil {
		then = func() (registration.StepResult, error) {
			return book.RefuseAct(ctx, registration.Refusing{Step: step, Refusal: *refusal})
		}
	}
	return insisted(ctx, then)
}

// insisted takes a step for as long as its activity may take: what a provider has answered is not lost with a database that is away
// for some seconds.
func insisted(ctx context.Context, take taken) (result registration.StepResult, failed error) {
	away := written(ctx, func(context.Context) error {
		if result, failed = take(); isStorage(failed) {
			return failed
		}
		return nil
	})
	return result, cmp.Or(failed, away)
}

func orNone(done *registration.StepResult) registration.StepResult {
	if done == nil {
		return registration.StepResult{}
	}
	return *done
}
