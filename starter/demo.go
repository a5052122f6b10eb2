package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"shiming/internal/tour"
)

type demoCommand struct {
	stackFlags
	WorkingDay time.Duration `name:"working-day" default:"60s" help:"How long a working day lasts (${default})."`
	Exit       bool          `help:"End after the tour, non-zero if any step failed."`
	JSON       bool          `name:"json" help:"Write each transition to stdout as a JSON object, at the end a summary, and everything for people to stderr."`
}

// Validate is kong's.
func (c *demoCommand) Validate() error {
	if c.WorkingDay <= 0 {
		return errors.New("--working-day must be above 0 in a demo, such as 60s")
	}
	return c.stackFlags.Validate()
}

// Run brings everything up with nothing kept, takes the tour, and stays unless told otherwise.
func (c *demoCommand) Run(stop *stopper) error {
	opts := c.options()
	opts.WorkingDay, opts.ToTheEnd = c.WorkingDay, c.Exit
	out := os.Stdout
	if c.JSON {
		out = os.Stderr
	}
	screen := tour.NewScreen(out, isTerminal(out))
	t := newTeller(os.Stderr, c.LogLevel)
	t.say("nothing of this is kept; a working day lasts " + c.WorkingDay.String())
	return runStack(stop, opts, t, func(s *stack) error {
		up := time.Since(t.began)
		t.say("everything is up")
		if isTerminal(out) { // the table is drawn there
			t.through(screen.Line)
		}
		failed := c.show(stop.soon, s, screen, up)
		if c.Exit || stop.soon.Err() != nil || s.death.cause() != nil {
			return failed
		}
		screen.Line("everything stays up until Ctrl-C, for calls of your own:")
		for _, line := range s.credentials() {
			screen.Line(line)
		}
		return errors.Join(s.wait(stop.soon), failed)
	})
}

// demoSummary is what a demo came to.
type demoSummary struct {
	tour.Summary
	UpSeconds float64 `json:"up_seconds"` // until everything was up
}

// show takes the tour, and stops it if a part of the stack dies. up is how long it took to come up.
func (c *demoCommand) show(ctx context.Context, s *stack, screen *tour.Screen, up time.Duration) error {
	for _, line := range s.addresses() {
		screen.Line(line)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { cancel(s.wait(ctx)) }()

	var stdout *jsonLines
	if c.JSON {
		stdout = &jsonLines{enc: json.NewEncoder(os.Stdout)}
	}
	end := screen.Start()
	summary, err := tour.Run(ctx, tour.Options{
		API: s.apiURL, Sandbox: s.sandboxURL, Platform: s.home.kept.Tokens.Platform, Reviewer: s.home.kept.Tokens.Reviewer,
		Row: screen.Row,
		Transition: func(n tour.Transition) {
			screen.Transition(n)
			stdout.write(n)
		},
	})
	end()
	stdout.write(map[string]demoSummary{"summary": {Summary: summary, UpSeconds: up.Round(100 * time.Millisecond).Seconds()}})
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	if err == nil {
		err = stdout.failed()
	}
	if err != nil {
		screen.Line("")
		screen.Line("the tour failed:")
		screen.Line(err.Error())
		return errReported
	}
	screen.Line(fmt.Sprintf("all %d registrations are approved, after %d transitions in %.1f s; it took %.1f s until everything was up",
		summary.Approved, summary.Transitions, summary.Seconds, up.Seconds()))
	return nil
}

// jsonLines writes an object a line; a nil one writes nothing.
type jsonLines struct {
	mu  sync.Mutex
	enc *json.Encoder
	err error
}

func (j *jsonLines) write(v any) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.err = errors.Join(j.err, j.enc.Encode(v))
}

func (j *jsonLines) failed() error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err
}

// isTerminal tells a terminal that can move its cursor from a file or a pipe.
func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
