package cli

import (
	"io"
	"strings"
)

// page collects what a person is shown.
type page struct{ strings.Builder }

// table lays out rows below a heading, without trailing blanks. Every cell is cleaned.
func (p *page) table(head []string, rows [][]string) {
	all := append([][]string{head}, rows...)
	widths := make([]int, len(head))
	for i, row := range all {
		for j, cell := range row {
			all[i][j] = clean(cell)
			widths[j] = max(widths[j], columns(all[i][j]))
		}
	}
	for _, row := range all {
		var line strings.Builder
		for j, cell := range row {
			line.WriteString(pad(cell, widths[j]+2))
		}
		p.line(strings.TrimRight(line.String(), " "))
	}
}

// pair is a named value.
type pair struct{ name, value string }

// list lays out what is not empty of named values.
func (p *page) list(pairs ...pair) {
	widest := 0
	for _, one := range pairs {
		if one.value != "" {
			widest = max(widest, columns(one.name))
		}
	}
	for _, one := range pairs {
		if one.value != "" {
			p.line(pad(one.name, widest+2) + clean(one.value))
		}
	}
}

// section begins a part with a heading of its own.
func (p *page) section(title string) {
	if p.Len() > 0 {
		p.line("")
	}
	p.line(title)
}

func (p *page) line(text string) { p.WriteString(text + "\n") }

// WriteTable lays out rows below a heading, as every command does, for those that live elsewhere.
func WriteTable(w io.Writer, title string, head []string, rows [][]string) error {
	var p page
	if title != "" {
		p.section(clean(title))
	}
	p.table(head, rows)
	return p.to(w)
}

func (p *page) to(w io.Writer) error {
	_, err := io.WriteString(w, p.String())
	return err
}

// words joins what is not empty.
func words(parts ...string) string {
	var some []string
	for _, part := range parts {
		if part != "" {
			some = append(some, part)
		}
	}
	return strings.Join(some, ", ")
}
