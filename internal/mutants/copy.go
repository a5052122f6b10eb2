package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// How a mutant has ended.
const (
	fateKilled   = "killed"
	fateSurvived = "SURVIVED"
	fateUnfit    = "UNFIT" // the entry, or the test, proves nothing
)

// workingCopy is a checkout's files in a folder of their own; what is written through root cannot leave it.
type workingCopy struct {
	dir   string
	root  *os.Root
	sound map[string]error // how each command ended with nothing broken
}

// newCopy copies what git would take of a checkout, as it stands: changes that are not committed too.
func newCopy(ctx context.Context, checkout string) (*workingCopy, error) {
	list := exec.CommandContext(ctx, "git", "-C", checkout, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Stderr = os.Stderr
	names, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	from, err := os.OpenRoot(checkout)
	if err != nil {
		return nil, err
	}
	defer from.Close() //nolint:errcheck // only read
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	c := &workingCopy{dir: dir, root: root, sound: map[string]error{}}
	for name := range strings.SplitSeq(strings.TrimRight(string(names), "\x00"), "\x00") {
		err := copyFile(from, root, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // deleted, and not yet from the index
			c.remove()
			return nil, err
		}
	}
	return c, nil
}

func copyFile(from, to *os.Root, name string) error {
	raw, err := from.ReadFile(name)
	if err != nil {
		return err
	}
	info, err := from.Stat(name)
	if err != nil {
		return err
	}
	if err := to.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return to.WriteFile(name, raw, info.Mode().Perm())
}

func (c *workingCopy) remove() {
	_ = errors.Join(c.root.Close(), os.RemoveAll(c.dir)) // a folder in the system's temporary one
}

// try breaks one line, runs its tests and mends it. It returns how that ended, and what is to be read about it.
func (c *workingCopy) try(ctx context.Context, m mutant) (fate, said string) {
	whole, err := c.root.ReadFile(m.file)
	if err != nil {
		return fateUnfit, err.Error()
	}
	if n := bytes.Count(whole, []byte(m.old)); n != 1 {
		return fateUnfit, fmt.Sprintf("the old text stands %d times in %s", n, m.file)
	}
	if err := c.isSound(ctx, m.test); err != nil {
		return fateUnfit, "with nothing broken: " + err.Error()
	}
	broken := bytes.Replace(whole, []byte(m.old), []byte(m.new), 1)
	if err := c.root.WriteFile(m.file, broken, 0o600); err != nil {
		return fateUnfit, err.Error()
	}
	out, failed := c.command(ctx, m.test)
	if err := c.root.WriteFile(m.file, whole, 0o600); err != nil {
		return fateUnfit, err.Error()
	}
	switch {
	case failed == nil:
		return fateSurvived, ""
	case strings.Contains(out, "[build failed]") || strings.Contains(out, "[setup failed]"):
		return fateUnfit, out
	}
	return fateKilled, ""
}

// isSound reports whether a command does well with nothing broken, and has tests to run.
func (c *workingCopy) isSound(ctx context.Context, command []string) error {
	name := strings.Join(command, " ")
	err, known := c.sound[name]
	if !known {
		out, failed := c.command(ctx, command)
		switch {
		case failed != nil:
			err = fmt.Errorf("%w\n%s", failed, out)
		case strings.Contains(out, "[no tests to run]"):
			err = fmt.Errorf("%s: no tests to run", name)
		}
		c.sound[name] = err
	}
	return err
}

func (c *workingCopy) command(ctx context.Context, command []string) (out string, err error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = c.dir
	raw, err := cmd.CombinedOutput()
	return string(raw), err
}
