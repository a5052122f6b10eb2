package workflows

import (
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// listen sets up everything that can reach the clearing.
func (c *clearingCase) listen(ctx workflow.Context) error {
	err := workflow.SetUpdateHandlerWithOptions(ctx, string(registration.ActOpen), c.answerOpening,
		workflow.UpdateHandlerOptions{Validator: func(_ workflow.Context, args registration.ActArgs) error {
			if args.RegistrationID != c.app.ClearingID {
				return refuse(registration.Refuse(registration.CodeClearingExists))
			}
			return nil
		}})
	if err != nil {
		return err
	}
	for _, act := range registration.ClearingActs() {
		if act == registration.ActDocument || act == registration.ActObject { // go straight to the database
			continue
		}
		if err := c.takeAct(ctx, act); err != nil {
			return err
		}
	}
	workflow.Go(ctx, c.takeObjectionReports)
	return nil
}

// takeObjectionReports passes on that there is news of an objection, if it is of this clearing.
func (c *clearingCase) takeObjectionReports(ctx workflow.Context) {
	for {
		var r registration.ObjectionReport
		workflow.GetSignalChannel(ctx, registration.SignalObjection).Receive(ctx, &r)
		if r.ClearingID == c.app.ClearingID {
			c.inbox.Send(ctx, stimulus{objection: r.ClearingID})
		}
	}
}

// answerOpening answers the call that started the clearing, once it stands or is refused.
func (c *clearingCase) answerOpening(ctx workflow.Context, _ registration.ActArgs) (registration.Answer, error) {
	if err := workflow.Await(ctx, func() bool { return c.opened }); err != nil {
		return registration.Answer{}, err
	}
	if c.refused != nil {
		return registration.Answer{}, refuse(c.refused)
	}
	return c.Answer(), nil
}

// takeAct puts an act into the inbox and waits for the step that answers it; its validator refuses, without a trace in
// history, what the table does not allow in this state.
func (c *clearingCase) takeAct(ctx workflow.Context, kind registration.Act) error {
	return workflow.SetUpdateHandlerWithOptions(ctx, string(kind),
		func(ctx workflow.Context, args registration.ActArgs) (registration.Answer, error) {
			p := &pendingAct{kind: kind, args: args}
			c.inbox.Send(ctx, stimulus{act: p})
			if err := workflow.Await(ctx, func() bool { return p.done }); err != nil {
				return registration.Answer{}, err
			}
			return p.result, p.err
		},
		workflow.UpdateHandlerOptions{Validator: func(_ workflow.Context, args registration.ActArgs) error {
			if args.RegistrationID != c.app.ClearingID {
				return refuse(registration.Refuse(registration.CodeNotFound))
			}
			if r := registration.RefuseAct(registration.IdentityClearing, c.State, kind); c.opened && r != nil {
				return refuse(r)
			}
			return nil
		}})
}
