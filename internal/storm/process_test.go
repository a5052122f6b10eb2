package storm

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"
)

const (
	restartPause = 100 * time.Millisecond // before a process that was killed is back
	crashPause   = time.Second            // before one that ended by itself is, as supervisors do
)

// process is one of the product's, started again whenever it ends.
type process struct {
	name     string // "worker-1"
	role     string
	settings settings
	log      io.Writer

	mu    sync.Mutex
	lives []*life
}

// life is a process from its start to its end.
type life struct {
	of       *process
	cmd      *exec.Cmd
	commands io.Writer
	ready    chan struct{}
	ended    chan struct{}
	struck   chan struct{} // it is at the point of its trap
	trap     *trap         // for the points that are seen from outside; guarded by mu
	mu       sync.Mutex
	once     sync.Once
	endedAt  time.Time // when ended is closed
	killed   bool      // by us
	freeze   bool      // its trap is to stop it, not to kill it
}

// run keeps the process alive until ctx ends.
func (p *process) run(ctx context.Context) error {
	for ctx.Err() == nil {
		l, err := p.start()
		if err != nil {
			return err
		}
		select {
		case <-l.ended:
		case <-ctx.Done():
			return l.kill()
		}
		pause := crashPause
		if l.wasKilled() {
			pause = restartPause
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
	return nil
}

func (p *process) start() (*life, error) {
	raw, err := json.Marshal(p.settings)
	if err != nil {
		return nil, err
	}
	l := &life{of: p, cmd: exec.Command(os.Args[0]), ready: make(chan struct{}), ended: make(chan struct{}), struck: make(chan struct{})}
	l.cmd.Env = append(os.Environ(), roleVariable+"="+p.role, settingsVariable+"="+string(raw))
	l.cmd.Stderr = p.log
	in, inErr := l.cmd.StdinPipe()
	out, outErr := l.cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr); err != nil {
		return nil, err
	}
	l.commands = in
	if err := l.cmd.Start(); err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.lives = append(p.lives, l)
	p.mu.Unlock()
	go l.follow(out)
	return l, nil
}

// follow hears what the child says, until it has ended.
func (l *life) follow(out io.Reader) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		switch lines.Text() {
		case saysReady:
			close(l.ready)
		case saysStruck:
			l.strike()
		}
	}
	_ = l.cmd.Wait() // killed, which is no news
	l.mu.Lock()
	l.endedAt = time.Now()
	l.mu.Unlock()
	close(l.ended)
}

// strike notes that the trap has sprung. The process is dead or about to be.
func (l *life) strike() {
	l.once.Do(func() {
		l.mu.Lock()
		l.killed = true
		l.mu.Unlock()
		close(l.struck)
	})
}

// kill ends the process and returns when it is gone.
func (l *life) kill() error {
	l.mu.Lock()
	l.killed = true
	l.mu.Unlock()
	if err := l.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s: %w", l.of.name, err)
	}
	<-l.ended
	return nil
}

// set arms the process: the next time but skip that it passes the point is its last. It reports false if the process has gone.
func (l *life) set(at point, skip int) bool {
	if slices.Contains(inChild, at) {
		_, err := fmt.Fprintf(l.commands, "%d %s\n", skip, at)
		return err == nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trap = newTrap(at, skip)
	return true
}

// passes is called by whoever carries the process's words, and reports whether this was the point: then it is dead.
func (l *life) passes(points ...point) bool {
	if l == nil {
		return false
	}
	l.mu.Lock()
	set := l.trap
	l.mu.Unlock()
	if !slices.ContainsFunc(points, set.springs) {
		return false
	}
	if l.stops() {
		l.strike()
		return true
	}
	l.strike()
	return l.kill() == nil
}

func (l *life) wasKilled() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.killed
}

// endedBy is when the process ended; ok is false while it lives.
func (l *life) end() (at time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.endedAt, !l.endedAt.IsZero()
}

// now is the newest life, nil before the first.
func (p *process) now() *life {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.lives) == 0 {
		return nil
	}
	return p.lives[len(p.lives)-1]
}

// awaitReady returns a life that has come up.
func (p *process) awaitReady(ctx context.Context) (*life, error) {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		if l := p.now(); l != nil {
			select {
			case <-l.ready:
				if _, over := l.end(); !over {
					return l, nil
				}
			default:
			}
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("%s did not come up: %w", p.name, ctx.Err())
		}
	}
}
