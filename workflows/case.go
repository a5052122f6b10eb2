package workflows

import (
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

// regCase is one registration under way.
type regCase struct{ flow }

// newCase sets a registration up. The context is the one to work on.
func newCase(ctx workflow.Context, app registration.Application) (workflow.Context, *regCase) {
	r := &regCase{flow{kind: app.Kind, subject: app.RegistrationID, accountID: app.AccountID, taken: registration.CodeRegistrationExists}}
	ctx = r.begin(ctx)
	r.open = func(ctx workflow.Context) registration.StepResult {
		app.RunID = workflow.GetInfo(ctx).WorkflowExecution.RunID
		return record(ctx, openRegistration, app)
	}
	r.again = func(ctx workflow.Context, from *registration.Case) error {
		app.Case = from
		return workflow.NewContinueAsNewError(ctx, registration.WorkflowOf(app.Kind), app)
	}
	r.wake = r.lookAfterMoney
	return ctx, r
}

// lookAfterMoney looks at the row when its time has come. The bank is asked first about a report that is late, for it may have been
// lost; a bank that stays busy has nothing to say.
func (r *regCase) lookAfterMoney(ctx workflow.Context) {
	late := r.Late
	if late == "" {
		r.look(ctx)
		return
	}
	if _, err := ask(ctx, registration.BankLane, "Ask the bank about late money", askBank, late); err != nil {
		workflow.GetLogger(ctx).Warn("the bank could not be asked about a late payment", "payment_id", late)
	}
	result := r.whole(ctx, func() registration.StepResult {
		step := r.by(ctx, registration.ByClock)
		step.Asked = late
		return record(ctx, look, step)
	})
	r.adopt(ctx, result)
}

// collectDetails waits for contact, documents and corrections, which go straight to the database, and for the word that all is
// handed in, which leads to under_review. A company's information may still be corrected, and its administrator's role if that
// asks for it.
func (r *regCase) collectDetails(ctx workflow.Context) {
	switch got := r.next(ctx); {
	case got.is(registration.ActSubmit):
		r.finish(ctx, got, submit)
	case got.is(registration.ActCompany):
		r.finish(ctx, got, takeCompany)
	case got.is(registration.ActAdminSession):
		r.openSession(ctx, got)
	}
}
