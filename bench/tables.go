package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// show writes the tables of a kept result, if there is one.
func show[T tabular](o options, name string, out io.Writer) error {
	r, found, err := kept[T](o, name)
	if err != nil || !found {
		return err
	}
	how := ""
	if r.Quick {
		how = ", a quick look"
	}
	sayf(out, "\n### %s\n\nMeasured on %s, %d cores, %s%s.\n", name, r.At.Format("2006-01-02"), r.Cores, r.Go, how)
	r.Result.table(out)
	return nil
}

// tables shows the results that are kept.
func (o options) tables(out io.Writer) error {
	for _, one := range []struct {
		name string
		show func(o options, name string, out io.Writer) error
	}{
		{"cost", show[costResult]},
		{"efficiency", show[efficiencyResult]},
		{"acts", show[actsResult]},
		{"reads", show[readsResult]},
		{"reports", show[reportsResult]},
		{"fanout", show[fanoutResult]},
		{"open", show[openResult]},
		{"deadlines", show[deadlinesResult]},
		{"taxes", show[taxesResult]},
	} {
		if err := one.show(o, one.name, out); err != nil {
			return err
		}
	}
	return nil
}

// The tables stand in the page below this line, to its end.
const (
	readme       = "README.md"
	resultsBelow = "<!-- What stands below is written by `make bench-pages`. -->\n"
)

// writeReadme puts the tables into the bench's page.
func (o options) writeReadme() error {
	page, err := os.ReadFile(readme)
	if err != nil {
		return err
	}
	text, _, found := strings.Cut(string(page), resultsBelow)
	if !found {
		return fmt.Errorf("%s has no line for the tables", readme)
	}
	var b strings.Builder
	b.WriteString(text + resultsBelow)
	if err := o.tables(&b); err != nil {
		return err
	}
	return os.WriteFile(readme, []byte(strings.TrimRight(b.String(), "\n")+"\n"), 0o644) //nolint:gosec // for everybody to read
}
