// Package workerd is the worker process: it wires the activities to the outside world, runs the workflows, relays what
// transactions leave behind, answers health checks and drains when it is told to stop.
//
// It promises to start nothing before its settings, the database and the engine's search attributes are as they should
// be, and to end only when what it had begun is done, as far as DRAIN_WITHIN allows. It refuses to make or change any of
// the three: it says what is missing. It is a package and not the main itself so that tests run the very same process.
package workerd
