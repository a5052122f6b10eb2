package restore

import (
	"context"
	"errors"
	"time"

	"shiming/internal/engine"
	"shiming/internal/postgres"
	"shiming/registration"
)

// beginner starts runs where rows stand.
type beginner interface {
	Resume(ctx context.Context, app registration.Application) error
	ResumeClearing(ctx context.Context, app registration.ClearingApplication) error
}

// Runs is what a repair of one case needs of the engine.
type Runs interface {
	beginner
	Look(ctx context.Context, workflowID string) (engine.Seen, error)
	Known(ctx context.Context, workflowID string) (version int64, err error)
	Nudge(ctx context.Context, workflowID, id string) error
}

// Done is what was found of one case's run, and done about it.
type Done struct {
	Subject string
	Done    string // postgres.RepairStarted and so on
	Found   string // in words
}

// One repairs the run of one registration or clearing, by a person's word, who is on its timeline. Not while the database is held: what runs
// know is what the whole repair goes by; nor a run that knows more than its row, for the same reason. The error may be a refusal.
func One(ctx context.Context, book *postgres.Store, runs Runs, id, by, reason string) (Done, error) {
	if refusal, err := book.Held(ctx); refusal != nil || err != nil {
		if refusal != nil {
			err = refusal.Saying("The database is held after a restore: have it repaired as a whole first (starter repair --all).")
		}
		return Done{}, err
	}
	run, err := book.RunOf(ctx, id)
	if err != nil {
		return Done{}, err
	}
	seen, err := runs.Look(ctx, run.WorkflowID)
	if err != nil {
		return Done{}, err
	}
	d, err := mend(ctx, book, runs, run, seen)
	if err != nil {
		return Done{}, err
	}
	d.Subject = id
	return d, book.Repaired(ctx, id, d.Done, by, reason)
}

func mend(ctx context.Context, book *postgres.Store, runs Runs, run postgres.Run, seen engine.Seen) (Done, error) {
	switch {
	case !seen.Runs && run.Ended:
		return Done{Done: postgres.RepairNothing, Found: "it has ended, and so has its run"}, nil
	case !seen.Runs:
		return Done{Done: postgres.RepairStarted, Found: "it is open and had no run"}, begin(ctx, book, runs, run)
	case run.Ended:
		return Done{Done: postgres.RepairTold, Found: "it has ended, and a run of its account goes on"}, runs.Nudge(ctx, run.WorkflowID, run.ID)
	case run.Held:
		return Done{}, ahead(run)
	}
	known, answered := whatItKnows(ctx, runs, run)
	switch {
	case known > run.Version:
		return Done{}, ahead(run)
	case answered && known < run.Version, run.Acknowledged < run.Version, run.RunID != seen.RunID:
		return Done{Done: postgres.RepairTold, Found: "its run is behind its row"}, runs.Nudge(ctx, run.WorkflowID, run.ID)
	}
	return Done{Done: postgres.RepairNothing, Found: "its run agrees with its row"}, nil
}

// ahead refuses a run that knows more than its row. Another in its place could make a payment a second time that the row has
// forgotten: only the bank can say.
func ahead(run postgres.Run) error {
	refusal := registration.Refuse(registration.CodeWrongState).Saying("Its run knows more than its row: the database was restored. " +
		"Have it repaired as a whole, which asks the bank what was paid: starter repair --all --since TIME, the moment that the database was restored to.")
	refusal.State = run.State
	return refusal
}

// askedWithin bounds the question to a run what it knows: no worker may be there to answer.
const askedWithin = 3 * time.Second

// whatItKnows asks a run which version of its row it knows.
func whatItKnows(ctx context.Context, runs Runs, run postgres.Run) (version int64, answered bool) {
	ctx, cancel := context.WithTimeout(ctx, askedWithin)
	defer cancel()
	version, err := runs.Known(ctx, run.WorkflowID)
	return version, err == nil
}

// begin starts a run where the row stands. One that somebody else has started meanwhile is as good.
func begin(ctx context.Context, book *postgres.Store, runs beginner, run postgres.Run) error {
	from, err := book.ResumeOf(ctx, run.ID)
	switch {
	case err != nil:
		return err
	case from.Clearing != nil:
		return runs.ResumeClearing(ctx, *from.Clearing)
	case from.Registration == nil:
		return errors.New("restore: the row says nothing to start from")
	}
	return runs.Resume(ctx, *from.Registration)
}
