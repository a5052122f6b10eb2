package restore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/internal/rounds"
	"shiming/registration"
)

const (
	lease = "restore"
	// Every is how often the mark is raised while anything is committed: what a restore may hide by its mark alone.
	Every = 10 * time.Second
	// newest is how many of the engine's newest workflows are looked for in the database at the start, for what no mark has seen.
	newest = 100 // of each sort
)

// Engine is the engine's part.
type Engine interface {
	Mark(ctx context.Context) (registration.Mark, error)
	KeepMark(ctx context.Context, mark registration.Mark) error
	Identity(ctx context.Context) (string, error)
	Newest(ctx context.Context, limit int) ([]engine.Listed, error)
	Running(ctx context.Context, each func(engine.Listed) error) error
	Since(ctx context.Context, since time.Time, each func(engine.Listed) error) error
	Origin(ctx context.Context, l engine.Listed) (engine.Origin, error)
	LastEvent(ctx context.Context, l engine.Listed) (time.Time, error)
	Now(ctx context.Context, l engine.Listed) (engine.Listed, error)
	End(ctx context.Context, workflowID, runID, why string) error
	Look(ctx context.Context, workflowID string) (engine.Seen, error)
	Attempts(ctx context.Context, workflowID string) (int, error)
	Nudge(ctx context.Context, workflowID, id string) error
	Start(ctx context.Context, workflow, id, summary string, args ...any) error
	Restart(ctx context.Context, workflow, id, summary string, args ...any) error
	beginner
}

// Keeper compares database and engine and keeps their marks. Any number may run; one at a time works.
type Keeper struct {
	Book   *postgres.Store
	Engine Engine
	Every  time.Duration
	Doubt  time.Duration // for how long an engine that seems to be behind is doubted; 0: 12 s
	Log    *slog.Logger
	holder string
}

// doubt is longer than the engine keeps a signal from the history while a task of the run is under way.
const doubt = 12 * time.Second

// within bounds one comparison, and what raises a mark: whichever of the two hangs, the next one asks again.
const within = 30 * time.Second

// again is how soon the first comparison is tried again when either side does not answer.
const again = 2 * time.Second

// Begin compares until it could, and holds the database if it is behind. Nothing may be opened or paid before it returns. It reports
// whether it has compared: it has not if ctx ended before.
func (k *Keeper) Begin(ctx context.Context) (compared bool) {
	for {
		v, err := k.Compare(ctx, true)
		if err == nil {
			k.Log.Info("database and engine were compared", "verdict", v.String())
			return true
		}
		k.Log.Warn("database and engine could not be compared yet; nothing is opened or paid until they are", "error", err)
		select {
		case <-ctx.Done():
			return false
		case <-time.After(again):
		}
	}
}

// Run keeps the marks until ctx ends. Trouble is logged and met again in the next round.
func (k *Keeper) Run(ctx context.Context) {
	k.holder = registration.NewID("rst")
	rounds.AtOnce(ctx, k.Every, k.Log, "restore: a round met trouble; the next one compares again", k.turn)
}

// turn looks whether the database has become older under this process, and has a round if no other process has.
func (k *Keeper) turn(ctx context.Context) error {
	looking, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	db, err := k.Book.AnchorNow(looking)
	if err != nil {
		return err
	}
	if v, why, _ := byItself(db); v == DatabaseBehind { // known to this process alone
		return k.hold(looking, why)
	}
	held, err := k.Book.Lease(looking, lease, k.holder, k.Every*3/2)
	if err != nil || !held {
		return err
	}
	return k.Round(ctx)
}

// Round compares once and does what follows: it raises the mark, holds the database, or rebuilds the engine's runs.
func (k *Keeper) Round(ctx context.Context) error {
	switch v, err := k.Compare(ctx, false); {
	case err != nil:
		return err
	case v == Held, v == DatabaseBehind:
		return k.Book.FindHeld(ctx)
	case v == EngineBehind:
		return k.Rebuild(ctx)
	case v == FirstStart:
		return k.raise(ctx, true)
	}
	return k.raise(ctx, false)
}

// Compare judges how database and engine stand to each other, and holds the database if it is behind. Thoroughly, it also looks
// for the engine's newest workflows in the database.
func (k *Keeper) Compare(ctx context.Context, thoroughly bool) (Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	v, why, err := k.judge(ctx, thoroughly)
	if err != nil || v != DatabaseBehind {
		return v, err
	}
	return v, k.hold(ctx, why)
}

