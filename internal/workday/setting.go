package workday

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The kinds of calendar that a setting can ask for.
const (
	settingReal       = "real"
	settingCompressed = "compressed"
)

// Parse makes the calendar that a setting asks for: "real", also if it is empty, with the options of New; or
// "compressed:5s@2026-11-23T10:00:00Z", a day's length and the moment that days are counted from, for which the options
// mean nothing. Every process that shares a database must have the same setting, so one of them passes its
// calendar's String on.
func Parse(setting string, opts ...Option) (Calendar, error) {
	kind, rest, _ := strings.Cut(strings.TrimSpace(setting), ":")
	switch {
	case kind == settingCompressed:
		return parseCompressed(rest)
	case (kind == settingReal || kind == "") && rest == "":
		r, err := New(opts...)
		if err != nil {
			return nil, err // not r: a nil *Real in a Calendar would not be nil
		}
		return r, nil
	}
	return nil, fmt.Errorf("workday: calendar %q is neither %q nor like %q", setting, settingReal, "compressed:5s@2026-11-23T10:00:00Z")
}

func parseCompressed(rest string) (Calendar, error) {
	length, epoch, found := strings.Cut(rest, "@")
	if !found {
		return nil, errors.New("workday: a compressed calendar needs a length and an epoch, like compressed:5s@2026-11-23T10:00:00Z")
	}
	day, err := time.ParseDuration(length)
	if err != nil {
		return nil, fmt.Errorf("workday: length of a compressed day: %w", err)
	}
	if day <= 0 {
		return nil, fmt.Errorf("workday: a compressed day of %s: it must last some time", day)
	}
	at, err := time.Parse(time.RFC3339Nano, epoch)
	if err != nil {
		return nil, fmt.Errorf("workday: epoch of a compressed calendar: %w", err)
	}
	return NewCompressed(day, at), nil
}
