package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const stopGrace = 15 * time.Second

// child is a process of the product's.
type child struct {
	name  string
	cmd   *exec.Cmd
	log   *os.File
	ended chan struct{}
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
	log, err := os.Create(filepath.Join(logs, name+".log"))
	if err != nil {
		return nil, err
	}
	c := &child{name: name, cmd: exec.Command(path, args...), log: log, ended: make(chan struct{})}
	c.cmd.Env, c.cmd.Stdout, c.cmd.Stderr = set.environ(), log, log
	if err := c.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", name, err), log.Close())
	}
	go func() {
		_ = c.cmd.Wait() // told to stop, or seen to have ended by whoever waits for it
		close(c.ended)
	}()
	return c, nil
}

// stop asks the process to end, and kills it if it does not.
func (c *child) stop() error {
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	grace := time.NewTimer(stopGrace)
	defer grace.Stop()
	var killErr error
	select {
	case <-c.ended:
	case <-grace.C:
		killErr = c.cmd.Process.Kill()
		<-c.ended
	}
	return errors.Join(killErr, c.log.Close())
}
