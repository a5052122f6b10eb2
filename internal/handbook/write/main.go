// Command write brings the table of settings in a Markdown page up to date. It is run by
// `go generate ./internal/handbook`. It promises to write nothing but what stands between the table's markers, and refuses
// a page without them.
package main

import (
	"errors"
	"fmt"
	"os"

	"shiming/internal/handbook"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: write PAGE.md")
	}
	page, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	filled, err := handbook.Fill(string(page))
	if err != nil || filled == string(page) {
		return err
	}
	return os.WriteFile(args[0], []byte(filled), 0o644)
}
