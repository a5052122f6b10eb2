package devstack

import (
	"cmp"
	"context"
	"log/slog"
	"syscall"
)

// ChildOptions says which of the product's own programs to run beside the servers.
type ChildOptions struct {
	Name string // for logs and errors
	Path string
	Args []string
	Env  []string     // all of it: nothing is inherited
	Log  *slog.Logger // is passed every line the program writes, at debug level
}

// Child is a running program. Like the servers it ends with its owner, and a Ctrl-C in the terminal does not reach it.
// It runs in the system's temporary folder, so the paths it is given must be absolute.
type Child struct {
	process *process
	stopped stopOnce
}

// StartChild runs a program and returns at once. End it with Stop.
func StartChild(o ChildOptions) (*Child, error) {
	p, err := start(command{
		name: o.Name, path: o.Path, args: o.Args, env: o.Env,
		end: syscall.SIGTERM, log: cmp.Or(o.Log, slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return nil, err
	}
	return &Child{process: p}, nil
}

// PID is the program's process id.
func (c *Child) PID() int { return c.process.cmd.Process.Pid }

// Done closes when the program has ended, by Stop or by itself.
func (c *Child) Done() <-chan struct{} { return c.process.done }

// Died describes an end that nobody asked for, with the program's last words. Call it after Done has closed.
func (c *Child) Died() error { return c.process.died() }

// Stop asks the program to end, and kills it after 10 seconds or when ctx ends. It may be called again, and after the
// program died.
func (c *Child) Stop(ctx context.Context) error {
	return c.stopped.do(func() error { return c.process.Stop(ctx) })
}
