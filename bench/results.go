package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// tabular is a result that can be shown as tables.
type tabular interface {
	// table writes Markdown.
	table(out io.Writer)
}

// report keeps a result as JSON and shows it.
func (o options) report(out io.Writer, name string, result tabular) error {
	if err := os.MkdirAll(o.results, 0o755); err != nil { //nolint:gosec // for everybody to read
		return err
	}
	raw, err := json.MarshalIndent(result, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(o.results, name+".json")
	if err := os.WriteFile(path, append(raw, '\n'), 0o644); err != nil { //nolint:gosec // for everybody to read
		return fmt.Errorf("keep the result: %w", err)
	}
	result.table(out)
	if drawn, ok := result.(pictured); ok {
		return o.draw(drawn)
	}
	return nil
}
