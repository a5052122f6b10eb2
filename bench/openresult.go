package main

import (
	"fmt"
	"io"
)

// openResult is what open registrations cost, by their number.
type openResult struct {
	Sizes []openSize `json:"sizes"`
}

// openSize is so many open registrations, and as many empty runs of the no-op worker beside them.
type openSize struct {
	Runs            int              `json:"open"`
	OpenedPerSecond float64          `json:"opened_per_second"`
	WorkerMemory    int64            `json:"worker_bytes"`
	EmptyMemory     int64            `json:"noop_worker_bytes"`
	TemporalMemory  int64            `json:"temporal_bytes"`
	Disk            map[string]int64 `json:"disk_bytes"` // by database
	Withdraw        quantiles        `json:"withdraw"`
}

// perRun is what a run takes from one size to another.
type perRun struct {
	Worker, Empty, Temporal, Product, Engine, Visibility float64 // bytes
}

func (r openResult) perRun() perRun {
	if len(r.Sizes) < 2 {
		return perRun{}
	}
	a, b := r.Sizes[0], r.Sizes[len(r.Sizes)-1]
	each := func(from, to int64) float64 { return float64(to-from) / float64(b.Runs-a.Runs) }
	return perRun{
		Worker: each(a.WorkerMemory, b.WorkerMemory), Empty: each(a.EmptyMemory, b.EmptyMemory), Temporal: each(a.TemporalMemory, b.TemporalMemory),
		Product: each(a.Disk[productDatabase], b.Disk[productDatabase]), Engine: each(a.Disk[temporalDatabase], b.Disk[temporalDatabase]),
		Visibility: each(a.Disk[visibilityDatabase], b.Disk[visibilityDatabase]),
	}
}

const extrapolated = 100_000

func (r openResult) table(out io.Writer) {
	sayf(out, "\nRegistrations that are open and wait, and as many empty runs in a worker of their own (Temporal's databases hold both):\n\n")
	sayf(out, "| open | worker, MB | no-op worker, MB | Temporal, MB | disk: ours, Temporal's, visibility's, MB | withdraw: p50, p99, ms |\n| ---: | ---: | ---: | ---: | ---: | ---: |\n")
	mb := func(bytes int64) float64 { return float64(bytes) / 1e6 }
	for _, s := range r.Sizes {
		sayf(out, "| %d | %.0f | %.0f | %.0f | %.0f, %.0f, %.0f | %.0f, %.0f |\n", s.Runs, mb(s.WorkerMemory), mb(s.EmptyMemory), mb(s.TemporalMemory),
			mb(s.Disk[productDatabase]), mb(s.Disk[temporalDatabase]), mb(s.Disk[visibilityDatabase]), s.Withdraw.P50, s.Withdraw.P99)
	}
	p := r.perRun()
	sayf(out, "| %d (extrapolated) | %s |\n", extrapolated, fmt.Sprintf("%.0f | %.0f | – | %.0f, –, – | –",
		r.at(p.Worker, r.Sizes[0].WorkerMemory), r.at(p.Empty, r.Sizes[0].EmptyMemory), r.at(p.Product, r.Sizes[0].Disk[productDatabase])))
	sayf(out, "\nA cached run: %.1f kB, a cached empty run %.1f kB: **%.2f** times. Disk of an open registration, ours: %.1f kB.\n\n", p.Worker/1000, p.Empty/1000, p.Worker/p.Empty, p.Product/1000)
}

// at is a figure in MB at the extrapolated size.
func (r openResult) at(each float64, first int64) float64 {
	return (float64(first) + each*float64(extrapolated-r.Sizes[0].Runs)) / 1e6
}
