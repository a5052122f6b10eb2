package workflows

import "go.temporal.io/sdk/workflow"

// Version names one change of what a run does. A run replays its history whenever a worker takes it up anew, and fails to if
// the code now does something else than it did; so every change of workflow code that a recorded history does not repeat, the
// tables of package registration included, stands behind one. A registration lasts for weeks: old and new branch live side by
// side until the last run of before has ended.
//
// The rule:
//   - Name: a constant in this file, "what the run does since, in a few words", with its release and why in the comment. A name
//     is never used twice, not even after it was retired.
//   - Branch: if v.Since(ctx) { the new way } else { the old way }, as near to the difference as can be. Never in a query handler,
//     a validator or a condition that is waited for.
//   - Record: `make histories` adds what the new branch does to workflows/testdata/histories, beside what is there, and changes no
//     file. Every file there is replayed by the tests, so both branches are.
//   - Retire: once the engine lists no run that lacks it, `TemporalChangeVersion is null or TemporalChangeVersion not in
//     ('<name>-1')` with the ExecutionStatus 'Running', the old branch goes, with the call to Since and the histories of before:
//     a replay passes over the mark that the call has left. Closed runs of before can then no longer be queried.
//
// versions_test.go is a worked example: a run of before goes on with the code of after.
type Version string

// Since reports whether the run does what the version brought: a run that had passed here before it does not, and never will.
func (v Version) Since(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, string(v), workflow.DefaultVersion, 1) != workflow.DefaultVersion
}
