// Package workflows holds the deterministic part: what a registration waits for, and what it does when that comes.
//
// It promises that a registration goes on from where it was after any crash, that only one place writes its state (the
// steps, through the ledger), and that every human act is answered, refused by its validator without a trace, or
// counted. It refuses everything a replay would not repeat: clocks, chance, maps in order, I/O.
package workflows
