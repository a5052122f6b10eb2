// Package handbook keeps the settings' table in docs/operations.md in step with package config: it is written from the
// structs that the processes read, by `go generate ./internal/handbook`, and a test fails when the two differ.
package handbook

//go:generate go run ./write ../../docs/operations.md
