package main

import (
	"fmt"
	"strconv"

	"shiming/registration"
)

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

func (r openResult) pictures() map[string]picture {
	p := picture{title: "A worker's memory by the runs in its cache", unit: "MB", beside: true, parts: []part{{name: "registrations"}, {name: "empty runs"}}}
	for _, s := range r.Sizes {
		p.names = append(p.names, strconv.Itoa(s.Runs))
		p.parts[0].values = append(p.parts[0].values, float64(s.WorkerMemory)/1e6)
		p.parts[1].values = append(p.parts[1].values, float64(s.EmptyMemory)/1e6)
	}
	return map[string]picture{"open": p}
}

func (r readsResult) pictures() map[string]picture {
	p := picture{title: "A read and one select behind a bare handler, median", unit: "ms", beside: true, parts: []part{{name: "ours"}, {name: "bare"}}}
	for _, s := range r.Sizes {
		p.names = append(p.names, fmt.Sprintf("%d rows", s.Rows))
		p.parts[0].values, p.parts[1].values = append(p.parts[0].values, s.Alone.Ours.P50), append(p.parts[1].values, s.Alone.Theirs.P50)
	}
	return map[string]picture{"reads": p}
}
