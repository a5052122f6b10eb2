// Package devstack brings up what Shiming stands on, for development and tests: a PostgreSQL server and a Temporal
// development server, each as a child process of this one.
//
// It promises that a server it returned is ready for use (a condition was met, nobody slept), that it listens on
// 127.0.0.1 only, and that it ends with its owner: by Stop, or by the kernel on Linux when the owner is killed.
// Elsewhere a killed owner leaves its children running.
//
// It refuses to run in production: there is no TLS, no replication, and an ephemeral database trades durability for
// speed. Whether to use it at all (DATABASE_URL, TEMPORAL_ADDRESS) is the caller's decision.
package devstack
