package registration

import "fmt"

// Guard is a fact about the registration that chooses between two ways out of one state on one event.
type Guard string

// The guards, in the order in which a table lists them.
const (
	Always          Guard = ""
	IdentityNamed   Guard = "identity named"   // the reviewer's reasons name the identity
	CompanyUnproven Guard = "company unproven" // no confirmed payment to the bank account on file
	CorrectionsLeft Guard = "corrections left" // a named field has not been corrected yet
)

// Facts are what the guards look at. The transaction that records a transition reads them under the row's lock.
type Facts struct {
	IdentityNamed   bool
	CompanyUnproven bool
	CorrectionsLeft bool

	// Of a clearing.
	NothingBound    bool
	SecondReview    bool
	ObjectionOwed   bool
	ContestedByName bool
}

func (f Facts) hold(g Guard) bool {
	switch g {
	case IdentityNamed:
		return f.IdentityNamed
	case CompanyUnproven:
		return f.CompanyUnproven
	case CorrectionsLeft:
		return f.CorrectionsLeft
	case NothingBound:
		return f.NothingBound
	case SecondReview:
		return f.SecondReview
	case ObjectionOwed:
		return f.ObjectionOwed
	case ContestedByName:
		return f.ContestedByName
	}
	return true
}

// Transition is one legal step.
type Transition struct {
	From  State
	Event Event
	Guard Guard
	To    State
	By    Actor
}

// IllegalTransitionError says that the table knows no such step. It is a programming error, never a caller's.
type IllegalTransitionError struct {
	Kind  Kind
	From  State
	Event Event
}

func (e *IllegalTransitionError) Error() string {
	return fmt.Sprintf("registration: no transition for %s in state %q on %q", e.Kind, e.From, e.Event)
}

// Next finds the state that follows from when event happens: the first row whose guard holds.
// It returns an [*IllegalTransitionError] if the table has none.
func Next(kind Kind, from State, event Event, facts Facts) (State, error) {
	for _, t := range Table(kind) {
		if t.From == from && t.Event == event && facts.hold(t.Guard) {
			return t.To, nil
		}
	}
	return None, &IllegalTransitionError{kind, from, event}
}

// Knows reports whether the table has a way out of from on event, whatever the facts.
func Knows(kind Kind, from State, event Event) bool {
	for _, t := range Table(kind) {
		if t.From == from && t.Event == event {
			return true
		}
	}
	return false
}
