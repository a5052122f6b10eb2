package workflows

import (
	"go.temporal.io/sdk/workflow"

	"shiming/activities"
	"shiming/registration"
)

// takeCard waits for the contact's debit card (guide section 5.1, second step).
func (c *regCase) takeCard(ctx workflow.Context) {
	c.next(ctx, does{registration.ActCard: c.bindCard})
}

// confirmCard waits for the SMS code the bank has sent, or another card.
func (c *regCase) confirmCard(ctx workflow.Context) {
	c.next(ctx, does{
		registration.ActCard:       c.bindCard,
		registration.ActCardCode:   c.confirmCode,
		registration.ActCardResend: c.resendCode,
	})
}

func (c *regCase) cardAct(args registration.ActArgs) activities.CardAct {
	return activities.CardAct{RegistrationID: c.app.RegistrationID, AccountID: c.app.AccountID, ActID: args.ActID, InputRef: args.InputRef}
}

// askBank runs a card activity. A bank that stays busy burns no attempt, and its answer to an earlier act is none to this one.
func (c *regCase) askBank(ctx workflow.Context, summary string, activity any, args registration.ActArgs) activities.CardAnswer {
	var answer activities.CardAnswer
	if err := workflow.ExecuteActivity(asking(ctx, registration.BankLane, summary), activity, c.cardAct(args)).Get(ctx, &answer); err != nil || !answer.To(args.ActID) {
		answer.Refusal = &unavailable
	}
	return answer
}

func (c *regCase) bindCard(ctx workflow.Context, args registration.ActArgs) *registration.Refusal {
	answer := c.askBank(ctx, "The bank checks the card", cards.BindCard, args)
	if answer.Refusal != nil {
		return c.refuseAct(ctx, args, *answer.Refusal)
	}
	return c.record(ctx, ledger.CardAccepted, args, answer.BindingID, args.InputRef)
}

func (c *regCase) confirmCode(ctx workflow.Context, args registration.ActArgs) *registration.Refusal {
	answer := c.askBank(ctx, "The bank judges the SMS code", cards.ConfirmCode, args)
	switch {
	case answer.Refusal == nil:
		return c.record(ctx, ledger.CardProven, args, args.InputRef)
	case answer.Refusal.Code == registration.CodeCodeIncorrect:
		return c.record(ctx, ledger.CodeIncorrect, args, args.InputRef)
	}
	return c.refuseAct(ctx, args, *answer.Refusal)
}

func (c *regCase) resendCode(ctx workflow.Context, args registration.ActArgs) *registration.Refusal {
	answer := c.askBank(ctx, "The bank sends a new SMS code", cards.ResendCode, args)
	if answer.Refusal != nil {
		return c.refuseAct(ctx, args, *answer.Refusal)
	}
	return c.record(ctx, ledger.CodeResent, args)
}

// verifyAdministrator waits for the administrator's QR scan (guide section 5.2, third step).
func (c *regCase) verifyAdministrator(ctx workflow.Context) {
	c.next(ctx, does{registration.ActAdminSession: c.openSession})
}

// openSession has the wallet show a new QR code; asked for again, or with the role chosen anew, it replaces the old one.
func (c *regCase) openSession(ctx workflow.Context, args registration.ActArgs) *registration.Refusal {
	act := activities.SessionAct{RegistrationID: c.app.RegistrationID, AccountID: c.app.AccountID, ActID: args.ActID, Role: args.Role}
	var sessionID string
	if err := workflow.ExecuteActivity(asking(ctx, own, "The wallet opens a QR session"), sessions.OpenSession, act).Get(ctx, &sessionID); err != nil {
		return c.refuseAct(ctx, args, unavailable)
	}
	return c.record(ctx, ledger.SessionOpened, args, sessionID)
}
