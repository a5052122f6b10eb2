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
)

// searchable is what ops can search for.
type searchable struct {
	known   bool // this run has written it
	state   registration.State
	overdue bool
	due     time.Time
}

// searchable is what ops should find now. Due dates that every act moves (inactivity's) are not worth an event each:
// only those of a payment or a review are shown.
func (c *regCase) searchable() searchable {
	s := searchable{known: true, state: c.State, overdue: c.Overdue}
	if c.Due != nil && c.waits(registration.PayoutPending, registration.DepositRequired, registration.UnderReview) {
		s.due = c.Due.At
	}
	return s
}

// publish upserts the search attributes that have changed, in one event.
func (c *regCase) publish(ctx workflow.Context) {
	now := c.searchable()
	publish(ctx, c.shown, now)
	c.shown = now
}

func publish(ctx workflow.Context, shown, now searchable) {
	if now == shown {
		return
	}
	updates := []temporal.SearchAttributeUpdate{}
	if !shown.known || now.state != shown.state {
		updates = append(updates, attrState.ValueSet(string(now.state)), attrWaitingOn.ValueSet(string(now.state.WaitingOn())))
	}
	if !shown.known || now.overdue != shown.overdue {
		updates = append(updates, attrOverdue.ValueSet(now.overdue))
	}
	switch {
	case shown.known && now.due.Equal(shown.due):
	case now.due.IsZero():
		updates = append(updates, attrDueAt.ValueUnset())
	default:
		updates = append(updates, attrDueAt.ValueSet(now.due))
	}
	if len(updates) == 0 {
		return
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, updates...); err != nil {
		workflow.GetLogger(ctx).Error("search attributes were not written", "error", err)
	}
}

// describe tells ops in words where the registration stands.
func (c *regCase) describe(ctx workflow.Context) {
	text := fmt.Sprintf("**%s**, waiting on %s", c.State, c.State.WaitingOn())
	if c.Due != nil {
		text += ", due " + c.Due.At.Format(time.RFC3339)
	}
	if c.Overdue {
		text += " (overdue)"
	}
	workflow.SetCurrentDetails(ctx, text)
}
