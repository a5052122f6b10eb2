package main

import (
	"io"

	"shiming/bench/meter"
)

// fanoutResult is what subscribers cost, and how long their events are under way.
type fanoutResult struct {
	Subscribers int          `json:"subscribers"`
	Delivery    deliveryCost `json:"a_delivery"`
	AllAnswer   []quantiles  `json:"all_answer"`
	OneDeaf     []quantiles  `json:"one_never_answers"`
}

// deliveryCost is what a webhook delivery takes: the difference between registrations with and without subscribers.
type deliveryCost struct {
	Deliveries int                `json:"deliveries"`
	CPU        map[string]float64 `json:"cpu_ms"`
	Statements map[string]float64 `json:"statements"` // with begin and commit
	WAL        float64            `json:"wal_bytes"`
}

func deliveryCostOf(alone, told round, deliveries int, idle idleRates) deliveryCost {
	d := deliveryCost{Deliveries: deliveries, CPU: map[string]float64{}, Statements: map[string]float64{}}
	each := func(with, without, rate float64) float64 {
		return (with - without - rate*(told.took-alone.took).Seconds()) / float64(max(deliveries, 1))
	}
	for _, name := range []string{apiProcess, workerProcess, temporalProcess, postgresProcess} {
		d.CPU[name] = each(ms(told.cpu[name]), ms(alone.cpu[name]), idle.CPU[name])
	}
	for _, name := range []string{productDatabase, temporalDatabase, visibilityDatabase} {
		all := func(w meter.Work) float64 { return float64(w.Statements + w.Controls) }
		d.Statements[name] = each(all(told.work[name]), all(alone.work[name]), idle.Statements[name]+idle.Controls[name])
	}
	d.WAL = each(float64(told.totalWAL), float64(alone.totalWAL), idle.TotalWAL)
	return d
}

func (r fanoutResult) table(out io.Writer) {
	d := r.Delivery
	sayf(out, "\nA webhook delivery (of %d): ", d.Deliveries)
	for _, name := range sorted(d.Statements) {
		sayf(out, "%s %.1f statements, ", name, d.Statements[name])
	}
	sum := 0.0
	for _, name := range sorted(d.CPU) {
		sum += d.CPU[name]
		sayf(out, "%s %.1f CPU-ms, ", name, d.CPU[name])
	}
	sayf(out, "%.1f CPU-ms in all, %.1f kB WAL.\n\n", sum, d.WAL/1000)
	sayf(out, "From an event until %d subscribers have it:\n\n| | deliveries | p50, ms | p99, ms | longest, ms |\n| --- | ---: | ---: | ---: | ---: |\n", r.Subscribers)
	for i := range r.AllAnswer {
		for _, row := range []struct {
			name string
			q    quantiles
		}{{"all answer", r.AllAnswer[i]}, {"one never answers: the others", r.OneDeaf[i]}} {
			sayf(out, "| %s | %d | %.0f | %.0f | %.0f |\n", row.name, row.q.N, row.q.P50, row.q.P99, row.q.Max)
		}
	}
	sayf(out, "\n")
}
