package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
)

// childLines passes on what a child of ours writes: its lines are slog's JSON, each with its own level. A line that is
// not (a panic, a refusal to start) is worth a warning.
type childLines struct{ to slog.Handler }

// Enabled implements slog.Handler; what counts is the line's own level.
func (childLines) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler. The record's message is the child's line.
func (c childLines) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, slog.LevelWarn, "worker: "+r.Message, 0)
	var line map[string]any
	if err := json.Unmarshal([]byte(r.Message), &line); err == nil {
		level := slog.LevelWarn
		if text, ok := line[slog.LevelKey].(string); ok && level.UnmarshalText([]byte(text)) != nil {
			level = slog.LevelWarn
		}
		message, _ := line[slog.MessageKey].(string)
		out = slog.NewRecord(r.Time, level, "worker: "+message, 0)
		for _, key := range slices.Sorted(maps.Keys(line)) {
			if key != slog.LevelKey && key != slog.MessageKey && key != slog.TimeKey {
				out.AddAttrs(slog.Any(key, line[key]))
			}
		}
	}
	if !c.to.Enabled(ctx, out.Level) {
		return nil
	}
	return c.to.Handle(ctx, out)
}

// WithAttrs implements slog.Handler; devstack's attribute names the process, and so do we.
func (c childLines) WithAttrs([]slog.Attr) slog.Handler { return c }

// WithGroup implements slog.Handler.
func (c childLines) WithGroup(string) slog.Handler { return c }
