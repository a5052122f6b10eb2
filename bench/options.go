package main

import (
	"cmp"
	"errors"
	"flag"
	"io"
	"os"
	"time"
)

// options say how long and how hard is measured.
type options struct {
	times     float64       // how many times the capacity is offered
	rate      float64       // calls a second that are offered; 0: times the capacity
	load      time.Duration // how long
	probe     time.Duration // how long each search for the capacity lasts
	patience  time.Duration // how long a caller waits for an answer
	collected time.Duration // how long what is left behind is waited for to be collected
	keepLogs  string        // a folder for the processes' logs; empty: they go with the run
	results   string        // a folder for the figures
	checkout  string        // of the product that is measured; empty: the one this module lies in
	roundsSet int           // 0: by quick
	eachSet   int           // registrations a round; 0: by quick
	quick     bool          // fewer of everything, for a first look: the whole takes some minutes
}

// pick takes the smaller number when it must be quick.
func (o options) pick(full, quick int) int {
	if o.quick {
		return quick
	}
	return full
}

func (o options) warmUp() int       { return o.pick(10, 4) }
func (o options) rounds() int       { return cmp.Or(o.roundsSet, o.pick(6, 2)) }
func (o options) perRound() int     { return cmp.Or(o.eachSet, o.pick(6, 4)) }
func (o options) acts() int         { return o.pick(500, 60) }
func (o options) coldActs() int     { return o.pick(100, 20) }
func (o options) killedActs() int   { return o.pick(20, 5) }
func (o options) reports() int      { return o.pick(10, 5) }
func (o options) fanouts() int      { return o.pick(6, 2) }
func (o options) fanoutRounds() int { return o.pick(3, 1) }
func (o options) readable() int     { return o.pick(200, 40) }
func (o options) readsEach() int    { return o.pick(2000, 300) }

// deadlines are due at once, deadlineActs are made meanwhile; all submissions must fit into one working day.
func (o options) deadlines() int            { return o.pick(2_000, 100) }
func (o options) deadlineActs() int         { return o.pick(100, 20) }
func (o options) workingDay() time.Duration { return time.Duration(o.pick(240, 20)) * time.Second }

// openSizes are how many registrations are open at once.
func (o options) openSizes() []int { return []int{o.pick(1_000, 200), o.pick(10_000, 1_000)} }
func (o options) openActs() int    { return o.pick(200, 30) }

// sizes are how many registrations a database holds that is read from.
func (o options) sizes() []int { return []int{1_000, o.pick(100_000, 20_000)} }

func (o options) idle() time.Duration { return time.Duration(o.pick(20, 5)) * time.Second }

// hastened shortens what was not asked for otherwise.
func hastened(o options, flags *flag.FlagSet) options {
	short := map[string]func(){
		"load": func() { o.load = 15 * time.Second }, "probe": func() { o.probe = 3 * time.Second }, "collected": func() { o.collected = 20 * time.Second },
	}
	flags.Visit(func(f *flag.Flag) { delete(short, f.Name) })
	for _, shorten := range short {
		shorten()
	}
	return o
}

func parse(args []string, progress io.Writer) (options, []string, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.Usage = func() {
		sayf(progress, "usage: go run . [flags] [measurement…]\n")
		for _, m := range measurements(o) {
			sayf(progress, "  %-12s %s\n", m.name, m.about)
		}
		sayf(progress, "  %-12s %s\n", tablesCommand, "no measurement: the tables of what was kept in --results")
		sayf(progress, "  %-12s %s\n", readmeCommand, "no measurement: the same into README.md")
		sayf(progress, "  %-12s %s\n", sizingCommand, "no measurement: docs/sizing.md, made of what was kept in --results")
		flags.PrintDefaults()
	}
	flags.Float64Var(&o.times, "times", 10, "offer so many times the capacity")
	flags.Float64Var(&o.rate, "rate", 0, "offer so many calls a second, whatever the capacity is; 0: --times the capacity")
	flags.DurationVar(&o.load, "load", time.Minute, "offer it for so long")
	flags.DurationVar(&o.probe, "probe", 10*time.Second, "look for the capacity for so long at each number of callers")
	flags.DurationVar(&o.patience, "patience", 15*time.Second, "a caller gives up after so long")
	flags.DurationVar(&o.collected, "collected", 2*time.Minute, "wait so long for what is left behind to be collected")
	flags.StringVar(&o.keepLogs, "logs", "", "keep the processes' logs in this folder")
	flags.StringVar(&o.results, "results", "results", "write what was measured into this folder, as JSON")
	flags.IntVar(&o.roundsSet, "rounds", 0, "measure so many rounds of each kind; 0: six, or two if it must be quick")
	flags.IntVar(&o.eachSet, "each", 0, "so many registrations a round; 0: six, or four if it must be quick")
	flags.StringVar(&o.checkout, "checkout", "", "measure the product of another checkout, to compare with: its folder")
	flags.BoolVar(&o.quick, "quick", os.Getenv("QUICK") != "", "measure with fewer of everything, in some minutes; so does QUICK=1")
	if err := flags.Parse(args); err != nil {
		return o, nil, err
	}
	if o.quick {
		o = hastened(o, flags)
	}
	if o.times <= 0 || o.rate < 0 || o.load <= 0 || o.probe <= 0 || o.patience <= 0 || o.collected < 0 {
		return o, nil, errors.New("--times, --load, --probe and --patience must be above 0")
	}
	return o, flags.Args(), nil
}
