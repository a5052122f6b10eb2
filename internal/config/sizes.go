package config

import (
	"fmt"
	"log/slog"
)

// Sizes is how much a worker does at once. What is 0 follows from the rest and from the machine: see [Worker.Fit].
type Sizes struct {
	WorkflowTaskSlots  int `env:"WORKFLOW_TASK_SLOTS" envDefault:"0" want:"how many workflow tasks each process works on at once, such as 64; 0: four times LOCAL_ACTIVITY_SLOTS"`
	LocalActivitySlots int `env:"LOCAL_ACTIVITY_SLOTS" envDefault:"0" want:"how many steps (transactions of registrations) each process takes at once, such as 16; 0: 8 a core, at most 32, and at most DATABASE_CONNECTIONS less 12"`
	ActivitySlots      int `env:"ACTIVITY_SLOTS" envDefault:"0" want:"how many calls to the outside each process has under way at once, of each task queue, such as 50; 0: 25 a core, at most 200"`
	Pollers            int `env:"POLLERS_MAX" envDefault:"0" want:"how many polls of a kind and task queue each process has open at most, such as 8; 0: 4 a core, at most 16"`
	CachedRuns         int `env:"WORKFLOW_CACHE" envDefault:"0" want:"how many runs each process keeps in memory, such as 2000; 0: by the memory, at most 10000"`
}

// Pace is how many calls a second go to each provider, over all workers together. 0: as many as come.
type Pace struct {
	Bank      float64 `env:"BANK_PER_SECOND" envDefault:"20" want:"how many cards, codes and questions a second go to the bank, over all workers, such as 20; 0: as many as come"`
	Transfers float64 `env:"TRANSFERS_PER_SECOND" envDefault:"10" want:"how many payments a second are ordered from the bank, over all workers, beside BANK_PER_SECOND, such as 10; 0: as many as come"`
	SMS       float64 `env:"SMS_PER_SECOND" envDefault:"20" want:"how many SMS a second are sent, over all workers, such as 20; 0: as many as come"`
	Mails     float64 `env:"MAILS_PER_SECOND" envDefault:"50" want:"how many e-mails a second are sent, over all workers, such as 50; 0: as many as come"`
}

// What the numbers rest on.
const (
	// RunSize is what a cached run takes, in bytes: 71 kB measured on an enterprise's that waits for its deposit.
	RunSize = 71_000
	// bare is what a worker takes that has no run in memory.
	bare = 128 * MiB
	// beside is how many connections of a worker are not for steps: one listens, the reconciler and the keeper of deadlines
	// have one each, and nine are for the relay's hands and for activities, which hold one for some milliseconds.
	beside = 12
	// fewest is what an API needs of connections: one listens.
	fewest = 4
)

// Pool is how many connections to the database the API opens at most: DATABASE_CONNECTIONS, or eight a core and two,
// at most 50.
func (c *API) Pool(m Machine) int {
	return or(c.DatabaseConnections, clamp(8*m.Cores, 16, 48)+2)
}

// FittedWorker is how much a worker does at once, every size said.
type FittedWorker struct {
	Sizes
	Connections int
}

// Fit fills in what is not set, so that it fits what is, and the machine.
func (c *Worker) Fit(m Machine) FittedWorker {
	f := FittedWorker{Sizes: c.Sizes, Connections: c.DatabaseConnections}
	steps := clamp(8*m.Cores, 8, 32)
	if f.Connections > 0 {
		steps = min(steps, max(1, f.Connections-beside))
	}
	f.LocalActivitySlots = or(f.LocalActivitySlots, steps)
	f.Connections = or(f.Connections, f.LocalActivitySlots+beside)
	f.WorkflowTaskSlots = or(f.WorkflowTaskSlots, max(4*f.LocalActivitySlots, 2*f.Pollers, 8))
	f.ActivitySlots = or(f.ActivitySlots, max(clamp(25*m.Cores, 50, 200), f.Pollers))
	f.Pollers = or(f.Pollers, min(clamp(4*m.Cores, 4, 16), f.WorkflowTaskSlots/2, f.ActivitySlots))
	f.CachedRuns = or(f.CachedRuns, clamp(int((m.Memory-bare)/2/RunSize), 100, 10_000))
	return f
}

