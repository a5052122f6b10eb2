package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// stimulus is one thing that happened: an act, a report that was stored, a clock that rang, or a Payout that ended.
type stimulus struct {
	act       *pendingAct
	payment   string
	session   string
	objection string
	clock     clock
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
		p.err = refuse(refusal)
	}
}

// refuse makes a refusal the failure of an update: its type is the code, its detail the refusal.
func refuse(r *registration.Refusal) error {
	return temporal.NewApplicationErrorWithOptions(r.Error(), string(r.Code), temporal.ApplicationErrorOptions{NonRetryable: true, Details: []any{r}})
}

// listen sets up everything that can reach the registration.
func (c *regCase) listen(ctx workflow.Context) error {
	if err := c.takeOpening(ctx); err != nil {
		return err
	}
	for _, act := range registration.Acts() {
		if through(act) {
			if err := c.takeAct(ctx, act); err != nil {
				return err
			}
		}
	}
	workflow.Go(ctx, c.takeBankReports)
	workflow.Go(ctx, c.takeSessionReports)
	return nil
}

// through reports whether an act goes through the workflow; the others need only the database.
func through(act registration.Act) bool {
	switch act {
	case registration.ActName, registration.ActContact, registration.ActDocument, registration.ActResolvePayout:
		return false
	}
	return true
}

// takeOpening answers the call that started the registration, once it stands or is refused.
func (c *regCase) takeOpening(ctx workflow.Context) error {
	return workflow.SetUpdateHandlerWithOptions(ctx, string(registration.ActOpen),
		func(ctx workflow.Context, _ registration.ActArgs) (registration.Answer, error) {
			if err := workflow.Await(ctx, func() bool { return c.opened }); err != nil {
				return registration.Answer{}, err
			}
			if c.refused != nil {
				return registration.Answer{}, refuse(c.refused)
			}
			return c.Answer(), nil
		},
		workflow.UpdateHandlerOptions{Validator: func(_ workflow.Context, args registration.ActArgs) error {
			if args.RegistrationID != c.app.RegistrationID {
				return refuse(registration.Refuse(registration.CodeRegistrationExists))
			}
			return nil
		}})
}

// takeAct puts an act into the inbox and waits for the step that answers it. Its validator refuses, without a trace in
// history, what the table does not allow in this state.
func (c *regCase) takeAct(ctx workflow.Context, kind registration.Act) error {
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
			if args.RegistrationID != c.app.RegistrationID {
				return refuse(registration.Refuse(registration.CodeNotFound))
			}
			if r := registration.RefuseAct(c.app.Kind, c.State, kind); c.opened && r != nil {
				return refuse(r)
			}
			return nil
		}})
}

// takeBankReports passes on that a report about a payment was stored, if it is for this registration.
func (c *regCase) takeBankReports(ctx workflow.Context) {
	for {
		var r registration.BankReport
		workflow.GetSignalChannel(ctx, registration.SignalBankReport).Receive(ctx, &r)
		if r.RegistrationID == c.app.RegistrationID {
			c.inbox.Send(ctx, stimulus{payment: r.PaymentID})
		}
	}
}

// takeSessionReports does the same for QR sessions.
func (c *regCase) takeSessionReports(ctx workflow.Context) {
	for {
		var r registration.SessionReport
		workflow.GetSignalChannel(ctx, registration.SignalSessionReport).Receive(ctx, &r)
		if r.RegistrationID == c.app.RegistrationID {
			c.inbox.Send(ctx, stimulus{session: r.SessionID})
		}
	}
}

// does is an act's work: it takes the registration on, or says why not.
type does map[registration.Act]func(ctx workflow.Context, args registration.ActArgs) *registration.Refusal

// next waits for one thing and deals with it: an act by its work, everything else the same way in every state.
func (c *regCase) next(ctx workflow.Context, work does) {
	var got stimulus
	c.inbox.Receive(ctx, &got)
	switch {
	case got.act != nil:
		c.perform(ctx, got.act, work)
	case got.payment != "":
		c.followPayment(ctx, got.payment)
	case got.session != "":
		c.adopt(ctx, c.ledger(ctx, ledger.SessionReported, c.step(registration.ByWalletHub, ""), got.session))
	default:
		c.ring(ctx, got.clock)
	}
}

func (c *regCase) perform(ctx workflow.Context, p *pendingAct, work does) {
	if r := registration.RefuseAct(c.app.Kind, c.State, p.kind); r != nil { // the state changed while it waited
		p.answer(c.finish(c.refuseAct(ctx, p.args, *r)))
		return
	}
	if p.kind == registration.ActWithdraw {
		p.answer(c.finish(c.record(ctx, ledger.Withdraw, p.args)))
		return
	}
	p.answer(c.finish(work[p.kind](ctx, p.args)))
}

// finish pairs a refusal with the state the act has left behind.
func (c *regCase) finish(refusal *registration.Refusal) (registration.Answer, *registration.Refusal) {
	return c.Answer(), refusal
}
