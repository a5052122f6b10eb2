package postgres

import (
	"context"

	"shiming/registration"
)

// Steps are the activities of the runs: each is one step on a registration or a clearing, in one transaction, and answers the same
// when it is repeated.
type Steps struct{ store *Store }

// Steps are the store's steps.
func (s *Store) Steps() *Steps { return &Steps{s} }

// RefuseAct ends an act that changes nothing with its refusal; what it handed in, if anything, has served its purpose.
func (s *Steps) RefuseAct(ctx context.Context, step registration.Refusing) (registration.StepResult, error) {
	return s.store.RefuseAct(ctx, step)
}

// RefuseAct is [Steps.RefuseAct] for whoever takes it in process.
func (s *Store) RefuseAct(ctx context.Context, step registration.Refusing) (registration.StepResult, error) {
	return s.take(ctx, step.Step, func(ctx context.Context, c *change) (*registration.Refusal, error) {
		return &step.Refusal, c.dropInput(ctx)
	})
}

// Look brings a registration or a clearing to where everything leads that is stored about it, and that time brings: a scan that
// the wallet has reported, what the bank has said, an objection, a deadline that has passed, a reminder. Its result tells a run
// that has missed a step where the row stands, and when to look again. It may be taken any number of times, also after the end.
func (s *Steps) Look(ctx context.Context, step registration.Step) (registration.StepResult, error) {
	return s.store.look(ctx, step)
}

func (s *Store) look(ctx context.Context, step registration.Step) (registration.StepResult, error) {
	return s.take(ctx, step, func(ctx context.Context, c *change) (*registration.Refusal, error) { return nil, c.on.look(ctx) })
}

// LookAfterEnd does what is left to do for a registration or clearing whose run has ended with it.
func (s *Store) LookAfterEnd(ctx context.Context, id string) error {
	_, err := s.look(ctx, registration.Step{Subject: id, Actor: registration.ByBank})
	return err
}

// Submit freezes what was handed in as a review round, if nothing is missing.
func (s *Steps) Submit(ctx context.Context, step registration.Step) (registration.StepResult, error) {
	return s.store.takeAct(ctx, step, registration.ActSubmit, func(ctx context.Context, c *change) (*registration.Refusal, error) {
		return c.on.submit(ctx)
	})
}

// Decide applies a reviewer's decision on the round that was open when it was made, which must be claimed by nobody or by the
// reviewer. Who may decide a clearing, and how many must approve, is [registration.Approvals]'.
func (s *Steps) Decide(ctx context.Context, step registration.Step) (registration.StepResult, error) {
	return s.store.takeAct(ctx, step, registration.ActDecide, func(ctx context.Context, c *change) (*registration.Refusal, error) {
		return c.decide(ctx)
	})
}

// Withdraw ends a registration or a clearing at the applicant's wish. What it claimed is free again; a payment under way is void,
// and what the bank says of it later is still recorded.
func (s *Steps) Withdraw(ctx context.Context, step registration.Step) (registration.StepResult, error) {
	return s.store.takeAct(ctx, step, registration.ActWithdraw, func(ctx context.Context, c *change) (*registration.Refusal, error) {
		return nil, c.on.end(ctx, registration.WithdrawnByApplicant)
	})
}

// Cancelled does what a request to cancel the run comes to: a withdrawal by ops, where there is a way for it.
func (s *Steps) Cancelled(ctx context.Context, step registration.Step) (registration.StepResult, error) {
	return s.store.take(ctx, step, func(ctx context.Context, c *change) (*registration.Refusal, error) {
		if !registration.Knows(c.on.kind(), c.row.State, registration.WithdrawnByApplicant) {
			return nil, c.note(ctx, cancelIgnored, string(step.Actor))
		}
		return nil, c.on.end(ctx, registration.WithdrawnByApplicant)
	})
}

// cancelIgnored is what a timeline says of a request to cancel that the table knows no way for.
const cancelIgnored = "cancel_ignored"

// TakeCompany takes company information: checks it against the administrator, the bank account's name, other accounts'
// claims and the payment limit, and opens a new payment unless the one already made proves it.
func (s *Steps) TakeCompany(ctx context.Context, step registration.Step) (registration.StepResult, error) {
	return s.store.takeAct(ctx, step, registration.ActCompany, of((*regChange).takeCompany))
}

// NewPayout opens a new payment to the bank account on file, within the limit.
func (s *Steps) NewPayout(ctx context.Context, step registration.Step) (registration.StepResult, error) {
	return s.store.takeAct(ctx, step, registration.ActPayout, of((*regChange).newPayout))
}

// EnterAmount judges what the applicant read off the statement. Right: the organisation is claimed and the payment
// confirmed. Wrong: an attempt is burnt; the third voids the payment. The amounts are compared here, in memory.
func (s *Steps) EnterAmount(ctx context.Context, step registration.Step) (registration.StepResult, error) {
	return s.store.takeAct(ctx, step, registration.ActDeposit, of((*regChange).enterAmount))
}

// ClearingJudged goes on from waiting for eligibility, by the conditions that were just judged: to the materials if all
// are met; to them too, saying what is missing, if time alone does not cure what is left; else it waits on.
func (s *Steps) ClearingJudged(ctx context.Context, step registration.Step) (registration.StepResult, error) {
	return s.store.take(ctx, step, of((*clearingChange).judged))
}

// ClearingAttempt begins an attempt to clear, if the clearing is at that, and numbers it: each has a hold of its own. It names
// the attempt before if its hold may still be there: its run was lost or reset. The account is held for one clearing at a
// time: another waits, and one whose identity is gone by then ends.
func (s *Steps) ClearingAttempt(ctx context.Context, step registration.Step) (registration.StepResult, error) {
	return s.store.take(ctx, step, of((*clearingChange).beginAttempt))
}

// ClearingUnmet leads a clearing back to the applicant: a condition has stopped being met, and nothing was cleared.
func (s *Steps) ClearingUnmet(ctx context.Context, step registration.Step) (registration.StepResult, error) {
	return s.store.take(ctx, step, of((*clearingChange).attemptUnmet))
}

// ClearIdentity ends a clearing that the wallet has carried out: the person's binding is gone and free for another
// account, and the account must verify a new identity. An organisation's binding stays.
func (s *Steps) ClearIdentity(ctx context.Context, step registration.Step) (registration.StepResult, error) {
	return s.store.take(ctx, step, of((*clearingChange).cleared))
}
