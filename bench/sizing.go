package main

import (
	_ "embed"
	"errors"
	"io"
	"math"
	"strconv"
	"text/template"

	"shiming/internal/config"
	"shiming/registration"
)

// sizingCommand makes docs/sizing.md of what was kept.
const sizingCommand = "sizing"

//go:embed sizing.md.tmpl
var sizingText string

// What the page assumes; it says so.
const (
	enterprises   = 0.5 // of all registrations
	utilisation   = 0.6 // of the cores, in the busiest hour
	busyHours     = 6   // so many busiest hours make up a day
	daysOpen      = 7.0 // from a registration's creation to its end, on average
	retentionDays = 30.0
	scans         = 2
	scanMB        = 1.0
	workerShare   = 0.25 // of the machine's memory
)

// machineSize is what a machine can carry.
type machineSize struct {
	Cores, MemoryGB       int
	PerSecond             float64 // registrations, in the busiest hour
	PerDay, Open          float64
	WorkerCores           float64
	TemporalCores         float64
	PostgresCores         float64
	APICores              float64
	WorkerMB              float64 // with as many runs in the cache as are open, or as it holds
	Cached                int
	DiskGB, BlobsGB       float64 // ours a year; of them scans
	EngineGB              float64 // Temporal's until retention
	WALGB                 float64 // a day
	WorkerConnections     int
	APIConnections        int
	Actions               float64 // of Temporal Cloud, a day
	ActionsPerSecondAtTop float64
}

// sizing writes the page.
func (o options) sizing(out io.Writer) error {
	costs, measured, err := kept[costResult](o, "cost")
	if err != nil || !measured {
		return errors.Join(err, errors.New("measure cost first"))
	}
	waiting, measured, err := kept[openResult](o, "open")
	if err != nil || !measured {
		return errors.Join(err, errors.New("measure open first"))
	}
	cost, open := costs.Result, waiting.Result
	page := sizingPage{Enterprises: 100 * enterprises, Utilisation: 100 * utilisation, BusyHours: busyHours, DaysOpen: daysOpen, Retention: retentionDays, Scans: scans, ScanMB: scanMB}
	page.Measured, page.On, page.Quick = costs.At.Format("2006-01-02"), costs.Cores, costs.Quick || waiting.Quick
	page.Mean = meanOf(cost)
	run := open.perRun()
	page.RunKB = run.Worker / 1000
	for _, cores := range []int{2, 8, 32} {
		page.Machines = append(page.Machines, sizeOf(cores, page.Mean, open))
	}
	text, err := template.New("sizing").Funcs(template.FuncMap{
		"round": rounded, "kb": func(bytes float64) string { return rounded(bytes / 1000) }, "percent": func(part, of float64) string { return rounded(100 * part / of) },
	}).Parse(sizingText)
	if err != nil {
		return err
	}
	return text.Execute(out, page)
}

type sizingPage struct {
	Measured                 string
	On                       int // cores
	Quick                    bool
	Enterprises, Utilisation float64 // per cent
	BusyHours                int
	DaysOpen, Retention      float64
	Scans                    int
	ScanMB                   float64
	RunKB                    float64
	Mean                     meanCost
	Machines                 []machineSize
}

// meanCost is what a registration of the mix takes.
type meanCost struct {
	API, Worker, Temporal, Postgres, CPU float64 // CPU-ms
	WAL                                  float64 // bytes
	Product, Engine, Visibility          float64 // bytes of disk
	Actions, Events, Transitions         float64
}

func meanOf(cost costResult) meanCost {
	of := func(figure func(k kindCost) float64) float64 {
		return enterprises*figure(cost.Kinds[registration.Enterprise]) + (1-enterprises)*figure(cost.Kinds[registration.Individual])
	}
	cpu := func(process string) float64 { return of(func(k kindCost) float64 { return k.CPU[process].Median }) }
	disk := func(database string) float64 {
		return of(func(k kindCost) float64 { return k.Databases[database].Disk })
	}
	m := meanCost{
		API: cpu(apiProcess), Worker: cpu(workerProcess), Temporal: cpu(temporalProcess), Postgres: cpu(postgresProcess),
		WAL:     of(func(k kindCost) float64 { return k.TotalWAL.Median }),
		Product: disk(productDatabase), Engine: disk(temporalDatabase), Visibility: disk(visibilityDatabase),
		Events: of(func(k kindCost) float64 { return k.Events }), Transitions: of(func(k kindCost) float64 { return k.Transitions }),
	}
	m.CPU = m.API + m.Worker + m.Temporal + m.Postgres
	m.Actions = of(actions)
	return m
}

// actions counts what Temporal Cloud charges for (https://docs.temporal.io/cloud/actions): each start, update, signal, activity, timer and
// write of search attributes. Local activities of one task count once: a marker each is the most it can be.
func actions(k kindCost) float64 {
	n := 0.0
	for _, name := range []string{
		"WorkflowExecutionStarted", "WorkflowExecutionUpdateAccepted", "WorkflowExecutionSignaled", "ActivityTaskScheduled",
		"TimerStarted", "UpsertWorkflowSearchAttributes", "MarkerRecorded",
	} {
		n += k.EventTypes[name]
	}
	return n
}

func sizeOf(cores int, mean meanCost, open openResult) machineSize {
	const gb, dayPerYear = 1e9, 365
	s := machineSize{Cores: cores, MemoryGB: 4 * cores}
	s.PerSecond = float64(cores) * 1000 * utilisation / mean.CPU
	s.PerDay = s.PerSecond * busyHours * 3600
	s.Open = s.PerDay * daysOpen
	share := func(part float64) float64 { return float64(cores) * utilisation * part / mean.CPU }
	s.APICores, s.WorkerCores, s.TemporalCores, s.PostgresCores = share(mean.API), share(mean.Worker), share(mean.Temporal), share(mean.Postgres)
	machine := config.Machine{Cores: cores, Memory: int64(float64(s.MemoryGB) * workerShare * gb)}
	fit := (&config.Worker{}).Fit(machine)
	s.WorkerConnections, s.APIConnections, s.Cached = fit.Connections, (&config.API{}).Pool(machine), fit.CachedRuns
	if len(open.Sizes) > 0 {
		s.WorkerMB = (float64(open.Sizes[0].WorkerMemory) + open.perRun().Worker*min(s.Open, float64(s.Cached))) / 1e6
	}
	s.BlobsGB = s.PerDay * dayPerYear * scans * scanMB / 1000
	s.DiskGB = s.PerDay * dayPerYear * mean.Product / gb
	s.EngineGB = s.PerDay * (retentionDays + daysOpen) * (mean.Engine + mean.Visibility) / gb
	s.WALGB = s.PerDay * mean.WAL / gb
	s.Actions, s.ActionsPerSecondAtTop = s.PerDay*mean.Actions, s.PerSecond*mean.Actions
	return s
}

// rounded is a figure with about two digits that mean something: more would promise what was not measured.
func rounded(figure float64) string {
	if figure < 10 {
		return strconv.FormatFloat(math.Round(figure*10)/10, 'f', -1, 64)
	}
	unit := math.Pow(10, math.Floor(math.Log10(figure))-1)
	text := strconv.FormatFloat(math.Round(figure/unit)*unit, 'f', 0, 64)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
