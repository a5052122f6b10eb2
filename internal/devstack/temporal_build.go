package devstack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

const (
	cliModule  = "github.com/temporalio/cli"
	buildTells = 15 * time.Second // between two words about a running build
)

// temporalSource is the module that pins the CLI: tools/go.mod in this repository.
type temporalSource struct {
	dir     string // empty: not in a checkout
	version string
	pins    string // stands for every version that tools/go.mod pins: the CLI is built of more than itself
}

var pinnedCLI = regexp.MustCompile(`(?m)^\s*(?:require\s+)?` + regexp.QuoteMeta(cliModule) + `\s+(v\S+)`)

// findTemporalSource walks up from the working directory, which is somewhere in the repository for tests and `go run`.
func findTemporalSource() temporalSource {
	dir, err := os.Getwd()
	if err != nil {
		return temporalSource{}
	}
	return findTemporalSourceFrom(dir)
}

func findTemporalSourceFrom(dir string) temporalSource {
	for {
		tools := filepath.Join(dir, "tools")
		if mod, err := os.ReadFile(filepath.Join(tools, "go.mod")); err == nil {
			if m := pinnedCLI.FindSubmatch(mod); m != nil {
				sum := sha256.Sum256(mod)
				return temporalSource{dir: tools, version: string(m[1]), pins: hex.EncodeToString(sum[:4])}
			}
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return temporalSource{}
		}
		dir = parent
	}
}

// target is where the build is kept; empty outside a checkout.
func (s temporalSource) target(bin string) string {
	if s.dir == "" {
		return ""
	}
	return program(filepath.Join(bin, "temporal-"+s.version+"-"+s.pins))
}

// build compiles the CLI and puts it into place in one step, so that nobody sees half a program.
func (s temporalSource) build(ctx context.Context, bin string, progress func(string)) (string, error) {
	if s.dir == "" {
		return "", errors.New("not in a checkout with tools/go.mod: install Temporal's CLI or set " + TemporalCLIVariable)
	}
	work, err := os.MkdirTemp(bin, "build-")
	if err != nil {
		return "", fmt.Errorf("cache folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }() // a stray folder in a cache harms nobody

	progress("building the Temporal engine from source, once (about 3 minutes on two cores): " +
		"no prebuilt `temporal` on PATH and none could be downloaded; next start takes seconds")
	built := filepath.Join(work, "temporal")
	if err := s.compile(ctx, built, progress); err != nil {
		return "", err
	}
	if err := os.Rename(built, s.target(bin)); err != nil {
		return "", fmt.Errorf("keep build: %w", err)
	}
	return s.target(bin), nil
}

func (s temporalSource) compile(ctx context.Context, to string, progress func(string)) error {
	stamp := "-s -w -X " + cliModule + "/temporalcli.Version=" + strings.TrimPrefix(s.version, "v")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", to, "-ldflags", stamp, cliModule+"/cmd/temporal")
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOOS=", "GOARCH=")
	cmd.WaitDelay = 2 * time.Second // compilers may hold the pipe a little longer
	out := newTail()
	cmd.Stdout, cmd.Stderr = out, out

	began := time.Now()
	done := make(chan error, 1)
	go func() { done <- cmd.Run() }()
	tell := time.NewTicker(buildTells)
	defer tell.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				return fmt.Errorf("build %s %s: %w: %s", cliModule, s.version, err, out.tail())
			}
			progress(fmt.Sprintf("built the Temporal engine in %s", time.Since(began).Round(time.Second)))
			return nil
		case <-tell.C:
			progress(fmt.Sprintf("still building the Temporal engine: %s", time.Since(began).Round(time.Second)))
		}
	}
}
