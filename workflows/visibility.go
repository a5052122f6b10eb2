package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shiming/registration"
)

var (
	attrState     = temporal.NewSearchAttributeKeyKeyword(registration.AttrState)
	attrWaitingOn = temporal.NewSearchAttributeKeyKeyword(registration.AttrWaitingOn)
	attrDueAt     = temporal.NewSearchAttributeKeyTime(registration.AttrDueAt)
	attrOverdue   = temporal.NewSearchAttributeKeyBool(registration.AttrOverdue)
	attrProblem   = temporal.NewSearchAttributeKeyKeyword(registration.AttrProblem)
)

// publish has ops find the process by where it stands: what has changed is written, in one event, for each costs the engine more than
// the step itself. What the run was started with is not written again.
func (f *flow) publish(ctx workflow.Context) {
	shown := workflow.GetTypedSearchAttributes(ctx)
	var updates []temporal.SearchAttributeUpdate
	if state, _ := shown.GetKeyword(attrState); state != string(f.State) && f.State != registration.None {
		updates = append(updates, attrState.ValueSet(string(f.State)))
	}
	if party, _ := shown.GetKeyword(attrWaitingOn); party != string(f.State.WaitingOn()) && f.State != registration.None {
		updates = append(updates, attrWaitingOn.ValueSet(string(f.State.WaitingOn())))
	}
	if overdue, _ := shown.GetBool(attrOverdue); overdue != f.Overdue {
		updates = append(updates, attrOverdue.ValueSet(f.Overdue))
	}
	updates = append(updates, f.publishDue(shown)...)
	if problem, _ := shown.GetKeyword(attrProblem); problem != f.problem() {
		updates = append(updates, setOrUnset(attrProblem, f.problem()))
	}
	if len(updates) == 0 {
		return
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, updates...); err != nil {
		workflow.GetLogger(ctx).Error("search attributes were not written", "error", err)
	}
}

// publishDue shows until when the bank or a reviewer has time, or an amount may be entered. Inactivity's end moves with every act and is not worth an event
// each.
func (f *flow) publishDue(shown temporal.SearchAttributes) []temporal.SearchAttributeUpdate {
	due, known := shown.GetTime(attrDueAt)
	switch {
	case f.Due == nil || !f.State.HasDeadline():
		if known {
			return []temporal.SearchAttributeUpdate{attrDueAt.ValueUnset()}
		}
	case !known || !due.Equal(f.Due.At):
		return []temporal.SearchAttributeUpdate{attrDueAt.ValueSet(f.Due.At)}
	}
	return nil
}

// problem is what keeps the process from going on, for ops to search for; empty: nothing.
func (f *flow) problem() string {
	if f.halted {
		return registration.ProblemDatabaseBehind
	}
	return ""
}

func setOrUnset(key temporal.SearchAttributeKeyKeyword, value string) temporal.SearchAttributeUpdate {
	if value == "" {
		return key.ValueUnset()
	}
	return key.ValueSet(value)
}

// describe tells ops in words where the process stands.
func (f *flow) describe(ctx workflow.Context) {
	text := fmt.Sprintf("**%s**, waiting on %s", f.State, f.State.WaitingOn())
	if f.Due != nil {
		text += ", due " + f.Due.At.Format(time.RFC3339)
	}
	if f.Overdue {
		text += " (overdue)"
	}
	workflow.SetCurrentDetails(ctx, text)
}
