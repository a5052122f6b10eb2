// Command bench measures the product as it runs: PostgreSQL, Temporal, the sandbox, a worker and an API as processes of their
// own on this machine, called over HTTP as a platform's backend calls them. It is no test: it fails only if it cannot measure.
//
// It promises that what it prints was seen from outside: by answers and their times, by what the database and the engine hold
// afterwards. It refuses to be what is measured: one process, one connection a call under way, bodies made beforehand.
package main
