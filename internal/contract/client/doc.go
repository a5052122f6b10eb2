// Package client is what a public generator (oapi-codegen) makes of docs/openapi.json: the proof that a client nobody here
// wrote can be had from the document, and for Go programs a client to begin with. The end-to-end tests register a
// developer with it.
//
// It promises nothing and refuses nothing of its own: what it does follows from the document. It is not edited.
package client

//go:generate go tool -modfile=../../../tools/go.mod oapi-codegen -config oapi-codegen.yaml -o client.gen.go ../../../docs/openapi.json
