package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// programs are the product's, as they are built for release.
type programs struct {
	dir  string
	root string // of the bench's own checkout
}

func (p *programs) starter() string { return filepath.Join(p.dir, "starter") }
func (p *programs) worker() string  { return filepath.Join(p.dir, "worker") }
func (p *programs) remove()         { _ = os.RemoveAll(p.dir) } // a temporary folder: what stays is no harm

// build makes them of a checkout; of the one that this module lies in, if none is named.
func build(ctx context.Context, checkout string, progress io.Writer) (*programs, error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "shiming").Output()
	if err != nil {
		return nil, fmt.Errorf("find the product's module: run bench in its own folder: %w", err)
	}
	dir, err := os.MkdirTemp("", "shiming-bench-bin-")
	if err != nil {
		return nil, err
	}
	sayf(progress, "building the programs…\n")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", dir+string(filepath.Separator), "./starter", "./worker")
	p := &programs{dir: dir, root: strings.TrimSpace(string(root))}
	cmd.Dir, cmd.Stderr = cmp.Or(checkout, p.root), progress
	if err := cmd.Run(); err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("build the programs: %w", err)
	}
	return p, nil
}
