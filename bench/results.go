package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// tabular is a result that can be shown as tables.
type tabular interface {
	// table writes Markdown.
	table(out io.Writer)
}

// record is a result as it is kept, with what it was measured on.
type record[T any] struct {
	Cores  int       `json:"cores"`
	Go     string    `json:"go"`
	At     time.Time `json:"at"`
	Quick  bool      `json:"quick"` // with fewer of everything: a first look
	Result T         `json:"result"`
}

func (o options) path(name string) string { return filepath.Join(o.results, name+".json") }

// report keeps a result as JSON, shows it and draws it.
func (o options) report(out io.Writer, name string, result tabular) error {
	if err := os.MkdirAll(o.results, 0o755); err != nil { //nolint:gosec // for everybody to read
		return err
	}
	kept := record[tabular]{Cores: runtime.NumCPU(), Go: runtime.Version(), At: time.Now().UTC().Truncate(time.Minute), Quick: o.quick, Result: result}
	raw, err := json.MarshalIndent(kept, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(o.path(name), append(raw, '\n'), 0o644); err != nil { //nolint:gosec // for everybody to read
		return fmt.Errorf("keep the result: %w", err)
	}
	result.table(out)
	if drawn, ok := result.(pictured); ok {
		return o.draw(drawn)
	}
	return nil
}

// kept reads a result that was kept. There may be none: found says so.
func kept[T any](o options, name string) (result record[T], found bool, err error) {
	raw, err := os.ReadFile(o.path(name)) //nolint:gosec // the folder that was asked for
	if errors.Is(err, os.ErrNotExist) {
		return result, false, nil
	}
	if err != nil {
		return result, false, err
	}
	if err := json.Unmarshal(raw, &result); err != nil {
		return result, false, fmt.Errorf("%s: %w", o.path(name), err)
	}
	return result, true, nil
}
