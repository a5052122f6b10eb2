// Package backup takes backups of everything that the product keeps, puts them back, and rehearses that.
//
// A backup is a folder: dumps of the engine's databases (if it has any of its own) and of ours, all scans as they are sealed, and a
// manifest, which is written last. It is taken in the order that hurts least if all is put back: the engine first, for an engine that is
// older than its database is rebuilt from rows, then the database, then the scans, for a row must never name a scan that the backup lacks.
//
// It promises that a backup with a manifest is whole: an interrupted one never gets its final name, and every file's sum is known; and that
// nothing is put back before all of it was looked at. The keys are not in it: who finds a backup reads nothing of it.
//
// It refuses to put a backup back over a product that runs, or over data, unless it is told to; and to take keys for the right ones that
// did not seal what the backup holds.
package backup
