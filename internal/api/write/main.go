// Command write brings the checked-in OpenAPI document up to date with the API. It is run by `go generate ./internal/api`.
//
// It promises the document that the API serves at /openapi.json, byte for byte the same at every run. It refuses to read
// what was there before: the document has no other source than the API.
package main

import (
	"errors"
	"fmt"
	"os"

	"shiming/internal/api"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: write OPENAPI.json")
	}
	document, err := api.OpenAPI()
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], append(document, '\n'), 0o644)
}
