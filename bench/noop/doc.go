// Package noop is what the product is held against: workflows that make the same history as a recorded run (the same updates,
// activities, local activities, signals, timers and search attributes, with as many bytes). It promises that what they cost is what the history
// costs on this machine, whoever makes it, and refuses to do anything else: no database, no cryptography, no rule.
package noop
