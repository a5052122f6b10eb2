package main

import (
	"io"

	"shiming/registration"
)

// taxesResult is what no-op workflows with a registration's histories take, with and without something.
type taxesResult struct {
	Variants map[string]map[registration.Kind]taxCost `json:"variants"`
}

type taxCost struct {
	CPU    spread `json:"cpu_ms"` // worker, Temporal, PostgreSQL
	Worker spread `json:"worker_cpu_ms"`
	WAL    spread `json:"wal_bytes"`
}

func taxesOf(all variants, rounds map[string]map[registration.Kind][]round, idle idleRates) taxesResult {
	result := taxesResult{Variants: map[string]map[registration.Kind]taxCost{}}
	for _, v := range all {
		worker := noopCommand
		if v.name == encrypted {
			worker = sealedCommand
		}
		result.Variants[v.name] = map[registration.Kind]taxCost{}
		for _, kind := range bothKinds() {
			var sums, wal []float64
			for _, r := range rounds[v.name][kind] {
				sum := 0.0
				for _, name := range []string{worker, temporalProcess, postgresProcess} {
					sum += (ms(r.cpu[name]) - idle.CPU[name]*r.took.Seconds()) / float64(r.n)
				}
				sums = append(sums, sum)
				wal = append(wal, (float64(r.totalWAL)-idle.TotalWAL*r.took.Seconds())/float64(r.n))
			}
			result.Variants[v.name][kind] = taxCost{CPU: spreadOf(sums), Worker: cpuOf(rounds[v.name][kind], worker, idle), WAL: spreadOf(wal)}
		}
	}
	return result
}

func (r taxesResult) table(out io.Writer) {
	sayf(out, "\nNo-op workflows with a registration's histories, with and without something (CPU of worker, Temporal and PostgreSQL; medians of the rounds, least–most):\n\n")
	sayf(out, "| | individual: CPU-ms | WAL, kB | enterprise: CPU-ms | WAL, kB |\n| --- | ---: | ---: | ---: | ---: |\n")
	for _, name := range []string{plain, encrypted, unattributed} {
		i, e := r.Variants[name][registration.Individual], r.Variants[name][registration.Enterprise]
		sayf(out, "| %s | %s | %s | %s | %s |\n", name, i.CPU.text(1), i.WAL.text(1000), e.CPU.text(1), e.WAL.text(1000))
	}
	sayf(out, "\n")
}
