package workflows

import (
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// IndividualRegistration carries one person or small team from application to decision (guide, section 5.1).
func IndividualRegistration(ctx workflow.Context, app registration.Application) (registration.State, error) {
	ctx, r := newCase(ctx, app)
	return r.run(ctx, app.Case, steps{
		registration.IdentityRequired:   r.takeCard,
		registration.CardCodeRequired:   r.confirmCard,
		registration.DetailsRequired:    r.collectDetails,
		registration.UnderReview:        r.awaitDecision,
		registration.CorrectionRequired: r.collectDetails,
	})
}

// takeCard waits for the contact's debit card (second step). The bank judges it and sends a code by SMS, which leads to
// card_code_required.
func (r *regCase) takeCard(ctx workflow.Context) {
	if got := r.next(ctx); got.is(registration.ActCard) {
		r.bindCard(ctx, got)
	}
}

// confirmCard waits for the code that the bank has sent. The right one proves the contact and leads to details_required; too
// many wrong ones, or an identity that is taken, lead back to identity_required. Another card may be handed in instead.
func (r *regCase) confirmCard(ctx workflow.Context) {
	switch got := r.next(ctx); {
	case got.is(registration.ActCard):
		r.bindCard(ctx, got)
	case got.is(registration.ActCardCode):
		r.ask(ctx, got, registration.BankLane, "The bank judges the SMS code", confirmCode)
	case got.is(registration.ActCardResend):
		r.ask(ctx, got, registration.BankLane, "The bank sends a new SMS code", resendCode)
	}
}

func (r *regCase) bindCard(ctx workflow.Context, a *act) {
	r.ask(ctx, a, registration.BankLane, "The bank checks the card", bindCard)
}
