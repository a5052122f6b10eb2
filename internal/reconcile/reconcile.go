// Package reconcile brings rows and runs back together when they have parted: a worker died at the wrong moment, somebody
// terminated or reset a run, a message's workflow was ended by hand.
//
// It promises to look every minute at what has not been acknowledged, and slowly at everything that is open; to tell a run
// that is behind to read its row, to start a run again that two looks, a minute apart, have not found, and the workflows of
// payments, notices and deliveries that somebody ended; and to make a finding for ops of whatever it cannot mend. One process
// does so at a time. A round ends however slowly engine and database answer: everything in it has its time, and what was not
// come to is come to by a later round.
//
// It refuses to terminate anything, to decide by itself what only a person can know, and to cost a healthy run an event.
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/internal/rounds"
	"shiming/registration"
)

const (
	lease    = "reconcile"
	atOnce   = 100 // of each kind, a round
	sweeping = 50  // open registrations and clearings that are looked at a round, whatever is known of them
	// unopenedKeys are the data keys that are looked at a round: more than openings can come in a minute.
	unopenedKeys = 5000
	// failing is how often a run may have tried its task before that is a finding: it is tried with growing pauses.
	failing = 6
	// behind is after how many intervals without a report a run that was told to look is a finding.
	behind = 5
)

// Book is the database's part.
type Book interface {
	Lease(ctx context.Context, name, holder string, within time.Duration) (bool, error)
	Swept(ctx context.Context, name string) (string, error)
	SweptTo(ctx context.Context, name, after string) error
	Unacknowledged(ctx context.Context, since time.Duration, limit int) ([]string, error)
	OpenAfter(ctx context.Context, after string, limit int) ([]string, error)
	RunOf(ctx context.Context, id string) (postgres.Run, error)
	Missing(ctx context.Context, id string) (time.Time, error)
	Found(ctx context.Context, id string) error
	ResumeOf(ctx context.Context, id string) (postgres.Resumable, error)
	Resumed(ctx context.Context, id string) error
	LookAfterEnd(ctx context.Context, id string) error
	UnansweredPayments(ctx context.Context, since time.Duration, limit int) ([]postgres.Unanswered, error)
	UnsentNotices(ctx context.Context, since time.Duration, limit int) ([]postgres.UnsentNotices, error)
	PendingDeliveries(ctx context.Context, since time.Duration, limit int) ([]registration.Delivery, error)
	Find(ctx context.Context, kind registration.FindingKind, subject, accountID, tried string) error
	Gone(ctx context.Context, kind registration.FindingKind, subject string) error
	FindUndelivered(ctx context.Context) error
	FindPaused(ctx context.Context) error
	IsHeld(ctx context.Context) (bool, error)
	FindHeld(ctx context.Context) error
	TellFindings(ctx context.Context) error
	ResolveHealed(ctx context.Context) error
	CloseLateActs(ctx context.Context) error
	PruneActs(ctx context.Context, limit int) error
	PruneSpending(ctx context.Context) error
	ForgetUnopened(ctx context.Context, limit int) (int, error)
}

// Engine is the engine's part.
type Engine interface {
	Look(ctx context.Context, workflowID string) (engine.Seen, error)
	Nudge(ctx context.Context, workflowID, id string) error
	Start(ctx context.Context, workflow, id, summary string, args ...any) error
	Resume(ctx context.Context, app registration.Application) error
	ResumeClearing(ctx context.Context, app registration.ClearingApplication) error
}

// Papers are the scans, beside the database.
type Papers interface {
	// Lost lists those whose documents were found not to be there, or not to open; Recheck looks again for those of one.
	Lost(ctx context.Context) ([]string, error)
	Recheck(ctx context.Context, subject string) error
}

// Reconciler is the job. One goroutine runs it.
type Reconciler struct {
	Book   Book
	Engine Engine
	Papers Papers
	Every  time.Duration // between two rounds; also what "a minute apart" means
	// Patience is how long one row, one workflow or one statement about many may take; 0: 5 s.
	Patience time.Duration
	Now      func() time.Time
	Log      *slog.Logger

	holder string
	until  time.Time // the lease is this process's
}

// Run reconciles until ctx ends. Trouble is logged and met again in the next round.
func (r *Reconciler) Run(ctx context.Context) {
	rounds.Every(ctx, r.Every, r.Log, "reconcile: a round met trouble; the next one looks again", r.Round)
}

