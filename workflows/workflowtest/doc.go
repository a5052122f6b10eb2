// Package workflowtest plays registrations from beginning to end in one process: the real workflows in Temporal's
// time-skipping environment, the real database, and a bank, a wallet and providers that do what a test tells them.
//
// It promises that a test reads like a story: acts are answered before the next line runs, weeks pass in a
// millisecond, and the database's clock is the engine's. What the worker's relay does in production the [Run] does
// after every line.
//
// It refuses to stand in for the engine's own promises (histories, task queues, deduplication across runs): those are
// tested against a Temporal server elsewhere.
package workflowtest
