package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/sethvargo/go-retry"

	"shiming/internal/devstack"
)

const (
	// hopeless is how many times in a row a worker may die before it was ever ready.
	hopeless = 3
	// firstPause and longestPause are before a dead worker is started again; one that ran for steady starts anew.
	firstPause   = 200 * time.Millisecond
	longestPause = 5 * time.Second
	steady       = 10 * time.Second
)

// workerProcess keeps a worker running, as a process of its own: starter links no workflow code.
type workerProcess struct {
	path     string
	settings func(healthPort int) settings
	say      func(string)
	log      *slog.Logger

	health atomic.Int64  // port of the running worker's health check
	ready  atomic.Bool   // it was, once
	failed chan error    // gets why nobody tries any more
	done   chan struct{} // closed when the last worker has ended
}

// start keeps a worker running until ctx ends; it then asks it to drain, and kills it when now ends.
func (w *workerProcess) start(ctx, now context.Context) {
	w.failed, w.done = make(chan error, 1), make(chan struct{})
	go func() {
		defer close(w.done)
		if err := w.keep(ctx, now); err != nil {
			w.failed <- err
		}
	}()
}

func (w *workerProcess) keep(ctx, now context.Context) error {
	pauses := newPauses()
	for deaths := 1; ; deaths++ {
		child, err := w.launch()
		if err != nil {
			return err
		}
		began := time.Now()
		select {
		case <-ctx.Done():
			return child.Stop(now)
		case <-child.Done():
		}
		if deaths >= hopeless && !w.ready.Load() {
			return fmt.Errorf("the worker does not come up: %w", child.Died())
		}
		if time.Since(began) > steady {
			pauses = newPauses()
		}
		pause, _ := pauses.Next()
		w.say(fmt.Sprintf("the worker died (%s): starting it again in %s; registrations wait and go on", ending(child.Died()), pause))
		w.log.Debug("the worker died", "error", child.Died())
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

func newPauses() retry.Backoff {
	return retry.WithCappedDuration(longestPause, retry.NewExponential(firstPause))
}

// launch starts one worker. Each gets a free port for its health check: the last one's may be taken by now.
func (w *workerProcess) launch() (*devstack.Child, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	child, err := devstack.StartChild(devstack.ChildOptions{
		Name: "worker", Path: w.path, Env: w.settings(port).environ(), Log: slog.New(childLines{w.log.Handler()}),
	})
	if err != nil {
		return nil, err
	}
	w.health.Store(int64(port))
	w.say(fmt.Sprintf("the worker runs (pid %d)", child.PID()))
	return child, nil
}

// answers asks the running worker whether it is ready.
func (w *workerProcess) answers(ctx context.Context) error {
	if err := get(ctx, fmt.Sprintf("http://127.0.0.1:%d/readyz", w.health.Load())); err != nil {
		return fmt.Errorf("worker: %w", err)
	}
	w.ready.Store(true)
	return nil
}

var endingInParentheses = regexp.MustCompile(`\(([^)]*)\)`)

// ending is "signal: killed" of a child's obituary.
func ending(err error) string {
	if m := endingInParentheses.FindStringSubmatch(err.Error()); m != nil {
		return m[1]
	}
	return "unknown"
}

// get is nil if the address answers with a success.
func get(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Timeout: 3 * time.Second}).Do(req) // over the default transport, which keeps connections
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return nil
}

// findWorker returns the worker's program: the one beside this program, else one built from this checkout.
func findWorker(ctx context.Context, say func(string)) (string, error) {
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), executable("worker"))
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return beside, nil
		}
	}
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	say("building the worker…")
	return devstack.BuildProgram(ctx, root, "./worker")
}

var ownModule = regexp.MustCompile(`(?m)^module\s+shiming\s*$`)

// moduleRoot walks up from the working directory to the folder of our go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if mod, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && ownModule.Match(mod) {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no worker to run: start from inside the repository, or put the worker's program beside this one")
		}
		dir = parent
	}
}
