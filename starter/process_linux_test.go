package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// upWithin leaves time to build the worker, on a machine that is busy with other tests.
const upWithin = 3 * time.Minute

// process is a starter that runs.
type process struct {
	t      testing.TB
	cmd    *exec.Cmd
	stdout lockedBuffer
	stderr lockedBuffer
	done   chan struct{}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// run starts the starter. It is killed at the end of the test if it still runs.
func run(t testing.TB, args ...string) *process {
	t.Helper()
	return runWith(t, nil, args...)
}

// runWith starts it with more environment variables.
func runWith(t testing.TB, variables []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.CommandContext(t.Context(), os.Args[0], args...), done: make(chan struct{})}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "DATABASE_URL=") && !strings.HasPrefix(v, "TEMPORAL_") {
			p.cmd.Env = append(p.cmd.Env, v)
		}
	}
	p.cmd.Env = append(append(p.cmd.Env, starterVariable+"=1"), variables...)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.WaitDelay = 5 * time.Second
	require.NoError(t, p.cmd.Start())
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // the exit code is looked at
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may have ended
		<-p.done
		if t.Failed() {
			t.Logf("starter %v said:\n%s\n%s", args, p.stderr.String(), p.stdout.String())
		}
	})
	return p
}

// freePorts are the flags that keep a stack out of everybody's way.
func freePorts(args ...string) []string {
	return append(args, "--api-addr", "127.0.0.1:0", "--sandbox-addr", "127.0.0.1:0", "--temporal-port", "0", "--ui-port", "0")
}

// ready waits for the ready file and reads it.
func (p *process) ready(path string) (found map[string]any) {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		raw, err := os.ReadFile(path)
		return err == nil && json.Unmarshal(raw, &found) == nil // whole as soon as it is there
	}, upWithin, 50*time.Millisecond)
	return found
}

// says waits until the starter has said something.
func (p *process) says(what string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return strings.Contains(p.stderr.String(), what) }, upWithin, 20*time.Millisecond, "%s", what)
}

// ends waits for the end and returns the exit code.
func (p *process) ends(within time.Duration) int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(within):
		require.FailNow(p.t, "the starter does not end")
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(s))
}

// relative is a process of this machine and who started it.
type relative struct {
	pid, parent int
	program     string
}

// everybody lists what runs now, but for what is dead already.
func everybody(t testing.TB) []relative {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	var all []relative
	for _, path := range stats {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		before, after, _ := strings.Cut(string(raw), ") ")
		pid, program, _ := strings.Cut(before, " (")
		one := relative{program: program}
		var state string
		if _, err := fmt.Sscan(after, &state, &one.parent); err != nil || state == "Z" {
			continue
		}
		if one.pid, err = strconv.Atoi(pid); err == nil {
			all = append(all, one)
		}
	}
	return all
}

// children finds the starter's children by the beginning of their program's name.
func (p *process) children(name string) []int {
	p.t.Helper()
	var found []int
	for _, one := range everybody(p.t) {
		if one.parent == p.cmd.Process.Pid && strings.HasPrefix(one.program, name) {
			found = append(found, one.pid)
		}
	}
	return found
}

// memory is what the starter and all below it hold, in bytes. What several share is counted once.
func (p *process) memory() int64 {
	p.t.Helper()
	ours, all := map[int]bool{p.cmd.Process.Pid: true}, everybody(p.t)
	for grown := true; grown; {
		grown = false
		for _, one := range all {
			if ours[one.parent] && !ours[one.pid] {
				ours[one.pid], grown = true, true
			}
		}
	}
	var sum int64
	for pid := range ours {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(raw), "\nPss:")
		var kib int64
		if _, err := fmt.Sscan(rest, &kib); err == nil {
			sum += kib << 10
		}
	}
	return sum
}

// most is the most that f returns from the first time that what stands on stdout until the starter ends.
func (p *process) most(what string, f func() int64, within time.Duration) int64 {
	p.t.Helper()
	tick, late := time.NewTicker(200*time.Millisecond), time.After(within)
	defer tick.Stop()
	var peak int64
	for {
		select {
		case <-p.done:
			return peak
		case <-late:
			require.FailNow(p.t, "the starter does not end")
		case <-tick.C:
			if strings.Contains(p.stdout.String(), what) {
				peak = max(peak, f())
			}
		}
	}
}

func (p *process) kill(name string) {
	p.t.Helper()
	for _, pid := range p.children(name) {
		require.NoError(p.t, syscall.Kill(pid, syscall.SIGKILL))
	}
}

// gone is true when no such process runs.
func gone(pids []int) bool {
	for _, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		if _, state, _ := strings.Cut(string(stat), ") "); !strings.HasPrefix(state, "Z") {
			return false
		}
	}
	return true
}
