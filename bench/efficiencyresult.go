package main

import (
	"context"
	"io"

	"shiming/registration"
)

// efficiencyResult is CPU: a registration's, without its API's, and that of no-op workflows with the same histories. What is used
// anyhow is taken from both.
type efficiencyResult struct {
	Kinds map[registration.Kind]efficiencyOfKind `json:"kinds"`
}

type efficiencyOfKind struct {
	Registrations   int               `json:"registrations"`
	Product         map[string]spread `json:"product_cpu_ms"` // by process
	Noop            map[string]spread `json:"noop_cpu_ms"`
	ProductSum      spread            `json:"product_cpu_ms_sum"`
	NoopSum         spread            `json:"noop_cpu_ms_sum"`
	Efficiency      spread            `json:"efficiency"` // of rounds side by side
	Events          float64           `json:"events"`
	NoopEvents      float64           `json:"noop_events"`
	Transitions     float64           `json:"transitions"`
	NoopTransitions float64           `json:"noop_transitions"`
	Bytes           float64           `json:"history_bytes"`
	NoopBytes       float64           `json:"noop_history_bytes"`
}

func efficiencyOf(ctx context.Context, c *counter, idle idleRates, product, empty map[registration.Kind][]round) (efficiencyResult, error) {
	result := efficiencyResult{Kinds: map[registration.Kind]efficiencyOfKind{}}
	for _, kind := range bothKinds() {
		ours, theirs := product[kind], empty[kind]
		if err := c.readRuns(ctx, ours); err != nil {
			return result, err
		}
		if err := c.readRuns(ctx, theirs); err != nil {
			return result, err
		}
		a, b := kindCostOf(ours, idle), kindCostOf(theirs, idle)
		k := efficiencyOfKind{
			Registrations: a.Registrations, Product: map[string]spread{}, Noop: map[string]spread{},
			Events: a.Events, NoopEvents: b.Events, Transitions: a.Transitions, NoopTransitions: b.Transitions, Bytes: a.HistoryBytes, NoopBytes: b.HistoryBytes,
		}
		engine := []string{temporalProcess, postgresProcess}
		sum := func(r round, worker string) float64 {
			all := 0.0
			for _, name := range append([]string{worker}, engine...) {
				all += (ms(r.cpu[name]) - idle.CPU[name]*r.took.Seconds()) / float64(r.n)
			}
			return all
		}
		var sums, noops, ratios []float64
		for i := range ours {
			p, n := sum(ours[i], workerProcess), sum(theirs[i], noopCommand)
			sums, noops, ratios = append(sums, p), append(noops, n), append(ratios, n/p)
		}
		k.ProductSum, k.NoopSum, k.Efficiency = spreadOf(sums), spreadOf(noops), spreadOf(ratios)
		for _, name := range engine {
			k.Product[name], k.Noop[name] = a.CPU[name], b.CPU[name]
		}
		k.Product[workerProcess], k.Noop[workerProcess] = a.CPU[workerProcess], cpuOf(theirs, noopCommand, idle)
		result.Kinds[kind] = k
	}
	return result, nil
}

func cpuOf(rounds []round, process string, idle idleRates) spread {
	var values []float64
	for _, r := range rounds {
		values = append(values, (ms(r.cpu[process])-idle.CPU[process]*r.took.Seconds())/float64(r.n))
	}
	return spreadOf(values)
}

func (r efficiencyResult) table(out io.Writer) {
	individual, enterprise := r.Kinds[registration.Individual], r.Kinds[registration.Enterprise]
	sayf(out, "\nCPU of no-op workflows with the same histories ÷ CPU of a registration (worker, Temporal and PostgreSQL; %d and %d by turns; medians of the rounds, least–most):\n\n",
		individual.Registrations, enterprise.Registrations)
	sayf(out, "| | individual | enterprise |\n| --- | ---: | ---: |\n")
	line := func(name string, figure func(k efficiencyOfKind) string) {
		sayf(out, "| %s | %s | %s |\n", name, figure(individual), figure(enterprise))
	}
	for _, name := range []string{workerProcess, temporalProcess, postgresProcess} {
		line("CPU-ms, "+name, func(k efficiencyOfKind) string { return k.Product[name].text(1) })
		line("CPU-ms, "+name+", no-op", func(k efficiencyOfKind) string { return k.Noop[name].text(1) })
	}
	line("CPU-ms, sum", func(k efficiencyOfKind) string { return k.ProductSum.text(1) })
	line("CPU-ms, sum, no-op", func(k efficiencyOfKind) string { return k.NoopSum.text(1) })
	line("**efficiency**", func(k efficiencyOfKind) string { return k.Efficiency.digits(2) })
	line("events; no-op", func(k efficiencyOfKind) string { return both(k.Events, k.NoopEvents) })
	line("transitions; no-op", func(k efficiencyOfKind) string { return both(k.Transitions, k.NoopTransitions) })
	line("history, kB; no-op", func(k efficiencyOfKind) string { return both(k.Bytes/1000, k.NoopBytes/1000) })
	sayf(out, "\n")
}
