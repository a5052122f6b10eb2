package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"
)

// stackFlags are common to dev and demo.
type stackFlags struct {
	APIAddr      string        `name:"api-addr" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where the API listens; port 0: any free one (${default})."`
	SandboxAddr  string        `name:"sandbox-addr" default:"127.0.0.1:8090" placeholder:"HOST:PORT" help:"Where the sandbox listens (${default})."`
	MetricsAddr  string        `name:"metrics-addr" env:"METRICS_ADDR" placeholder:"HOST:PORT" help:"Where the API's metrics are served for Prometheus; port 0: any free one. Left out, they are not."`
	TemporalPort int           `name:"temporal-port" default:"7233" help:"Where Temporal listens, on 127.0.0.1; 0: any free port (${default})."`
	UIPort       int           `name:"ui-port" default:"8233" help:"Where Temporal's web interface listens, likewise (${default})."`
	SettleDelay  time.Duration `name:"settle-delay" default:"3s" help:"How long the sandbox's bank takes to pay (${default})."`
	ReadyFile    string        `name:"ready-file" type:"path" help:"Write addresses and tokens to this file, as JSON, once everything is up."`
	LogLevel     slog.Level    `name:"log-level" default:"warn" help:"What of the parts' logs to show: debug, info, warn, error (${default})."`
}

func (f stackFlags) options() stackOptions {
	return stackOptions{
		APIAddr: f.APIAddr, SandboxAddr: f.SandboxAddr, MetricsAddr: f.MetricsAddr, TemporalPort: f.TemporalPort, UIPort: f.UIPort,
		SettleDelay: f.SettleDelay, ReadyFile: f.ReadyFile,
	}
}

// Validate is kong's.
func (f stackFlags) Validate() error {
	switch {
	case f.SettleDelay <= 0:
		return errors.New("--settle-delay must be above 0, such as 3s")
	case f.TemporalPort < 0 || f.TemporalPort > 65535 || f.UIPort < 0 || f.UIPort > 65535:
		return errors.New("--temporal-port and --ui-port are ports, 0 to 65535")
	case f.TemporalPort == f.UIPort && f.UIPort != 0:
		return errors.New("--temporal-port and --ui-port must differ")
	}
	return nil
}

type devCommand struct {
	stackFlags
	WorkingDay time.Duration `name:"working-day" default:"0s" help:"How long a working day lasts; 0: real days of the Chinese calendar (${default})."`
	DataDir    string        `name:"data-dir" type:"path" default:".shiming" help:"Where database, engine, keys and scans are kept between runs (${default})."`
	Ephemeral  bool          `help:"Keep nothing: of DATABASE_URL only the server is used, for a database that is dropped at the end, and TEMPORAL_ADDRESS not at all."`
}

// Validate is kong's.
func (c *devCommand) Validate() error {
	if c.WorkingDay < 0 {
		return errors.New("--working-day must be 0 or above, such as 5s")
	}
	return c.stackFlags.Validate()
}

// Run brings everything up and stays until it is told to stop.
func (c *devCommand) Run(stop *stopper) error {
	opts := c.options()
	opts.WorkingDay, opts.DataDir = c.WorkingDay, c.DataDir
	if c.Ephemeral {
		opts.DataDir = ""
	}
	t := newTeller(os.Stderr, c.LogLevel)
	return runStack(stop, opts, t, func(s *stack) error {
		t.say("everything is up; Ctrl-C stops it")
		for _, line := range s.addresses() {
			t.line(line)
		}
		for _, line := range s.credentials() {
			t.line(line)
		}
		return s.wait(stop.soon)
	})
}

// runStack brings a stack up, uses it, and takes it down whatever happened.
func runStack(stop *stopper, opts stackOptions, t *teller, use func(*stack) error) error {
	s := &stack{opts: opts, say: t.say, log: t.log()}
	err := s.up(stop.soon, stop.now)
	if err == nil {
		err = use(s)
	}
	if err != nil && stop.soon.Err() != nil { // asked to stop: why it broke off is known
		err = nil
		if opts.ToTheEnd {
			err = errors.New("stopped before its end")
		}
	}
	if err != nil && !errors.Is(err, errReported) {
		t.line("starter: " + err.Error())
		err = errReported
	}
	t.quiet()
	t.say("stopping everything…")
	if downErr := s.down(stop.now); downErr != nil {
		t.line("starter: not everything ended in order: " + downErr.Error())
		err = errors.Join(err, errReported)
	}
	return err
}

// addresses tell a person where to look.
func (s *stack) addresses() []string {
	ui := s.uiURL()
	if ui == "" {
		ui = "(of the Temporal at " + s.temporalAddress() + ")"
	}
	lines := []string{
		"  Temporal UI         " + ui,
		"  API and its docs    " + s.apiURL + "/docs",
		"  inbox and ledger    " + s.sandboxURL + "/",
	}
	if s.metricsListener != nil {
		lines = append(lines, "  metrics             "+urlOf(s.metricsListener)+"/metrics")
	}
	return lines
}

// credentials tell a person how to call the API.
func (s *stack) credentials() []string {
	return []string{
		"  database            " + s.databaseURL,
		"  token, platform     " + s.home.kept.Tokens.Platform,
		"  token, reviewer     " + s.home.kept.Tokens.Reviewer,
		"  token, ops          " + s.home.kept.Tokens.Ops,
		fmt.Sprintf("  try                 curl -H 'Authorization: Bearer %s' %s/v1/registrations", s.home.kept.Tokens.Platform, s.apiURL),
	}
}
