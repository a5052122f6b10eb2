package workflows

import (
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// EnterpriseRegistration carries one company from application to decision (guide, section 5.2).
func EnterpriseRegistration(ctx workflow.Context, app registration.Application) (registration.State, error) {
	ctx, r := newCase(ctx, app)
	return r.run(ctx, app.Case, steps{
		registration.AdminIdentityRequired: r.verifyAdministrator,
		registration.CompanyRequired:       r.takeCompany,
		registration.PayoutPending:         r.confirmDeposit,
		registration.DepositRequired:       r.confirmDeposit,
		registration.DepositFailed:         r.offerNewPayment,
		registration.DetailsRequired:       r.collectDetails,
		registration.UnderReview:           r.awaitDecision,
		registration.CorrectionRequired:    r.collectDetails,
	})
}

// verifyAdministrator waits for the wish for a QR code (third step). That it was scanned is the wallet's to report: the row then
// leads to company_required.
func (r *regCase) verifyAdministrator(ctx workflow.Context) {
	if got := r.next(ctx); got.is(registration.ActAdminSession) {
		r.openSession(ctx, got)
	}
}

// takeCompany waits for the company information, which opens a penny payment and leads to payout_pending, or for the
// administrator's role to be chosen again.
func (r *regCase) takeCompany(ctx workflow.Context) {
	switch got := r.next(ctx); {
	case got.is(registration.ActCompany):
		r.finish(ctx, got, takeCompany)
	case got.is(registration.ActAdminSession):
		r.openSession(ctx, got)
	}
}

// confirmDeposit waits for the amount of the penny payment (fourth step), from the moment the bank was asked to pay: applicants
// may see the money before we hear of it. The right amount leads to details_required; guesses used up, or the window's end, to
// deposit_failed; money that came back to company_required. The amount never comes here: the step compares and says right or
// wrong.
func (r *regCase) confirmDeposit(ctx workflow.Context) {
	switch got := r.next(ctx); {
	case got.is(registration.ActDeposit):
		r.finish(ctx, got, enterAmount)
	case got.is(registration.ActCompany):
		r.finish(ctx, got, takeCompany)
	}
}

// offerNewPayment waits for the wish for another payment to the account on file, or for other company information: both lead to
// payout_pending.
func (r *regCase) offerNewPayment(ctx workflow.Context) {
	switch got := r.next(ctx); {
	case got.is(registration.ActPayout):
		r.finish(ctx, got, newPayout)
	case got.is(registration.ActCompany):
		r.finish(ctx, got, takeCompany)
	case got.is(registration.ActAdminSession):
		r.openSession(ctx, got)
	}
}

// openSession has the wallet show a new QR code; asked for again, or with the role chosen anew, it replaces the old one.
func (r *regCase) openSession(ctx workflow.Context, a *act) {
	r.ask(ctx, a, own, "The wallet opens a QR session", openSession)
}
