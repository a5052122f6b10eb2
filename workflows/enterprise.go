package workflows

import (
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// EnterpriseRegistration carries one company from application to decision (guide, section 5.2).
func EnterpriseRegistration(ctx workflow.Context, app registration.Application) (registration.State, error) {
	c := newCase(app)
	return c.run(ctx, steps{
		registration.AdminIdentityRequired: c.verifyAdministrator,
		registration.CompanyRequired:       c.takeCompany,
		registration.PayoutPending:         c.awaitMoney,
		registration.DepositRequired:       c.confirmDeposit,
		registration.DepositFailed:         c.offerNewPayment,
		registration.DetailsRequired:       c.collectDetails,
		registration.UnderReview:           c.awaitDecision,
		registration.CorrectionRequired:    c.collectDetails,
	})
}