// Say logs the sizes, and what they follow from.
func (f *FittedWorker) Say(log *slog.Logger) {
	log.Info("working with", "cores", ThisMachine().Cores, "memory_mib", ThisMachine().Memory/MiB, "database_connections", f.Connections,
		"local_activity_slots", f.LocalActivitySlots, "workflow_task_slots", f.WorkflowTaskSlots, "activity_slots", f.ActivitySlots,
		"pollers", f.Pollers, "cached_runs", f.CachedRuns)
}

// into says which sizes do not fit each other or the machine.
func (f *FittedWorker) into(p *problems, m Machine) {
	for _, size := range []struct {
		name   string
		value  int
		lowest int
	}{
		{"DATABASE_CONNECTIONS", f.Connections, beside + 1},
		{"LOCAL_ACTIVITY_SLOTS", f.LocalActivitySlots, 1},
		{"WORKFLOW_TASK_SLOTS", f.WorkflowTaskSlots, 4}, // two pollers of each of the two kinds
		{"ACTIVITY_SLOTS", f.ActivitySlots, 1},
		{"POLLERS_MAX", f.Pollers, 1},
		{"WORKFLOW_CACHE", f.CachedRuns, 10},
	} {
		p.add(size.value < size.lowest, size.name, fmt.Sprintf("is below %d", size.lowest))
	}
	steps := f.Connections - beside
	p.add(f.LocalActivitySlots > steps, "LOCAL_ACTIVITY_SLOTS", fmt.Sprintf("is above %d, which is DATABASE_CONNECTIONS less %d: steps would wait for connections", steps, beside))
	p.add(f.LocalActivitySlots > f.WorkflowTaskSlots, "WORKFLOW_TASK_SLOTS", fmt.Sprintf("is below LOCAL_ACTIVITY_SLOTS, which is %d: each step is taken within a task", f.LocalActivitySlots))
	p.add(2*f.Pollers > f.WorkflowTaskSlots, "POLLERS_MAX", fmt.Sprintf("is above half of WORKFLOW_TASK_SLOTS, which is %d: a poll keeps a slot, and there are two kinds", f.WorkflowTaskSlots))
	p.add(f.Pollers > f.ActivitySlots, "POLLERS_MAX", fmt.Sprintf("is above ACTIVITY_SLOTS, which is %d: a poll keeps a slot", f.ActivitySlots))
	room := max(0, (m.Memory-bare)/RunSize)
	p.add(m.Bounded && int64(f.CachedRuns) > room, "WORKFLOW_CACHE", fmt.Sprintf("does not fit into memory: %d MiB have room for %d runs of %d kB", m.Memory/MiB, room, RunSize/1000))
}

// Misfits lists the sizes that do not fit each other or m; each line begins with the setting's name.
func (f *FittedWorker) Misfits(m Machine) []string {
	var p problems
	f.into(&p, m)
	var lines []string
	for _, one := range p {
		lines = append(lines, one.name+" "+one.what)
	}
	return lines
}

func (s *Pace) into(p *problems) {
	p.add(s.Bank < 0, "BANK_PER_SECOND", "is below zero")
	p.add(s.Transfers < 0, "TRANSFERS_PER_SECOND", "is below zero")
	p.add(s.SMS < 0, "SMS_PER_SECOND", "is below zero")
	p.add(s.Mails < 0, "MAILS_PER_SECOND", "is below zero")
}

func or(set, fits int) int {
	if set != 0 {
		return set
	}
	return fits
}

func clamp(n, lowest, highest int) int { return min(max(n, lowest), highest) }
