// Package e2e tests the product where its users stand: through the HTTP API, against the real engine, a real
// PostgreSQL and the sandbox, with the worker running as it does in production. It has no code of its own.
//
// Its tests promise what the API's callers may rely on, and hold every exchange to the OpenAPI document. They refuse stand-ins
// for anything of ours, and look behind the API only at what must not be there, or how often something happened.
package e2e
