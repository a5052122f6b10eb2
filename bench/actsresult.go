package main

import "io"

// actsResult compares acts with empty updates.
type actsResult struct {
	Submit   comparison `json:"submit"`
	Withdraw comparison `json:"withdraw"`
	Cold     comparison `json:"submit_cold_cache"`
	Killed   comparison `json:"submit_after_a_killed_worker"`
}

func (r actsResult) table(out io.Writer) {
	sayf(out, "\nAn act that calls no provider, over HTTP, against an empty update from a client of the engine, one at a time by turns:\n\n"+comparisonHead, "empty update")
	sayf(out, "%s%s%s%s\n", r.Submit.row("submit"), r.Withdraw.row("withdraw (the run ends)"),
		r.Cold.row("submit, no run in a cache"), r.Killed.row("submit, after the workers were killed"))
}
