package workflows

import (
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// IndividualRegistration carries one person or small team from application to decision (guide, section 5.1).
func IndividualRegistration(ctx workflow.Context, app registration.Application) (registration.State, error) {
	c := newCase(app)
	return c.run(ctx, steps{
		registration.IdentityRequired:   c.takeCard,
		registration.CardCodeRequired:   c.confirmCard,
		registration.DetailsRequired:    c.collectDetails,
		registration.UnderReview:        c.awaitDecision,
		registration.CorrectionRequired: c.collectDetails,
	})
}
