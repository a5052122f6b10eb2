package restore

import (
	"fmt"

	"shiming/internal/postgres"
	"shiming/registration"
)

// Verdict is how database and engine stand to each other.
type Verdict int

// The verdicts.
const (
	InStep         Verdict = iota // neither is older than the other, as far as their marks say
	FirstStart                    // they have never met
	DatabaseBehind                // the database is older, or another's: it is to be held
	EngineBehind                  // the engine is older, or another: runs are to be rebuilt
	Held                          // the database was found to be older before, and is not repaired yet
)

func (v Verdict) String() string {
	return [...]string{"in step", "first start", "database behind", "engine behind", "held"}[v]
}

// Judge compares what the database knows of the engine with what the engine knows of the database; kept is nil if the engine has
// kept no mark. Why says what speaks for it. That the cluster is another says nothing by itself: one that was moved with all its
// histories has the marks, and one without them has lost them.
func Judge(db postgres.Anchor, kept *registration.Mark) (v Verdict, why string) {
	switch {
	case kept == nil && db.Acknowledged == 0:
		return FirstStart, "database and engine have never met"
	case kept == nil:
		return EngineBehind, fmt.Sprintf("the engine knows no mark of the database, and had kept mark %d", db.Acknowledged)
	case kept.DatabaseID != db.DatabaseID:
		return DatabaseBehind, "the engine has worked for another database than this one"
	case kept.Number > db.Number:
		return DatabaseBehind, fmt.Sprintf("the engine has seen mark %d of the database, which stands at %d", kept.Number, db.Number)
	case kept.Number < db.Acknowledged:
		return EngineBehind, fmt.Sprintf("the engine stands at mark %d of the database, and had kept mark %d", kept.Number, db.Acknowledged)
	}
	return InStep, "neither is older than the other"
}
