package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"shiming/registration"
)

// patience is how long one piece of a round may take: one row, one workflow, or one statement about many.
const patience = 5 * time.Second

// errNotHeld says that another process reconciles.
var errNotHeld = errors.New("reconcile: another process has the lease")

func (r *Reconciler) patience() time.Duration {
	if r.Patience > 0 {
		return r.Patience
	}
	return patience
}

// leased is for how long the lease is taken: one and a half rounds, so that a holder that died is soon replaced, and in any case
// long enough for the piece that is begun with half of it left.
func (r *Reconciler) leased() time.Duration { return max(r.Every*3/2, 4*r.patience()) }

// hold takes the lease, or keeps it: a round that takes long must not be joined by another's. It returns [errNotHeld] if it is
// another's.
func (r *Reconciler) hold(ctx context.Context) error {
	if time.Until(r.until) > r.leased()/2 {
		return nil
	}
	if r.holder == "" {
		r.holder = registration.NewID("rec")
	}
	ctx, cancel := context.WithTimeout(ctx, r.patience())
	defer cancel()
	asked := time.Now()
	held, err := r.Book.Lease(ctx, lease, r.holder, r.leased())
	switch {
	case err != nil:
		return fmt.Errorf("reconcile: lease: %w", err)
	case !held:
		return errNotHeld
	}
	r.until = asked.Add(r.leased())
	return nil
}

// piece does one piece of a round, within its time and under the lease.
func (r *Reconciler) piece(ctx context.Context, do func(context.Context) error) error {
	if err := r.hold(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, r.patience())
	defer cancel()
	return do(ctx)
}

// asked is a piece that has an answer.
func asked[T any](ctx context.Context, r *Reconciler, ask func(context.Context) (T, error)) (answer T, err error) {
	err = r.piece(ctx, func(ctx context.Context) error {
		answer, err = ask(ctx)
		return err
	})
	return answer, err
}

// each makes a piece of every item that there is time for, of the first in any case, and says how many it has come to: an item that
// fails, or that takes too long, keeps no other from its turn.
func each[T any](ctx context.Context, r *Reconciler, until time.Time, items []T, do func(context.Context, T) error) (reached int, err error) {
	var errs []error
	for i, item := range items {
		switch {
		case ctx.Err() != nil:
			return i, errors.Join(append(errs, ctx.Err())...)
		case i > 0 && !time.Now().Before(until):
			return i, errors.Join(append(errs, fmt.Errorf("reconcile: no time was left for %d of %d; a later round comes to them", len(items)-i, len(items)))...)
		}
		if err := r.piece(ctx, func(ctx context.Context) error { return do(ctx, item) }); err != nil {
			errs = append(errs, fmt.Errorf("%v: %w", item, err))
		}
	}
	return len(items), errors.Join(errs...)
}
