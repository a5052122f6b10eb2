package main

import "shiming/registration"

func (r costResult) pictures() map[string]picture {
	names := []string{string(registration.Individual), string(registration.Enterprise)}
	cpu := picture{title: "CPU of a registration", unit: "ms", names: names}
	for _, process := range []string{postgresProcess, temporalProcess, workerProcess, apiProcess} {
		cpu.parts = append(cpu.parts, part{process, r.each(func(k kindCost) float64 { return k.CPU[process].Median })})
	}
	wal := picture{title: "WAL of a registration", unit: "kB", names: names}
	for _, d := range []struct{ database, label string }{
		{visibilityDatabase, "Temporal's visibility"}, {temporalDatabase, "Temporal"}, {productDatabase, "ours"},
	} {
		wal.parts = append(wal.parts, part{d.label, r.each(func(k kindCost) float64 { return k.Databases[d.database].WAL.Median / 1000 })})
	}
	return map[string]picture{"cost-cpu": cpu, "cost-wal": wal}
}

func (r costResult) each(figure func(k kindCost) float64) []float64 {
	var values []float64
	for _, kind := range bothKinds() {
		values = append(values, figure(r.Kinds[kind]))
	}
	return values
}

func (r actsResult) pictures() map[string]picture {
	p := picture{title: "An act and an empty update, median", unit: "ms", names: []string{"submit", "withdraw", "submit, cold"}, beside: true}
	var ours, theirs []float64
	for _, c := range []comparison{r.Submit, r.Withdraw, r.Cold} {
		ours, theirs = append(ours, c.Ours.P50), append(theirs, c.Theirs.P50)
	}
	p.parts = []part{{"act", ours}, {"empty update", theirs}}
	return map[string]picture{"acts": p}
}
