package main

import (
	"slices"
	"time"

	"shiming/bench/meter"
	"shiming/registration"
)

// idleRates are what everything does in a second while nobody asks for anything: it is taken from what registrations took.
type idleRates struct {
	CPU        map[string]float64 `json:"cpu_ms"`     // by process
	Statements map[string]float64 `json:"statements"` // by database, with begin, commit and rollback
	Controls   map[string]float64 `json:"controls"`
	Commits    map[string]float64 `json:"commits"`
	WAL        map[string]float64 `json:"wal_bytes"`
	TotalWAL   float64            `json:"total_wal_bytes"`
}

func idleOf(r round) idleRates {
	i := idleRates{CPU: map[string]float64{}, Statements: map[string]float64{}, Controls: map[string]float64{}, Commits: map[string]float64{}, WAL: map[string]float64{}}
	seconds := r.took.Seconds()
	for name, used := range r.cpu {
		i.CPU[name] = ms(used) / seconds
	}
	for name, w := range r.work {
		i.Statements[name], i.Controls[name], i.WAL[name] = float64(w.Statements)/seconds, float64(w.Controls)/seconds, float64(w.WAL)/seconds
		if r.commitsIn > 0 {
			i.Commits[name] = float64(w.Commits) / r.commitsIn.Seconds()
		}
	}
	i.TotalWAL = float64(r.totalWAL) / seconds
	return i
}

func (i idleRates) mean(o idleRates) idleRates {
	both := func(a, b map[string]float64) map[string]float64 {
		m := map[string]float64{}
		for name := range a {
			m[name] = (a[name] + b[name]) / 2
		}
		return m
	}
	return idleRates{
		CPU: both(i.CPU, o.CPU), Statements: both(i.Statements, o.Statements), Controls: both(i.Controls, o.Controls),
		Commits: both(i.Commits, o.Commits), WAL: both(i.WAL, o.WAL), TotalWAL: (i.TotalWAL + o.TotalWAL) / 2,
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// spread is a figure in several rounds.
type spread struct {
	Median float64 `json:"median"`
	Least  float64 `json:"least"`
	Most   float64 `json:"most"`
}

func spreadOf(values []float64) spread {
	if len(values) == 0 {
		return spread{}
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := sorted[len(sorted)/2]
	if len(sorted)%2 == 0 {
		middle = (middle + sorted[len(sorted)/2-1]) / 2
	}
	return spread{middle, sorted[0], sorted[len(sorted)-1]}
}

// databaseCost is what a registration takes of a database.
type databaseCost struct {
	Statements spread  `json:"statements"`
	Controls   spread  `json:"controls"` // begin, commit, rollback
	Commits    spread  `json:"commits"`
	WAL        spread  `json:"wal_bytes"`
	Disk       float64 `json:"disk_bytes"` // the mean, for files grow in steps
}

// workflowCost is what the runs of one workflow type are in a registration.
type workflowCost struct {
	Runs        float64 `json:"runs"`
	Events      float64 `json:"events"`
	Transitions float64 `json:"transitions"`
	Bytes       float64 `json:"history_bytes"`
}

// kindCost is what one registration takes, over all its workflows.
type kindCost struct {
	Registrations int                     `json:"registrations"`
	Rounds        int                     `json:"rounds"`
	Events        float64                 `json:"events"`
	EventTypes    map[string]float64      `json:"event_types"`
	Transitions   float64                 `json:"transitions"`
	HistoryBytes  float64                 `json:"history_bytes"`
	Workflows     map[string]workflowCost `json:"workflows"`
	Databases     map[string]databaseCost `json:"databases"`
	TotalWAL      spread                  `json:"total_wal_bytes"`
	CPU           map[string]spread       `json:"cpu_ms"`
	Seconds       spread                  `json:"seconds"` // of a round, a registration
	GrossCPU      map[string]spread       `json:"cpu_ms_with_idle"`
	Often         []statementCost         `json:"statements"` // the most frequent, also of what is done anyhow
}

// costResult is what is kept of the measurement.
type costResult struct {
	Idle  idleRates                      `json:"idle_a_second"`
	Kinds map[registration.Kind]kindCost `json:"kinds"`
}

func kindCostOf(rounds []round, idle idleRates) kindCost {
	k := kindCost{
		Rounds: len(rounds), EventTypes: map[string]float64{}, Workflows: map[string]workflowCost{},
		Databases: map[string]databaseCost{}, CPU: map[string]spread{}, GrossCPU: map[string]spread{},
	}
	var runs []run
	for _, r := range rounds {
		k.Registrations += r.n
		runs = append(runs, r.runs...)
	}
	k.addRuns(runs)
	k.Often = oftenOf(rounds)
	each := func(figure func(r round) float64) spread {
		var values []float64
		for _, r := range rounds {
			values = append(values, figure(r)/float64(r.n))
		}
		return spreadOf(values)
	}
	for _, name := range []string{productDatabase, temporalDatabase, visibilityDatabase} {
		of := func(figure func(meter.Work) int64, rate map[string]float64) spread {
			return each(func(r round) float64 { return float64(figure(r.work[name])) - rate[name]*r.took.Seconds() })
		}
		grown := 0.0
		for _, r := range rounds {
			grown += float64(r.disk[name])
		}
		k.Databases[name] = databaseCost{
			Disk:       grown / float64(k.Registrations),
			Statements: of(func(w meter.Work) int64 { return w.Statements }, idle.Statements),
			Controls:   of(func(w meter.Work) int64 { return w.Controls }, idle.Controls),
			Commits:    each(func(r round) float64 { return float64(r.work[name].Commits) - idle.Commits[name]*r.commitsIn.Seconds() }),
			WAL:        of(func(w meter.Work) int64 { return w.WAL }, idle.WAL),
		}
	}
	for _, name := range []string{apiProcess, workerProcess, temporalProcess, postgresProcess} {
		k.CPU[name] = each(func(r round) float64 { return ms(r.cpu[name]) - idle.CPU[name]*r.took.Seconds() })
		k.GrossCPU[name] = each(func(r round) float64 { return ms(r.cpu[name]) })
	}
	k.TotalWAL = each(func(r round) float64 { return float64(r.totalWAL) - idle.TotalWAL*r.took.Seconds() })
	k.Seconds = each(func(r round) float64 { return r.took.Seconds() })
	return k
}

// addRuns adds what the runs of all registrations are to one.
func (k *kindCost) addRuns(runs []run) {
	n := float64(k.Registrations)
	for name, count := range countEvents(runs) {
		k.EventTypes[name] = float64(count) / n
	}
	for kind, group := range byKind(runs) {
		var w workflowCost
		for _, r := range group {
			w.Runs++
			w.Events += float64(len(r.events))
			w.Transitions += float64(r.transitions)
			w.Bytes += float64(r.bytes)
		}
		k.Events, k.Transitions, k.HistoryBytes = k.Events+w.Events/n, k.Transitions+w.Transitions/n, k.HistoryBytes+w.Bytes/n
		k.Workflows[kind] = workflowCost{w.Runs / n, w.Events / n, w.Transitions / n, w.Bytes / n}
	}
}
