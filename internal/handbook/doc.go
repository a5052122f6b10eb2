// Package handbook keeps the pages for people in step with the code. The settings' table in docs/operations.md is written
// from the structs that the processes read, by `go generate ./internal/handbook`.
//
// It promises that a test fails when the table and the structs differ, when a link of our pages leads nowhere, when a page names a
// test that does not exist, and when a package does not say what it promises and refuses. It refuses to touch what stands outside the table's markers.
package handbook

//go:generate go run ./write ../../docs/operations.md
