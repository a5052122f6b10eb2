package restore

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/registration"
)

const (
	hands = 8   // rows that are looked at side by side
	page  = 500 // rows that are read at a time
	// follows is how often, and after which pause, a run is looked for again that another case's was in the way of.
	follows     = 10
	followPause = time.Second
	// everything is more than there is of anything that is under way.
	everything = 1_000_000
)

// engineSubject is what a finding about an engine that is behind is about.
const engineSubject = "engine"

// Rebuild brings an engine that is behind, which is doubted first, to where the rows stand, all of them at once: runs that are gone are
// started from their rows, the others told to look. Once all is done the engine is given a mark, and only then it is not behind any more.
func (k *Keeper) Rebuild(ctx context.Context) error {
	sure, why, err := k.surelyBehind(ctx)
	if err != nil || !sure {
		return err
	}
	k.Log.Warn("the engine is older than the database: its runs are rebuilt from their rows", "why", why)
	if err := k.Book.Find(ctx, registration.FindingEngineBehind, engineSubject, "", why); err != nil {
		return err
	}
	for _, do := range []func(context.Context) error{k.over, k.openCases, k.payments, k.notices, k.deliveries} {
		if err := do(ctx); err != nil {
			return err
		}
	}
	if err := k.raise(ctx, true); err != nil {
		return err
	}
	k.Log.Info("the engine stands where the database stands")
	return k.Book.Gone(ctx, registration.FindingEngineBehind, engineSubject)
}

// over tells runs to look that the engine has running again although their cases have ended.
func (k *Keeper) over(ctx context.Context) error {
	return k.Engine.Running(ctx, func(l engine.Listed) error {
		if l.Type == registration.PayoutWorkflow { // it finds that the bank has answered
			return nil
		}
		origin, err := k.Engine.Origin(ctx, l)
		if errors.Is(err, engine.ErrNoRun) {
			return nil
		}
		if err != nil {
			return err
		}
		switch run, err := k.Book.RunOf(ctx, origin.ID); {
		case errors.Is(err, postgres.ErrNotFound):
			return nil
		case err != nil:
			return err
		case !run.Ended:
			return nil
		}
		return orNone(k.Engine.Nudge(ctx, l.WorkflowID, origin.ID))
	})
}

func orNone(err error) error {
	if errors.Is(err, engine.ErrNoRun) {
		return nil
	}
	return err
}

// openCases looks at every open row.
func (k *Keeper) openCases(ctx context.Context) error { return k.eachOpen(ctx, k.stands) }

// eachOpen does something with each open row.
func (k *Keeper) eachOpen(ctx context.Context, do func(ctx context.Context, id string) error) error {
	for after := ""; ; {
		ids, err := k.Book.OpenAfter(ctx, after, page)
		if err != nil {
			return err
		}
		if err := sideBySide(ctx, ids, do); err != nil || len(ids) < page {
			return err
		}
		after = ids[len(ids)-1]
	}
}

// sideBySide does something with all of them, some at a time.
func sideBySide[T any](ctx context.Context, all []T, do func(context.Context, T) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(hands)
	for _, one := range all {
		g.Go(func() error { return do(ctx, one) })
	}
	return g.Wait()
}

// stands sees to it that an open row has a run that knows it. Where the run of a case of before is in the way, it is told to look, ends,
// and makes room.
func (k *Keeper) stands(ctx context.Context, id string) error {
	for range follows {
		run, err := k.Book.RunOf(ctx, id)
		if err != nil || run.Ended {
			return err
		}
		seen, err := k.Engine.Look(ctx, run.WorkflowID)
		switch {
		case err != nil:
			return err
		case !seen.Runs:
			return k.resume(ctx, run)
		}
		if err := orNone(k.Engine.Nudge(ctx, run.WorkflowID, id)); err != nil || run.RunID == "" || run.RunID == seen.RunID {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(followPause):
		}
	}
	return nil // the reconciler goes on looking
}

// resume starts a run where the row stands.
func (k *Keeper) resume(ctx context.Context, run postgres.Run) error {
	if err := begin(ctx, k.Book, k.Engine, run); err != nil {
		return err
	}
	return k.Book.Resumed(ctx, run.ID)
}

func (k *Keeper) payments(ctx context.Context) error {
	all, err := k.Book.UnansweredPayments(ctx, 0, everything)
	if err != nil {
		return err
	}
	return sideBySide(ctx, all, func(ctx context.Context, p postgres.Unanswered) error {
		return k.Engine.Start(ctx, registration.PayoutWorkflow, registration.PayoutWorkflowID(p.ID), "Started again", p.ID)
	})
}

func (k *Keeper) notices(ctx context.Context) error {
	all, err := k.Book.UnsentNotices(ctx, 0, everything)
	if err != nil {
		return err
	}
	return sideBySide(ctx, all, func(ctx context.Context, u postgres.UnsentNotices) error {
		return k.Engine.Start(ctx, registration.NoticesWorkflow, registration.NoticeWorkflowID(u.Ref), "Started again", u.Notices)
	})
}

func (k *Keeper) deliveries(ctx context.Context) error {
	all, err := k.Book.PendingDeliveries(ctx, 0, everything)
	if err != nil {
		return err
	}
	return sideBySide(ctx, all, func(ctx context.Context, d registration.Delivery) error {
		return k.Engine.Start(ctx, registration.WebhookWorkflow, registration.DeliveryWorkflowID(d.ID, d.Round), "Started again", d)
	})
}