// Round looks once at everything that is due, unless another process does so. While the database is held after a restore it mends
// nothing: where rows and runs have parted is then what a repair goes by.
func (r *Reconciler) Round(ctx context.Context) error {
	r.until = time.Time{} // whoever held the lease before may have lost it
	switch err := r.hold(ctx); {
	case errors.Is(err, errNotHeld):
		return nil
	case err != nil:
		return err
	}
	held, err := r.Book.IsHeld(ctx)
	if err != nil {
		return err
	}
	if held {
		return r.pieces(ctx, r.Book.CloseLateActs, r.Book.FindHeld, r.Book.FindPaused, r.Book.TellFindings)
	}
	return errors.Join(r.piece(ctx, r.Book.CloseLateActs), r.look(ctx), r.pieces(ctx,
		r.Book.FindUndelivered, r.Book.FindPaused, r.Book.ResolveHealed, r.Book.TellFindings,
		func(ctx context.Context) error { return r.Book.PruneActs(ctx, 1000) }, r.Book.PruneSpending, r.unopened))
}

// pieces does several things, each in its time.
func (r *Reconciler) pieces(ctx context.Context, all ...func(context.Context) error) error {
	var errs []error
	for _, do := range all {
		errs = append(errs, r.piece(ctx, do))
	}
	return errors.Join(errs...)
}

// look holds rows against the engine and the storage of scans, which may be slow: all of it may take as long as there is between two rounds, and each part
// has an equal share of what is left of that.
func (r *Reconciler) look(ctx context.Context) error {
	end := time.Now().Add(r.Every)
	parts := []func(ctx context.Context, until time.Time) error{r.unacknowledged, r.sweep, r.payments, r.notices, r.deliveries, r.papers}
	var errs []error
	for i, part := range parts {
		errs = append(errs, part(ctx, time.Now().Add(time.Until(end)/time.Duration(len(parts)-i))))
	}
	return errors.Join(errs...)
}

func (r *Reconciler) unacknowledged(ctx context.Context, until time.Time) error {
	ids, err := asked(ctx, r, func(ctx context.Context) ([]string, error) { return r.Book.Unacknowledged(ctx, r.Every, atOnce) })
	_, failed := each(ctx, r, until, ids, r.examine)
	return errors.Join(err, failed)
}

// sweep looks at some of what is open, as if nothing were known of it, and at the next ones in the next round.
func (r *Reconciler) sweep(ctx context.Context, until time.Time) error {
	after, err := asked(ctx, r, func(ctx context.Context) (string, error) { return r.Book.Swept(ctx, lease) })
	if err != nil {
		return err
	}
	ids, err := asked(ctx, r, func(ctx context.Context) ([]string, error) { return r.Book.OpenAfter(ctx, after, sweeping) })
	if err != nil {
		return err
	}
	reached, err := each(ctx, r, until, ids, r.examine)
	switch {
	case reached == len(ids) && reached < sweeping: // the end
		after = ""
	case reached > 0:
		after = ids[reached-1]
	}
	return errors.Join(err, r.piece(ctx, func(ctx context.Context) error { return r.Book.SweptTo(ctx, lease, after) }))
}

// unopened forgets what was handed in for openings that came to nothing.
func (r *Reconciler) unopened(ctx context.Context) error {
	forgotten, err := r.Book.ForgetUnopened(ctx, unopenedKeys)
	if forgotten > 0 {
		r.Log.Info("reconcile: what was handed in for openings that came to nothing was left behind, and is forgotten", "openings", forgotten)
	}
	return err
}

// papers looks again for documents that are lost, of one registration or clearing after the other.
func (r *Reconciler) papers(ctx context.Context, until time.Time) error {
	lost, err := asked(ctx, r, r.Papers.Lost)
	_, failed := each(ctx, r, until, lost, r.Papers.Recheck)
	return errors.Join(err, failed)
}

// examine holds one row against its run.
func (r *Reconciler) examine(ctx context.Context, id string) error {
	run, err := r.Book.RunOf(ctx, id)
	if err != nil {
		return err
	}
	if run.Ended && run.Superseded {
		return r.Book.LookAfterEnd(ctx, id)
	}
	seen, err := r.Engine.Look(ctx, run.WorkflowID)
	switch {
	case err != nil:
		return err
	case !seen.Runs && run.Ended:
		return r.Book.LookAfterEnd(ctx, id)
	case !seen.Runs:
		return r.missing(ctx, run)
	}
	if run.MissingSince != nil {
		err = r.Book.Found(ctx, id)
	}
	return errors.Join(err, r.lagging(ctx, run, seen))
}

