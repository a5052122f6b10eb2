package tour

import (
	"fmt"
	"time"

	"shiming/registration"
)

const tableForm = "%-33s %-24s %-10s %-21s %s"

// Table lays out who stands where, one line each below a heading.
func Table(rows []Row, now time.Time) []string {
	lines := []string{"", fmt.Sprintf(tableForm, "WHO", "STATE", "WAITING ON", "DUE", "NOW")}
	for _, r := range rows {
		lines = append(lines, fmt.Sprintf(tableForm, r.Who, state(r.View.State), r.View.WaitingOn, due(r.View, now), doing(r)))
	}
	return append(lines, "")
}

func state(s registration.State) string {
	if s == registration.None {
		return "-"
	}
	return string(s)
}

// due is a clock time, and how long that is: compressed days are short.
func due(v registration.View, now time.Time) string {
	switch {
	case v.DueAt == nil:
		return ""
	case v.Overdue:
		return v.DueAt.Local().Format(time.TimeOnly) + " overdue"
	}
	left := v.DueAt.Sub(now)
	if left > 48*time.Hour {
		return v.DueAt.Local().Format(time.DateOnly)
	}
	return fmt.Sprintf("%s (in %s)", v.DueAt.Local().Format(time.TimeOnly), left.Round(time.Second))
}

func doing(r Row) string {
	if r.Err != nil {
		return "FAILED: " + r.Err.Error()
	}
	return r.Doing
}
