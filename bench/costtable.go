package main

import (
	"fmt"
	"io"

	"shiming/registration"
)

func (r costResult) table(out io.Writer) {
	individual, enterprise := r.Kinds[registration.Individual], r.Kinds[registration.Enterprise]
	sayf(out, "\nA registration, over all its workflows (%d and %d of them in %d rounds each, by turns; medians of the rounds, least–most):\n\n",
		individual.Registrations, enterprise.Registrations, individual.Rounds)
	sayf(out, "| | individual | enterprise |\n| --- | ---: | ---: |\n")
	line := func(name string, figure func(k kindCost) string) {
		sayf(out, "| %s | %s | %s |\n", name, figure(individual), figure(enterprise))
	}
	line("events", func(k kindCost) string { return fmt.Sprintf("%.1f", k.Events) })
	line("state transitions", func(k kindCost) string { return fmt.Sprintf("%.1f", k.Transitions) })
	line("history, kB", func(k kindCost) string { return fmt.Sprintf("%.1f", k.HistoryBytes/1000) })
	for _, d := range []struct{ name, label string }{{productDatabase, "ours"}, {temporalDatabase, "Temporal's"}, {visibilityDatabase, "visibility's"}} {
		line("statements, "+d.label, func(k kindCost) string { return k.Databases[d.name].Statements.text(1) })
		line("begin/commit/rollback, "+d.label, func(k kindCost) string { return k.Databases[d.name].Controls.text(1) })
		if individual.Databases[d.name].Commits.Most > 0 { // not if it had to be quick
			line("commits, "+d.label, func(k kindCost) string { return k.Databases[d.name].Commits.text(1) })
		}
		line("WAL, kB, "+d.label, func(k kindCost) string { return k.Databases[d.name].WAL.text(1000) })
		line("disk, kB, "+d.label, func(k kindCost) string { return fmt.Sprintf("%.1f", k.Databases[d.name].Disk/1000) })
	}
	line("statements, Temporal's and visibility's, with begin and commit", func(k kindCost) string {
		t, v := k.Databases[temporalDatabase], k.Databases[visibilityDatabase]
		return fmt.Sprintf("%.1f", t.Statements.Median+t.Controls.Median+v.Statements.Median+v.Controls.Median)
	})
	line("WAL in all, kB", func(k kindCost) string { return k.TotalWAL.text(1000) })
	for _, name := range []string{apiProcess, workerProcess, temporalProcess, postgresProcess} {
		line("CPU-ms, "+name, func(k kindCost) string { return k.CPU[name].text(1) })
	}
	sayf(out, "\nIts workflows:\n\n| | runs | events | transitions | history, kB |\n| --- | ---: | ---: | ---: | ---: |\n")
	for _, kind := range []registration.Kind{registration.Individual, registration.Enterprise} {
		for _, name := range sorted(r.Kinds[kind].Workflows) {
			w := r.Kinds[kind].Workflows[name]
			sayf(out, "| %s: %s | %.2f | %.1f | %.1f | %.1f |\n", kind, name, w.Runs, w.Events, w.Transitions, w.Bytes/1000)
		}
	}
	sayf(out, "\nEvents by type:\n\n| | individual | enterprise |\n| --- | ---: | ---: |\n")
	types := map[string]bool{}
	for _, k := range r.Kinds {
		for name := range k.EventTypes {
			types[name] = true
		}
	}
	for _, name := range sorted(types) {
		line(name, func(k kindCost) string { return fmt.Sprintf("%.1f", k.EventTypes[name]) })
	}
	sayf(out, "\nWhile nobody asks for anything, a second (taken away above): ")
	for _, name := range sorted(r.Idle.CPU) {
		sayf(out, "%s %.1f CPU-ms, ", name, r.Idle.CPU[name])
	}
	for _, name := range sorted(r.Idle.Statements) {
		sayf(out, "%s %.1f statements, ", name, r.Idle.Statements[name])
	}
	sayf(out, "%.1f kB WAL in all.\n\n", r.Idle.TotalWAL/1000)
}

// digits is the median with least and most, with so many digits after the point.
func (s spread) digits(n int) string {
	return fmt.Sprintf("%.*f (%.*f–%.*f)", n, s.Median, n, s.Least, n, s.Most)
}

func both(a, b float64) string { return fmt.Sprintf("%.1f; %.1f", a, b) }

// text is the median with least and most, in units of so many.
func (s spread) text(unit float64) string {
	return fmt.Sprintf("%.1f (%.1f–%.1f)", s.Median/unit, s.Least/unit, s.Most/unit)
}
