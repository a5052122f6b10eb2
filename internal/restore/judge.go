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

// Judge compares what the database knows of the engine with what the engine knows of the database, where the database was read
// before and after the engine; kept is nil if the engine has kept no mark. Others raise marks meanwhile: a mark is committed before
// the engine is told of it, so that the engine's is never above the database's of later, and noted as kept after that, so that it
// is never below what the database had noted earlier. Why says what speaks for it. That the cluster is another says nothing by
// itself: one that was moved with all its histories has the marks, and one without them has lost them.
func Judge(before postgres.Anchor, kept *registration.Mark, after postgres.Anchor) (v Verdict, why string) {
	if v, why, told := byItself(after); told {
		return v, why
	}
	switch {
	case kept == nil && before.Acknowledged == 0:
		return FirstStart, "database and engine have never met"
	case kept == nil:
		return EngineBehind, fmt.Sprintf("the engine knows no mark of the database, and had kept mark %d", before.Acknowledged)
	case kept.DatabaseID != after.DatabaseID:
		return DatabaseBehind, "the engine has worked for another database than this one"
	case kept.Number > after.Number:
		return DatabaseBehind, fmt.Sprintf("the engine has seen mark %d of the database, which stands at %d", kept.Number, after.Number)
	case kept.Number < before.Acknowledged:
		return EngineBehind, fmt.Sprintf("the engine stands at mark %d of the database, and had kept mark %d", kept.Number, before.Acknowledged)
	}
	return InStep, "neither is older than the other"
}

// byItself judges what needs no engine.
func byItself(db postgres.Anchor) (v Verdict, why string, told bool) {
	switch {
	case db.Held:
		return Held, "it was found to be older before, and is not repaired yet", true
	case db.PutBack:
		return DatabaseBehind, "a backup was put back into it", true
	case db.Fell:
		return DatabaseBehind, fmt.Sprintf("this process has seen it further than it stands, at mark %d", db.Number), true
	}
	return InStep, "", false
}