// hold holds the database.
func (k *Keeper) hold(ctx context.Context, why string) error {
	k.Log.Error("the database is older than its engine: it is held until it is repaired (starter repair --all)", "why", why)
	return k.Book.Hold(ctx, why, time.Time{})
}

// judge reads the database, the engine and the database again, and changes nothing. What the database says by itself needs no
// engine.
func (k *Keeper) judge(ctx context.Context, thoroughly bool) (v Verdict, why string, err error) {
	before, err := k.Book.AnchorNow(ctx)
	if err != nil {
		return InStep, "", err
	}
	if v, why, told := byItself(before); told {
		return v, why, nil
	}
	kept, err := k.kept(ctx)
	if err != nil {
		return InStep, "", err
	}
	after, err := k.Book.AnchorNow(ctx)
	if err != nil {
		return InStep, "", err
	}
	v, why = Judge(before, kept, after)
	if !thoroughly || v != InStep && v != FirstStart {
		return v, why, nil
	}
	unknown, err := k.unknown(ctx, after.Repaired)
	if err != nil || len(unknown) == 0 {
		return v, why, err
	}
	return DatabaseBehind, fmt.Sprintf("the engine has run %d of its newest workflows for what the database does not know, %s for one", len(unknown), unknown[0]), nil
}

// surelyBehind doubts for a while that the engine is behind, and judges again: a mark that it has taken may come to the history a
// little later.
func (k *Keeper) surelyBehind(ctx context.Context) (sure bool, why string, err error) {
	select {
	case <-ctx.Done():
		return false, "", ctx.Err()
	case <-time.After(cmp.Or(k.Doubt, doubt)):
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	v, why, err := k.judge(ctx, false)
	return v == EngineBehind, why, err
}

// kept is the mark that the engine has kept, nil if it has none.
func (k *Keeper) kept(ctx context.Context) (*registration.Mark, error) {
	mark, err := k.Engine.Mark(ctx)
	if errors.Is(err, engine.ErrNoRun) {
		return nil, nil
	}
	return &mark, err
}

// unknown lists what the engine's newest workflows since a repair were for and the database does not know: the cases that had a row, for their
// runs have taken a step over, and the payments, whose workflow begins after their row.
func (k *Keeper) unknown(ctx context.Context, repaired time.Time) ([]string, error) {
	all, err := k.Engine.Newest(ctx, newest)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(l engine.Listed) bool { return l.Started.Before(repaired) }) // whatever it was for, a person was told
	var mu sync.Mutex
	var ids []string
	err = sideBySide(ctx, all, func(ctx context.Context, l engine.Listed) error {
		id, err := k.rowOf(ctx, l)
		if err == nil && id != "" {
			mu.Lock()
			defer mu.Unlock()
			ids = append(ids, id)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return k.Book.Unknown(ctx, ids)
}

// rowOf names the row that a workflow must have had; empty if it may have had none.
func (k *Keeper) rowOf(ctx context.Context, l engine.Listed) (id string, err error) {
	if payment, is := strings.CutPrefix(l.WorkflowID, registration.PayoutWorkflowID("")); is {
		return payment, nil
	}
	origin, err := k.Engine.Origin(ctx, l)
	if err != nil || !origin.Stood {
		return "", orNone(err) // forgotten meanwhile
	}
	return origin.ID, nil
}

// raise raises the database's mark if anything was committed since, or in any case, and has the engine keep it.
func (k *Keeper) raise(ctx context.Context, inAnyCase bool) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	a, err := k.Book.RaiseMark(ctx, inAnyCase)
	if err != nil || a.Number == a.Acknowledged {
		return err
	}
	id, err := k.Engine.Identity(ctx)
	if err != nil {
		return err
	}
	if err := k.Engine.KeepMark(ctx, a.Mark); err != nil {
		return err
	}
	return k.Book.MarkKept(ctx, a.Number, id)
}

// ErrHeld says that no mark is raised while the database is held, or ought to be.
var ErrHeld = errors.New("restore: the database is behind its engine; repair it first (starter repair --all)")

// RaiseMark raises the mark, whatever was committed, and has the engine keep it. To be called after every dump of the database: one that
// is restored is then always known to be older.
func RaiseMark(ctx context.Context, book *postgres.Store, e Engine) error {
	k := &Keeper{Book: book, Engine: e, Log: slog.New(slog.DiscardHandler)}
	switch v, err := k.Compare(ctx, false); {
	case err != nil:
		return err
	case v == Held, v == DatabaseBehind:
		return ErrHeld
	}
	return k.raise(ctx, true)
}
