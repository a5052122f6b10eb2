package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// stimulus is one thing that happened: an act, word to look at what is stored, a clock that rang, or a request to cancel.
type stimulus struct {
	act    *pendingAct
	look   bool
	cancel bool
	clock  clock
}

// pendingAct is an update waiting for its answer.
type pendingAct struct {
	kind   registration.Act
	args   registration.ActArgs
	done   bool
	result registration.Answer
	err    error
}

func (p *pendingAct) answer(result registration.Answer, refusal *registration.Refusal) {
	p.done, p.result = true, result
	if refusal != nil {
		p.err = refuse(refusal, result)
	}
}

// refuse makes a refusal the failure of an update: its type is the code, its details the refusal and where the run stands.
func refuse(r *registration.Refusal, at registration.Answer) error {
	return temporal.NewApplicationErrorWithOptions(r.Error(), string(r.Code), temporal.ApplicationErrorOptions{NonRetryable: true, Details: []any{r, at}})
}

// inbox is everything that can happen to a registration or a clearing, in the order it came.
type inbox struct {
	subject string // its id
	box     workflow.Channel
	opened  bool
	told    int  // how often the run was told to look
	looking bool // it is in the box already: once is enough for all that was stored before
	halted  bool // the database knows less than the run, which stands still
}

// open sets the inbox up. The context it returns is the one to work on: a request to cancel does not reach it, but comes
// into the inbox.
func (i *inbox) open(ctx workflow.Context, subject string) workflow.Context {
	i.subject = subject
	work, _ := workflow.NewDisconnectedContext(ctx)
	i.box = workflow.NewNamedBufferedChannel(work, "inbox", 10_000)
	workflow.Go(work, func(work workflow.Context) {
		ctx.Done().Receive(work, nil)
		i.box.Send(work, stimulus{cancel: true})
	})
	workflow.Go(work, i.takeWord)
	return work
}

// takeWord passes on that the run was told to look. Word that is meant for another makes it look too: it may be over, and in
// that one's way.
func (i *inbox) takeWord(ctx workflow.Context) {
	for {
		var word registration.Look
		workflow.GetSignalChannel(ctx, registration.SignalLook).Receive(ctx, &word)
		i.told++
		if !i.looking {
			i.looking = true
			i.box.Send(ctx, stimulus{look: true})
		}
	}
}

// receive waits for what comes next.
func (i *inbox) receive(ctx workflow.Context) stimulus {
	var got stimulus
	i.box.Receive(ctx, &got)
	if got.look {
		i.looking = false
	}
	return got
}

// continues reports whether history has grown long enough and nothing is under way that a new run would miss. It waits for
// that, or for something else to do: the act that was answered last has not returned when its step has.
func (i *inbox) continues(ctx workflow.Context) bool {
	if !workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
		return false
	}
	word := workflow.GetSignalChannel(ctx, registration.SignalLook)
	waits := func() bool { return i.box.Len() > 0 || word.Len() > 0 }
	err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) || waits() })
	return err == nil && !waits() && workflow.AllHandlersFinished(ctx)
}

// drain takes every act out of the inbox.
func (i *inbox) drain(take func(p *pendingAct)) {
	var got stimulus
	for i.box.ReceiveAsync(&got) {
		if got.act != nil {
			take(got.act)
		}
		got = stimulus{}
	}
}

// standStill waits until the run is told to look again: the database knows less than the run, and nothing may be done on
// what it says.
func (i *inbox) standStill(ctx workflow.Context) {
	i.halted = true
	heard := i.told
	if err := workflow.Await(ctx, func() bool { return i.told > heard }); err != nil {
		workflow.GetLogger(ctx).Error("the wait was cut short", "error", err) // cannot be: nothing cancels it
	}
	i.halted = false
}

// takeOpening answers the call that started the run, once what it is about stands or is refused. What is another's is
// refused with the code.
func (i *inbox) takeOpening(ctx workflow.Context, another registration.Code, stands func() (registration.Answer, *registration.Refusal)) error {
	return workflow.SetUpdateHandlerWithOptions(ctx, string(registration.ActOpen),
		func(ctx workflow.Context, _ registration.ActArgs) (registration.Answer, error) {
			ctx, _ = workflow.NewDisconnectedContext(ctx)
			if err := workflow.Await(ctx, func() bool { return i.opened }); err != nil {
				return registration.Answer{}, err
			}
			answer, refusal := stands()
			if refusal != nil {
				return registration.Answer{}, refuse(refusal, answer)
			}
			return answer, nil
		},
		workflow.UpdateHandlerOptions{Validator: func(_ workflow.Context, args registration.ActArgs) error {
			if !args.For(registration.ActOpen, i.subject) {
				return refuse(registration.Refuse(another), registration.Answer{})
			}
			return nil
		}})
}

// takeAct puts an act into the inbox and waits for the step that answers it. Its validator refuses, without a trace in
// history, what judge does.
func (i *inbox) takeAct(ctx workflow.Context, kind registration.Act, judge func() (registration.Answer, *registration.Refusal)) error {
	return workflow.SetUpdateHandlerWithOptions(ctx, string(kind),
		func(ctx workflow.Context, args registration.ActArgs) (registration.Answer, error) {
			ctx, _ = workflow.NewDisconnectedContext(ctx)
			p := &pendingAct{kind: kind, args: args}
			i.box.Send(ctx, stimulus{act: p})
			if err := workflow.Await(ctx, func() bool { return p.done }); err != nil {
				return registration.Answer{}, err
			}
			return p.result, p.err
		},
		workflow.UpdateHandlerOptions{Validator: func(_ workflow.Context, args registration.ActArgs) error {
			if args.ActID == "" || !args.For(kind, i.subject) { // without an id no row says whose act it is
				return refuse(registration.Refuse(registration.CodeNotFound), registration.Answer{})
			}
			if i.halted {
				return refuse(&unavailable, registration.Answer{})
			}
			if answer, refusal := judge(); i.opened && refusal != nil {
				return refuse(refusal, answer)
			}
			return nil
		}})
}
