package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// teller tells the person at the terminal what goes on: words of ours, each with the time since the start, and between
// them the logs of the parts. What it writes goes line by line to one place, so that a table can share the terminal.
type teller struct {
	began time.Time
	level *slog.LevelVar

	mu    sync.Mutex
	print func(line string)
}

func newTeller(out io.Writer, level slog.Level) *teller {
	t := &teller{began: time.Now(), level: &slog.LevelVar{}}
	t.level.Set(level)
	t.print = func(line string) { _, _ = fmt.Fprintln(out, line) }
	return t
}

// through has every further line written by print.
func (t *teller) through(print func(line string)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.print = print
}

// say tells what happens now.
func (t *teller) say(what string) {
	t.line(fmt.Sprintf("%6.1fs  %s", time.Since(t.began).Seconds(), what))
}

func (t *teller) line(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.print(text)
}

// log is for the parts.
func (t *teller) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(t, &slog.HandlerOptions{Level: t.level}))
}

// Write implements io.Writer for the logs, which come by the line.
func (t *teller) Write(b []byte) (int, error) {
	t.line(strings.TrimRight(string(b), "\n"))
	return len(b), nil
}

// quiet leaves only errors: parts that end in turn complain of each other.
func (t *teller) quiet() { t.level.Set(slog.LevelError) }
