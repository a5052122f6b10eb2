package registration

import "slices"

// Approvals are who has approved a submission of a clearing, and what its holder said to it. They tell who may still decide, and
// whether another must. What takes an identity from somebody who did not ask for it is never one person's word: two
// different reviewers approve a contested claim, or a request by letter, before the holder is asked.
type Approvals struct {
	Contested   bool
	ByLetter    bool
	By          []string // oldest first
	Earlier     int      // how many of them were given before the holder objected, or could not be reached
	Objected    bool
	Unreachable bool
}

// standing are the approvals that count now: of what is known by now.
func (a Approvals) standing() []string { return a.By[a.Earlier:] }

// needed is how many must stand. An objection was seen by a third person, who is enough; that nobody could be asked takes as
// many as before.
func (a Approvals) needed() int {
	if (a.Contested || a.ByLetter) && !a.Objected {
		return 2
	}
	return 1
}

// Owed is how many more reviewers must approve.
func (a Approvals) Owed() int { return a.needed() - len(a.standing()) }

// MayDecide reports whether a reviewer may decide now. Nobody does twice, and over an objection nobody who approved before it:
// whoever let the claim pass would judge their own word. If the holder of a contested claim could not be reached, two who
// approved before could clear it by themselves, with nobody asked: one of the two must be new to it.
func (a Approvals) MayDecide(reviewer string) bool {
	earlier, standing := a.By[:a.Earlier], a.standing()
	isNew := func(who string) bool { return !slices.Contains(earlier, who) }
	switch {
	case slices.Contains(standing, reviewer):
		return false
	case isNew(reviewer):
		return true
	case a.Objected:
		return false
	}
	return !a.Contested || len(standing) == 0 || slices.ContainsFunc(standing, isNew)
}

// Names are those who have approved, each once.
func (a Approvals) Names() []string {
	names := []string{}
	for _, who := range a.By {
		if !slices.Contains(names, who) {
			names = append(names, who)
		}
	}
	return names
}
