package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
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
	if drawn, ok := any(r.Result).(pictured); ok {
		for file, p := range sortedBy(drawn.pictures()) {
			sayf(out, "![%s](%s/%s.svg)\n", p.title, o.results, file)
		}
	}
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

// redraw draws the pictures of what was kept.
func redraw[T tabular](o options, name string) error {
	r, found, err := kept[T](o, name)
	if err != nil || !found {
		return err
	}
	if drawn, ok := any(r.Result).(pictured); ok {
		return o.draw(drawn)
	}
	return nil
}

// The tables stand in the page below this line, to its end.
const (
	readme       = "README.md"
	resultsBelow = "<!-- What stands below is written by `make bench-pages`. -->\n"
)

var blankLines = regexp.MustCompile(`\n{3,}`)

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
	err = errors.Join(o.tables(&b), redraw[costResult](o, "cost"), redraw[actsResult](o, "acts"), redraw[readsResult](o, "reads"), redraw[openResult](o, "open"))
	if err != nil {
		return err
	}
	return os.WriteFile(readme, []byte(strings.TrimRight(blankLines.ReplaceAllString(b.String(), "\n\n"), "\n")+"\n"), 0o644) //nolint:gosec // for everybody to read
}
