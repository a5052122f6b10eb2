package diagram

import (
	"fmt"
	"slices"
	"strings"

	"shiming/registration"
)

// route is every state from which one event leads to one other, or back to itself.
type route struct {
	event registration.Event
	guard registration.Guard
	stays bool
	to    registration.State
	from  []registration.State
}

// routes gathers the rows that are not drawn, in the table's order.
func routes(kind registration.Kind) []route {
	var all []route
	for _, t := range registration.Table(kind) {
		if !aside(t) {
			continue
		}
		r := route{event: t.Event, guard: t.Guard, stays: t.To == t.From, to: t.To}
		if r.stays {
			r.to = registration.None
		}
		i := slices.IndexFunc(all, func(o route) bool { return o.event == r.event && o.guard == r.guard && o.to == r.to })
		if i < 0 {
			all = append(all, r)
			i = len(all) - 1
		}
		all[i].from = append(all[i].from, t.From)
	}
	return all
}

// notDrawn lists the rows that have no arrow.
func notDrawn(kind registration.Kind) string {
	var b strings.Builder
	b.WriteString("| also | from | to |\n| --- | --- | --- |\n")
	for _, r := range routes(kind) {
		to := "the same"
		if !r.stays {
			to = "`" + string(r.to) + "`"
		}
		guard := ""
		if r.guard != registration.Always {
			guard = fmt.Sprintf(" [%s]", r.guard)
		}
		fmt.Fprintf(&b, "| `%s`%s | %s | %s |\n", r.event, guard, sources(kind, r.from), to)
	}
	return b.String()
}

// sources names the states by what they leave out where that is shorter.
func sources(kind registration.Kind, from []registration.State) string {
	open := slices.DeleteFunc(drawn(kind), registration.State.Final)
	without := slices.DeleteFunc(slices.Clone(open), func(s registration.State) bool { return slices.Contains(from, s) })
	switch {
	case len(without) == 0:
		return "every open state"
	case len(without) < len(from):
		return "every open state but " + list(without)
	}
	return list(from)
}

func list(states []registration.State) string {
	names := make([]string, 0, len(states))
	for _, s := range states {
		names = append(names, "`"+string(s)+"`")
	}
	return strings.Join(names, ", ")
}

// legend says what the colours of a kind's diagram mean.
func legend(kind registration.Kind) string {
	var parts []string
	for _, c := range colours {
		if slices.ContainsFunc(drawn(kind), func(s registration.State) bool { return s.WaitingOn() == c.party }) {
			parts = append(parts, fmt.Sprintf("%s %s", c.party, c.name))
		}
	}
	return "Whom a state waits for: " + strings.Join(parts, ", ") + "."
}
