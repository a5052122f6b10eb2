package activities

import (
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
	switch {
	case err != nil:
		return registration.StepResult{}, err
	case refusal != nil:
		return book.RefuseAct(ctx, registration.Refusing{Step: step, Refusal: *refusal})
	}
	return then()
}

func orNone(done *registration.StepResult) registration.StepResult {
	if done == nil {
		return registration.StepResult{}
	}
	return *done
}
