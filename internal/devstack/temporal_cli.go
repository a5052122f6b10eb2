package devstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"time"
)

const (
	// TemporalCLIVariable names the environment variable that points to the Temporal program to use.
	TemporalCLIVariable = "SHIMING_TEMPORAL_CLI"

	// oldestServer is the least minor version of server 1.x that has updates with start and worker deployments on.
	oldestServer = 28
)

// cliFinder finds the Temporal program. Its parts that reach outside are fields, so that the order can be tested.
type cliFinder struct {
	override string // TemporalCLIVariable
	onPath   func() (string, error)
	cached   func() []string                              // where a download or a build would be
	lockFile func() (string, error)                       // held while the cache is filled
	download func(ctx context.Context) (string, error)    // into the cache
	build    func(ctx context.Context) (string, error)    // into the cache
	check    func(ctx context.Context, path string) error // does it run, is it new enough
	progress func(string)
}

func findTemporal(ctx context.Context, progress func(string)) (string, error) {
	bin := filepath.Join(cacheDir(), "bin")
	src := findTemporalSource()
	f := cliFinder{
		override: os.Getenv(TemporalCLIVariable),
		onPath:   func() (string, error) { return exec.LookPath("temporal") },
		cached: func() []string {
			return []string{src.target(bin), downloadTarget(bin)}
		},
		lockFile: func() (string, error) {
			return filepath.Join(bin, "temporal.lock"), os.MkdirAll(bin, 0o755)
		},
		download: func(ctx context.Context) (string, error) { return downloadTemporal(ctx, bin, progress) },
		build:    func(ctx context.Context) (string, error) { return src.build(ctx, bin, progress) },
		check:    checkTemporal,
		progress: progress,
	}
	return f.find(ctx)
}

func (f cliFinder) find(ctx context.Context) (string, error) {
	if f.override != "" {
		if err := f.check(ctx, f.override); err != nil {
			return "", fmt.Errorf("%s: %w", TemporalCLIVariable, err)
		}
		return f.override, nil
	}
	if path, err := f.onPath(); err == nil {
		err := f.check(ctx, path)
		if err == nil {
			return path, nil
		}
		f.progress(fmt.Sprintf("not using %s: %v", path, err))
	}
	if path, ok := f.fromCache(ctx); ok {
		return path, nil
	}
	return f.fill(ctx)
}

func (f cliFinder) fromCache(ctx context.Context) (string, bool) {
	for _, path := range f.cached() {
		if path != "" && f.check(ctx, path) == nil {
			return path, true
		}
	}
	return "", false
}

// fill downloads or builds. One process does it; the others wait, and find the cache filled.
func (f cliFinder) fill(ctx context.Context) (path string, err error) {
	name, err := f.lockFile()
	if err != nil {
		return "", fmt.Errorf("cache folder: %w", err)
	}
	held, err := lock(ctx, name, func() { f.progress("waiting for another process that is getting the Temporal engine") })
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, held.Unlock()) }()
	if path, ok := f.fromCache(ctx); ok {
		return path, nil
	}
	path, downloadErr := f.download(ctx)
	if downloadErr == nil {
		return path, nil
	}
	if ctx.Err() != nil {
		return "", downloadErr
	}
	path, err = f.build(ctx)
	if err != nil {
		return "", fmt.Errorf("no `temporal` on PATH, none could be downloaded (%w) or built: %w", downloadErr, err)
	}
	return path, nil
}

var serverVersion = regexp.MustCompile(`^temporal version .*Server (\d+)\.(\d+)`)

// checkTemporal wants a program that says it is Temporal's CLI, with a server that is new enough.
func checkTemporal(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second) // a cold disk and 250 MB
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return fmt.Errorf("ask %s for its version: %w", path, err)
	}
	m := serverVersion.FindSubmatch(out)
	if m == nil {
		return fmt.Errorf("%s is not Temporal's CLI", path)
	}
	major, errMajor := strconv.Atoi(string(m[1]))
	minor, errMinor := strconv.Atoi(string(m[2]))
	if err := errors.Join(errMajor, errMinor); err != nil {
		return fmt.Errorf("version of %s: %w", path, err)
	}
	if major == 1 && minor < oldestServer {
		return fmt.Errorf("%s has server 1.%d, needed is 1.%d or newer", path, minor, oldestServer)
	}
	return nil
}

// program adds what the system wants at the end of a program's name.
func program(path string) string {
	if runtime.GOOS == "windows" {
		return path + ".exe"
	}
	return path
}
