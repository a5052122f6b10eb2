// Command write brings the diagrams in a Markdown page up to date with the transition table. It is run by
// `go generate ./registration`. It promises to write nothing but what stands between the diagrams' markers, and refuses a
// page without them.
package main

import (
	"fmt"
	"os"

	"shiming/registration/diagram"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: write PAGE.md")
	}
	page, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	filled, err := diagram.Fill(string(page))
	if err != nil || filled == string(page) {
		return err
	}
	return os.WriteFile(args[0], []byte(filled), 0o644)
}
