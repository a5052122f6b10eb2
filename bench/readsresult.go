package main

import (
	"fmt"
	"io"
)

// readsResult compares reads with one select behind a bare handler.
type readsResult struct {
	Sizes []readSize `json:"sizes"`
}

type readSize struct {
	Rows   int        `json:"registrations"`
	Alone  comparison `json:"one_at_a_time"`
	Ours   readCost   `json:"ours"`
	Theirs readCost   `json:"theirs"`
}

// readCost is what a read takes, with four callers.
type readCost struct {
	ProcessCPU  float64 `json:"process_cpu_ms"` // of the API, or of the bare server
	PostgresCPU float64 `json:"postgresql_cpu_ms"`
	Statements  float64 `json:"statements"`
	Controls    float64 `json:"controls"` // begin, commit
}

func (r readsResult) table(out io.Writer) {
	sayf(out, "\nThe status of a registration, against one select behind a bare net/http handler, one at a time by turns:\n\n"+comparisonHead, "bare")
	for _, s := range r.Sizes {
		sayf(out, "%s", s.Alone.row(fmt.Sprintf("%d registrations", s.Rows)))
	}
	sayf(out, "\n| a read | process, CPU-ms | PostgreSQL, CPU-ms | statements | begin, commit |\n| --- | ---: | ---: | ---: | ---: |\n")
	for _, s := range r.Sizes {
		sayf(out, "%s%s", s.Ours.row("ours", s.Rows), s.Theirs.row("bare", s.Rows))
	}
	sayf(out, "\n")
}

func (c readCost) row(whose string, rows int) string {
	return fmt.Sprintf("| %s, %d registrations | %.2f | %.2f | %.1f | %.1f |\n", whose, rows, c.ProcessCPU, c.PostgresCPU, c.Statements, c.Controls)
}
