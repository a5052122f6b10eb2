package main

import (
	"fmt"
	"strings"
)

// mutant is a line broken, and the tests that must notice.
type mutant struct {
	name     string
	file     string
	test     []string // the command
	old, new string
}

// The marks of a list; see list.txt.
const (
	markName = "=== "
	markFile = "file: "
	markTest = "test: "
	markOld  = "--- old\n"
	markNew  = "--- new\n"
)

// parse reads a list. What stands before its first entry is for readers.
func parse(list string) ([]mutant, error) {
	entries := strings.Split("\n"+list, "\n"+markName)[1:]
	if len(entries) == 0 {
		return nil, fmt.Errorf("there is no entry: one begins with %q", markName)
	}
	all := make([]mutant, len(entries))
	for i, entry := range entries {
		m, err := parseEntry(entry)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", m.name, err)
		}
		all[i] = m
	}
	return all, nil
}

func parseEntry(entry string) (m mutant, err error) {
	head, texts, hasOld := strings.Cut(entry, "\n"+markOld)
	old, changed, hasNew := strings.Cut(texts, markNew)
	m.name, head, _ = strings.Cut(head, "\n")
	for line := range strings.Lines(head) {
		line = strings.TrimSpace(line)
		if file, found := strings.CutPrefix(line, markFile); found {
			m.file = file
		} else if test, found := strings.CutPrefix(line, markTest); found {
			m.test = strings.Fields(test)
		}
	}
	// The line ends before the marks, and the empty lines between entries, belong to neither text.
	m.old, m.new = strings.TrimRight(old, "\n"), strings.TrimRight(changed, "\n")
	if m.file == "" || len(m.test) == 0 || !hasOld || !hasNew || m.old == "" {
		return m, fmt.Errorf("wants %q, %q, %q and %q", markFile, markTest, strings.TrimSpace(markOld), strings.TrimSpace(markNew))
	}
	return m, nil
}
