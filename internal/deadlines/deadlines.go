// Package deadlines has open deadlines follow the calendar: when a release or HOLIDAYS_FILE brings another one into force,
// those that it moves are found at once, and not when their timers ring.
//
// It promises to notice another calendar within seconds; that every open deadline counted in working days is then as it says,
// later only, with its run, its timeline and whoever was told a date told of it; that ops gets one summary a change; and that
// a worker which dies in the middle is replaced by another, which goes on with what is left.
//
// It refuses to move a deadline earlier, and to work for a calendar that is not the newest of those that living workers have:
// in a rolling release the two kinds of workers do not undo each other's work.
package deadlines

import (
	"context"
	"log/slog"
	"time"

	"shiming/internal/rounds"
	"shiming/internal/workday"
	"shiming/registration"
)

const (
	// lease is of one calendar: a newer one need not wait for the worker of an older.
	lease = "calendar "
	// Every is how often the calendar is looked at.
	Every = 3 * time.Second
	// leased is for how long nobody else takes over from a worker that may have died.
	leased = 10 * time.Second
)

// Book is the database's part.
type Book interface {
	Lease(ctx context.Context, name, holder string, within time.Duration) (bool, error)
	SeeCalendar(ctx context.Context, holder string, e workday.Edition) (inForce bool, err error)
	LeaveCalendar(ctx context.Context, holder string) error
	CalendarChange(ctx context.Context, e workday.Edition) (cause int64, err error)
	MoveDeadlines(ctx context.Context, cause int64) error
	CalendarFollowed(ctx context.Context, cause int64, begun time.Time) error
}

// Keeper is the job, of one worker.
type Keeper struct {
	Book     Book
	Calendar workday.Calendar // the one that Book counts by
	Every    time.Duration
	Now      func() time.Time
	Log      *slog.Logger
	holder   string
}

// Run keeps deadlines until ctx ends. Trouble is logged and met again in the next round.
func (k *Keeper) Run(ctx context.Context) {
	rounds.AtOnce(ctx, k.Every, k.Log, "deadlines: not every one follows the calendar yet; the next round goes on", k.Round)
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := k.Book.LeaveCalendar(leaving, k.holder); err != nil {
		k.Log.Warn("deadlines: this worker's calendar counts for a minute more", "error", err)
	}
}

// Round looks once at the calendar, and moves what it moves.
func (k *Keeper) Round(ctx context.Context) error {
	if k.holder == "" {
		k.holder = registration.NewID("cal")
	}
	edition := k.Calendar.Edition()
	inForce, err := k.Book.SeeCalendar(ctx, k.holder, edition)
	if err != nil || !inForce {
		return err
	}
	if held, err := k.Book.Lease(ctx, lease+edition.Version, k.holder, leased); err != nil || !held {
		return err
	}
	cause, err := k.Book.CalendarChange(ctx, edition)
	if err != nil || cause == 0 {
		return err
	}
	begun := k.Now()
	if err := k.Book.MoveDeadlines(ctx, cause); err != nil {
		return err
	}
	if k.Calendar.Edition().Version != edition.Version { // it has changed meanwhile: that is another change, which looks again
		return nil
	}
	k.Log.Info("deadlines: every open one is as the calendar says", "calendar", edition.Words, "version", edition.Version)
	return k.Book.CalendarFollowed(ctx, cause, begun)
}
