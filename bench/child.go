package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"shiming/internal/devstack"
)

// child is a process of the product's. What it writes is in its log.
type child struct {
	*devstack.Child
	name string
	log  *os.File
}

// settings are a child's environment variables; of ours it gets none of the product's or the engine's.
type settings map[string]string

func (set settings) environ() []string {
	var list []string
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		_, replaced := set[name]
		if !replaced && (name == "PATH" || name == "HOME" || name == "TMPDIR" || strings.HasPrefix(name, "GO")) {
			list = append(list, pair)
		}
	}
	for name, value := range set {
		list = append(list, name+"="+value)
	}
	return list
}

func startChild(logs, name, path string, set settings, args ...string) (*child, error) {
	log, err := os.Create(filepath.Join(logs, name+".log")) //nolint:gosec // where whoever measures wants it
	if err != nil {
		return nil, err
	}
	lines := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c, err := devstack.StartChild(devstack.ChildOptions{Name: name, Path: path, Args: args, Env: set.environ(), Log: lines})
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return &child{c, name, log}, nil
}

// stop ends the process and its log.
func (c *child) stop(ctx context.Context) error { return errors.Join(c.Stop(ctx), c.log.Close()) }

// kill ends the process as a crash would.
func (c *child) kill(ctx context.Context) error {
	p, err := os.FindProcess(c.PID())
	if err != nil {
		return err
	}
	if err := p.Kill(); err != nil {
		return err
	}
	return c.stop(ctx)
}

// runOnce runs a command of the product's to its end.
func runOnce(ctx context.Context, path string, set settings, args ...string) error {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = set.environ()
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", args[0], err, said)
	}
	return nil
}
