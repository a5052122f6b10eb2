package devstack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// stopGrace is how long a server may take to end by itself before it is killed.
const stopGrace = 10 * time.Second

// command says what to run, as whom, and how it ends.
type command struct {
	name string // for logs and errors
	path string
	args []string
	env  []string
	as   *identity      // nil: as the caller
	end  syscall.Signal // sent by Stop, and on Linux by the kernel when this process is gone
	log  *slog.Logger
}

// process is a running child. It is reaped as soon as it ends, whoever ended it.
type process struct {
	name string
	end  syscall.Signal
	cmd  *exec.Cmd
	out  *output
	done chan struct{}
	exit error // set before done closes
}

// start runs c. The child has its own process group, so that Ctrl-C in a terminal reaches only its owner, who stops the
// children in order.
//
// The kernel sends its signal when the *thread* that forked ends, not the process. A goroutine of its own
// therefore forks, and keeps its thread until the child is gone.
func start(c command) (*process, error) {
	p := &process{
		name: c.name, end: c.end, done: make(chan struct{}),
		out: newOutput(c.log.With("process", c.name)),
	}
	p.cmd = exec.Command(c.path, c.args...)
	p.cmd.Env, p.cmd.Dir = c.env, os.TempDir() // a directory that every user may enter
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.WaitDelay = 2 * time.Second // grandchildren may hold the pipe a little longer
	p.cmd.SysProcAttr = childAttributes(c.as, c.end)

	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.exit = p.cmd.Wait()
		p.out.flush()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	return p, nil
}

// Stop asks the child to end, kills it after 10 seconds or when ctx ends, and waits for it. A child that is gone
// already is no error, nor is how it ended: its owner asked for it.
func (p *process) Stop(ctx context.Context) error {
	if err := p.cmd.Process.Signal(p.end); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return p.kill() // no such signal on this system
	}
	grace := time.NewTimer(stopGrace)
	defer grace.Stop()
	select {
	case <-p.done:
		return nil
	case <-grace.C:
	case <-ctx.Done():
	}
	return p.kill()
}

func (p *process) kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s (pid %d): %w", p.name, p.cmd.Process.Pid, err)
	}
	<-p.done
	return nil
}

// died describes an end that nobody asked for, with the child's last words.
func (p *process) died() error {
	return fmt.Errorf("%s ended unexpectedly (%w): %s", p.name, exitError(p.exit), p.out.tail())
}

func exitError(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

// stopOnce makes stopping idempotent and safe from several goroutines; all of them get the one outcome.
type stopOnce struct {
	once sync.Once
	err  error
}

func (s *stopOnce) do(stop func() error) error {
	s.once.Do(func() { s.err = stop() })
	return s.err
}
