// Package activities holds the side effects of the workflows: one struct a dependency, each over a small interface.
//
// It promises that every activity may be run twice with the effect of once, that a definite no of an outside party
// comes back as a value and only trouble as an error, classified in errors.go, and that nothing personal passes
// through the engine: arguments and results are ids, codes and times.
//
// It refuses to decide: what follows from a result is the workflow's to say.
package activities
