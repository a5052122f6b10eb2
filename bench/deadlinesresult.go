package main

import "io"

// deadlinesResult is what became of deadlines that were due at once.
type deadlinesResult struct {
	Deadlines  int       `json:"deadlines"`
	Day        float64   `json:"working_day_seconds"`
	Submitting float64   `json:"submitting_seconds"`
	Reminded   quantiles `json:"followed_after"` // from the deadline until its reminder was made
	Acts       quantiles `json:"withdraw_meanwhile"`
}

func (r deadlinesResult) table(out io.Writer) {
	sayf(out, "\n%d deadlines due at one instant: from then until each is followed %v. Acts meanwhile: %v.\n\n", r.Deadlines, r.Reminded, r.Acts)
}
