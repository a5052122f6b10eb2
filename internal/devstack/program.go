package devstack

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// BuildProgram compiles a package ("./worker") of the module in dir and returns the program's path, in the user's cache.
// If nothing has changed since the last time that takes about a second.
func BuildProgram(ctx context.Context, dir, pkg string) (path string, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return "", fmt.Errorf("module folder: %w", err)
	}
	bin := filepath.Join(cacheDir(), "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return "", fmt.Errorf("cache folder: %w", err)
	}
	// Every checkout has its own, and one process at a time writes it.
	checkout := sha256.Sum256([]byte(dir))
	name := fmt.Sprintf("%s-%x", filepath.Base(pkg), checkout[:6])
	held, err := lock(ctx, filepath.Join(bin, name+".lock"), func() {})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, held.Unlock()) }()

	path = program(filepath.Join(bin, name))
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, pkg)
	cmd.Dir = dir
	cmd.WaitDelay = 2 * time.Second // compilers may hold the pipe a little longer
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
	}
	return path, nil
}
