package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// activity is an activity under the name it is registered with, with its argument and its result. Package activities registers
// those that do the work; a test holds the two together.
type activity[In, Out any] string

// The steps, each one transaction of the store.
const (
	openRegistration activity[registration.Application, registration.StepResult]         = "Open"
	openClearing     activity[registration.ClearingApplication, registration.StepResult] = "OpenClearing"
	refuseAct        activity[registration.Refusing, registration.StepResult]            = "RefuseAct"

	submit      activity[registration.Step, registration.StepResult] = "Submit"
	decide      activity[registration.Step, registration.StepResult] = "Decide"
	withdraw    activity[registration.Step, registration.StepResult] = "Withdraw"
	look        activity[registration.Step, registration.StepResult] = "Look"
	cancelled   activity[registration.Step, registration.StepResult] = "Cancelled"
	takeCompany activity[registration.Step, registration.StepResult] = "TakeCompany"
	newPayout   activity[registration.Step, registration.StepResult] = "NewPayout"
	enterAmount activity[registration.Step, registration.StepResult] = "EnterAmount"

	clearingJudged  activity[registration.Step, registration.StepResult] = "ClearingJudged"
	clearingAttempt activity[registration.Step, registration.StepResult] = "ClearingAttempt"
	clearingUnmet   activity[registration.Step, registration.StepResult] = "ClearingUnmet"
	clearIdentity   activity[registration.Step, registration.StepResult] = "ClearIdentity"
)

// What a provider does for an act, with the step that follows.
const (
	bindCard    activity[registration.Step, registration.StepResult] = "BindCard"
	confirmCode activity[registration.Step, registration.StepResult] = "ConfirmCode"
	resendCode  activity[registration.Step, registration.StepResult] = "ResendCode"
	openSession activity[registration.Step, registration.StepResult] = "OpenSession"
)

// The wallet's part in a clearing.
const (
	judgeConditions activity[string, registration.ClearingVerdict] = "JudgeConditions" // of a clearing, by its id
	holdAccount     activity[registration.Hold, none]              = "HoldAccount"
	forgetIdentity  activity[registration.Hold, none]              = "ForgetIdentity"
	releaseAccount  activity[registration.Hold, none]              = "ReleaseAccount"
)

// A penny payment's, by its id.
const (
	askBank       activity[string, none] = "Ask"
	announce      activity[string, none] = "Announce"
	order         activity[string, none] = "Order"
	cancelIgnored activity[string, none] = "CancelIgnored"
)

// deliver delivers a notice, by its id.
const deliver activity[string, none] = "Deliver"

// none is the result of an activity that has none.
type none struct{}

// run runs the activity by a task of its own.
func (a activity[In, Out]) run(ctx workflow.Context, in In) (out Out, err error) {
	err = workflow.ExecuteActivity(ctx, string(a), in).Get(ctx, &out)
	return out, err
}

// runLocally runs the activity within the task that the workflow is at.
func (a activity[In, Out]) runLocally(ctx workflow.Context, in In) (out Out, err error) {
	err = workflow.ExecuteLocalActivity(ctx, string(a), in).Get(ctx, &out)
	return out, err
}

// record takes a step. It waits for as long as the database is away; an error that trying again cannot cure is a bug, which
// blocks the workflow task, loudly, and loses nothing.
func record[In any](ctx workflow.Context, step activity[In, registration.StepResult], in In) registration.StepResult {
	result, err := step.runLocally(recording(ctx), in)
	if err != nil {
		panic(err)
	}
	return result
}

// ask has a provider asked while somebody waits for the answer: at once, in the task that delivers the act, and if that fails
// by the provider's lane, where it is tried a few times within seconds.
func ask[In, Out any](ctx workflow.Context, lane registration.Lane, summary string, question activity[In, Out], in In) (Out, error) {
	out, err := question.runLocally(atOnce(ctx), in)
	if err == nil || isFinal(err) {
		return out, err
	}
	return question.run(asking(ctx, lane, summary), in)
}

// insist runs an activity that must be done in the end: tried for as long as it takes. What does not move on is flagged by its
// deadline, not by giving up; only what trying again cannot cure ends it.
func insist[In any](ctx workflow.Context, lane registration.Lane, summary string, activity activity[In, none], in In) error {
	for {
		_, err := activity.run(insisting(ctx, lane, summary), in)
		if err == nil || temporal.IsCanceledError(err) || isFinal(err) {
			return err
		}
	}
}

// isFinal reports whether trying again cannot cure an activity's failure.
func isFinal(err error) bool {
	failed, ok := errors.AsType[*temporal.ApplicationError](err)
	return ok && failed.NonRetryable()
}

// tellSubscriber makes one try of a delivery's round.
const tellSubscriber = "TellSubscriber"
