// Package restore notices that the database or the engine was restored to an earlier time than the other, and brings the two
// together again.
//
// It promises that a database which is behind its engine is held before anything is paid or opened by it, until a person has had
// it repaired; that a repair lists every run that is ahead of its row, takes over what the bank knows, pays nothing a second time, lets
// every case go on from its row or ends it, and names each disagreement for a person; that runs of an engine that is behind are
// rebuilt from their rows by themselves; and that all of it may be interrupted anywhere and repeated. An idle product costs nothing.
//
// It refuses to end a hold by itself, to believe a run against its row, and to decide whose a transfer was when neither row nor
// bank can say.
package restore
