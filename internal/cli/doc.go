// Package cli holds the commands by which people use the product from a terminal and programs from a script. They do
// what they do through the HTTP API alone, at SHIMING_URL with the token in SHIMING_TOKEN.
//
// It promises tables for people and, with --json, the API's own answers for programs; the exit codes 0 (done), 1 (refused
// or failed) and 2 (called wrongly); and that a call is repeated with the same Idempotency-Key until it has an outcome.
//
// It refuses personal data and secrets as arguments, which every user of a machine can read in its list of processes: they
// are asked for at the terminal (what is secret without echo), or read from stdin or a file. What the API
// answers is shown without characters that could steer the terminal.
package cli
