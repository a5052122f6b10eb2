// Package e2e tests the product where its users stand: through the HTTP API, against the real engine, a real
// PostgreSQL and the sandbox, with the worker running as it does in production. It has no code of its own.
package e2e
