// Package workerd is the worker process: it wires the activities to the outside world, runs the workflows, relays what
// transactions leave behind, answers health checks and drains when it is told to stop.
//
// It promises to start nothing before its settings, the database and the engine's search attributes are as they should
// be. It is a package and not the main itself so that tests run the very same process.
package workerd
