package workflows

import (
	"errors"
	"reflect"
	"slices"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// activity is an activity under the name it is registered with, with its argument and its result. Package activities has those
// that do the work; a test holds the two together.
type activity[In, Out any] struct{ name string }

// Declared is what the workflows expect of an activity.
type Declared struct {
	Name    string
	In, Out reflect.Type
}

var declared []Declared

// Activities lists every activity that the workflows call.
func Activities() []Declared { return slices.Clone(declared) }

func named[In, Out any](name string) activity[In, Out] {
	declared = append(declared, Declared{Name: name, In: reflect.TypeFor[In](), Out: reflect.TypeFor[Out]()})
	return activity[In, Out]{name: name}
}

// step is a step of a run on its row, under the name of its activity.
func step(name string) activity[registration.Step, registration.StepResult] {
	return named[registration.Step, registration.StepResult](name)
}

// The steps, each one transaction of the store.
var (
	openRegistration = named[registration.Application, registration.StepResult]("Open")
	openClearing     = named[registration.ClearingApplication, registration.StepResult]("OpenClearing")
	refuseAct        = named[registration.Refusing, registration.StepResult]("RefuseAct")

	submit      = step("Submit")
	decide      = step("Decide")
	withdraw    = step("Withdraw")
	look        = step("Look")
	cancelled   = step("Cancelled")
	takeCompany = step("TakeCompany")
	newPayout   = step("NewPayout")
	enterAmount = step("EnterAmount")

	clearingJudged  = step("ClearingJudged")
	clearingAttempt = step("ClearingAttempt")
	clearingUnmet   = step("ClearingUnmet")
	clearIdentity   = step("ClearIdentity")
)

// What a provider does for an act, with the step that follows.
var (
	bindCard    = step("BindCard")
	confirmCode = step("ConfirmCode")
	resendCode  = step("ResendCode")
	openSession = step("OpenSession")
)

// The wallet's part in a clearing.
var (
	judgeConditions = named[string, registration.ClearingVerdict]("JudgeConditions") // of a clearing, by its id
	holdAccount     = named[registration.Hold, none]("HoldAccount")
	forgetIdentity  = named[registration.Hold, none]("ForgetIdentity")
	releaseAccount  = named[registration.Hold, none]("ReleaseAccount")
)

// A penny payment's, by its id.
var (
	askBank       = named[string, none]("Ask")
	announce      = named[string, none]("Announce")
	order         = named[string, none]("Order")
	cancelIgnored = named[string, none]("CancelIgnored")
)

// Notices: tryNotices tries some at once and returns those that are left, deliver delivers one, by its id.
var (
	tryNotices = named[[]registration.NoticeRef, []registration.NoticeRef]("TryNotices")
	deliver    = named[string, none]("Deliver")
)

// A try of a delivery's round: tellAtOnce in the workflow's own task, tellSubscriber by the lane.
var (
	tellAtOnce     = named[registration.DeliveryTry, registration.DeliveryResult]("TellAtOnce")
	tellSubscriber = named[registration.DeliveryTry, registration.DeliveryResult]("TellSubscriber")
)

// none is the result of an activity that has none.
type none struct{}

// run runs the activity by a task of its own.
func (a activity[In, Out]) run(ctx workflow.Context, in In) (out Out, err error) {
	err = workflow.ExecuteActivity(ctx, a.name, in).Get(ctx, into(&out))
	return out, err
}

// runLocally runs the activity within the task that the workflow is at.
func (a activity[In, Out]) runLocally(ctx workflow.Context, in In) (out Out, err error) {
	err = workflow.ExecuteLocalActivity(ctx, a.name, in).Get(ctx, into(&out))
	return out, err
}

// into is where a result goes: one that is none has nothing to be read from.
func into[Out any](out *Out) any {
	if _, nothing := any(out).(*none); nothing {
		return nil
	}
	return out
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
func insist[In any](ctx workflow.Context, lane registration.Lane, summary string, must activity[In, none], in In) error {
	for {
		_, err := must.run(insisting(ctx, lane, summary), in)
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