// missing starts a run again that was not found twice.
func (r *Reconciler) missing(ctx context.Context, run postgres.Run) error {
	since, err := r.Book.Missing(ctx, run.ID)
	if err != nil || r.Now().Sub(since) < r.Every*9/10 {
		return err
	}
	from, err := r.Book.ResumeOf(ctx, run.ID)
	if err != nil {
		return err
	}
	r.Log.Warn("reconcile: a run was gone and is started again from its row", "id", run.ID, "missing_since", since)
	if from.Clearing != nil {
		err = r.Engine.ResumeClearing(ctx, *from.Clearing)
	} else {
		err = r.Engine.Resume(ctx, *from.Registration)
	}
	if err != nil {
		return err
	}
	return r.Book.Resumed(ctx, run.ID)
}

// lagging tells a run to look that is behind its row, or that is not the one that took the last step: it was reset.
func (r *Reconciler) lagging(ctx context.Context, run postgres.Run, seen engine.Seen) error {
	if seen.FailedTasks >= failing {
		return r.Book.Find(ctx, registration.FindingRunFailing, run.ID, run.AccountID,
			fmt.Sprintf("the run's task has been tried %d times; it is tried on, with growing pauses", seen.FailedTasks))
	}
	err := r.Book.Gone(ctx, registration.FindingRunFailing, run.ID)
	if run.Acknowledged == run.Version && run.RunID == seen.RunID {
		return err
	}
	err = errors.Join(err, r.Engine.Nudge(ctx, run.WorkflowID, run.ID))
	if run.BehindSince == nil { // a run that was reset has only been told now
		return err
	}
	late := r.Now().Sub(*run.BehindSince)
	if late <= behind*r.Every {
		return err
	}
	return errors.Join(err, r.Book.Find(ctx, registration.FindingRunBehind, run.ID, run.AccountID,
		fmt.Sprintf("the run was told to look every %s for %s, and has not reported version %d", r.Every, late.Round(time.Second), run.Version)))
}

// payments starts payments again whose workflow somebody ended.
func (r *Reconciler) payments(ctx context.Context, until time.Time) error {
	unanswered, err := asked(ctx, r, func(ctx context.Context) ([]postgres.Unanswered, error) {
		return r.Book.UnansweredPayments(ctx, 2*r.Every, atOnce)
	})
	_, failed := each(ctx, r, until, unanswered, func(ctx context.Context, p postgres.Unanswered) error {
		return r.again(ctx, registration.PayoutWorkflow, registration.PayoutWorkflowID(p.ID), func() error {
			return r.Book.Find(ctx, registration.FindingPayoutFailed, p.ID, p.AccountID,
				"the workflow of this payment of "+p.RegistrationID+" failed; it is not started again by itself")
		}, p.ID)
	})
	return errors.Join(err, failed)
}

// notices starts notices again whose workflow somebody ended.
func (r *Reconciler) notices(ctx context.Context, until time.Time) error {
	unsent, err := asked(ctx, r, func(ctx context.Context) ([]postgres.UnsentNotices, error) {
		return r.Book.UnsentNotices(ctx, 2*r.Every, atOnce)
	})
	_, failed := each(ctx, r, until, unsent, func(ctx context.Context, u postgres.UnsentNotices) error {
		return r.again(ctx, registration.NoticesWorkflow, registration.NoticeWorkflowID(u.Ref), func() (err error) {
			for _, n := range u.Notices {
				err = errors.Join(err, r.Book.Find(ctx, registration.FindingUndelivered, n.ID, "", "notice: its workflow failed; it is not started again by itself"))
			}
			return err
		}, u.Notices)
	})
	return errors.Join(err, failed)
}

// deliveries starts deliveries to subscribers again whose workflow somebody ended.
func (r *Reconciler) deliveries(ctx context.Context, until time.Time) error {
	all, err := asked(ctx, r, func(ctx context.Context) ([]registration.Delivery, error) {
		return r.Book.PendingDeliveries(ctx, 2*r.Every, atOnce)
	})
	_, failed := each(ctx, r, until, all, func(ctx context.Context, d registration.Delivery) error {
		return r.again(ctx, registration.WebhookWorkflow, registration.DeliveryWorkflowID(d.ID, d.Round), func() error {
			return r.Book.Find(ctx, registration.FindingUndelivered, d.ID, "", "webhook: its workflow failed; it is not started again by itself")
		}, d)
	})
	return errors.Join(err, failed)
}

// again starts a workflow that was ended before its work was done. One that has failed by itself is found instead.
func (r *Reconciler) again(ctx context.Context, workflow, id string, find func() error, args ...any) error {
	seen, err := r.Engine.Look(ctx, id)
	switch {
	case err != nil || seen.Runs:
		return err
	case seen.Failed:
		return find()
	}
	r.Log.Warn("reconcile: a workflow was ended before its work was done and is started again", "workflow_id", id)
	return r.Engine.Start(ctx, workflow, id, "Started again", args...)
}
