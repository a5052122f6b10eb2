package devstack

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

const temporalName = "Temporal"

// TemporalOptions says what a development server offers and where it listens.
type TemporalOptions struct {
	Port             int               // gRPC, on 127.0.0.1; 0: a free one
	UI               bool              // serve the web interface
	UIPort           int               // of the web interface; 0: a free one
	UICodecEndpoint  string            // where the web interface has payloads decoded; may be empty
	DBFile           string            // SQLite, kept between runs; empty: in memory
	Namespace        string            // default "default"
	SearchAttributes map[string]string // name to type: Keyword, Text, Int, Double, Bool, Datetime, KeywordList
	DynamicConfig    map[string]any    // the server's settings, over ours
	Log              *slog.Logger
	Progress         func(string) // told what takes long; may be nil
}

// Temporal is a running server.
type Temporal struct {
	Address   string // host:port of its gRPC interface
	Namespace string
	UIURL     string // empty without the web interface
	CLI       string // the program that runs: Temporal's command line too

	process *process
	stopped stopOnce
}

// StartTemporal starts a server and returns when a workflow could start on it: its namespace, its search attributes
// and its services answer. The server outlives ctx: end it with Stop. A port that is taken is a [*PortInUseError].
//
// The program is $SHIMING_TEMPORAL_CLI, else `temporal` on PATH, else one in the user's cache, which is filled by a download or,
// failing that, by building the version pinned in tools/go.mod (some minutes, once; Progress hears of it).
func StartTemporal(ctx context.Context, o TemporalOptions) (*Temporal, error) {
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	o.Namespace = cmp.Or(o.Namespace, "default")
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	cli, err := findTemporal(ctx, o.Progress)
	if err != nil {
		return nil, err
	}
	if o.DBFile != "" {
		if err := os.MkdirAll(filepath.Dir(o.DBFile), 0o755); err != nil {
			return nil, fmt.Errorf("folder of Temporal's database: %w", err)
		}
	}
	for attempt := 1; ; attempt++ {
		t, retry, err := launchTemporal(ctx, cli, o)
		if err == nil || !retry || attempt == startAttempts {
			return t, err
		}
		o.Log.Debug("Temporal did not start, trying again", "error", err)
	}
}

// launchTemporal makes one attempt. The server takes several free ports for itself, and may lose the race for one to
// somebody else: that is worth another.
func launchTemporal(ctx context.Context, cli string, o TemporalOptions) (t *Temporal, retry bool, err error) {
	port, err := choosePort(o.Port, temporalName)
	if err != nil {
		return nil, false, err
	}
	t = &Temporal{Address: hostPort(port), Namespace: o.Namespace, CLI: cli}
	uiPort := 0
	if o.UI {
		if uiPort, err = choosePort(o.UIPort, temporalName+" UI"); err != nil {
			return nil, false, err
		}
		t.UIURL = "http://" + hostPort(uiPort)
	}
	args, err := temporalArgs(o, port, uiPort)
	if err != nil {
		return nil, false, err
	}
	end := syscall.SIGTERM
	if o.DBFile == "" {
		end = syscall.SIGKILL // an orderly end takes a second, and nothing is kept
	}
	t.process, err = start(command{name: temporalName, path: cli, args: args, env: temporalEnv(), end: end, log: o.Log})
	if err != nil {
		return nil, false, err
	}
	if err := t.awaitReady(ctx, o); err != nil {
		tail := t.process.out.tail()
		if stopErr := t.Stop(ctx); stopErr != nil {
			o.Log.Warn("cannot stop Temporal", "error", stopErr)
		}
		return nil, strings.Contains(tail, "address already in use"), err
	}
	return t, false, nil
}

// temporalEnv is ours, with rarer garbage collections than Go's default: the server allocates much and keeps little, and on two cores
// calls stand still while it collects.
func temporalEnv() []string {
	env := os.Environ()
	if os.Getenv("GOGC") == "" {
		env = append(env, "GOGC=400")
	}
	return env
}

// PID is the server's process id, for tests that kill it.
func (t *Temporal) PID() int { return t.process.cmd.Process.Pid }

// Done closes when the server has ended, by Stop or by itself.
func (t *Temporal) Done() <-chan struct{} { return t.process.done }

// LastWords is the end of what the server has written, errors only.
func (t *Temporal) LastWords() string { return t.process.out.tail() }

// Died describes an end that nobody asked for, with the server's last words. Call it after Done has closed.
func (t *Temporal) Died() error { return t.process.died() }

// Stop ends the server. It may be called again, and after the server died.
func (t *Temporal) Stop(ctx context.Context) error {
	return t.stopped.do(func() error { return t.process.Stop(ctx) })
}

// leanServer fits one developer on one machine: a single partition per task queue, so that a poll never waits for a task in
// another one, no housekeeping for a history of months, priorities, and no rate limit below what the machine can do.
var leanServer = map[string]any{
	"matching.numTaskqueueReadPartitions":  1,
	"matching.numTaskqueueWritePartitions": 1,
	"worker.taskQueueScannerEnabled":       false,
	"worker.historyScannerEnabled":         false,
	"frontend.namespaceRPS":                20_000,
	"frontend.namespaceRPS.visibility":     1_000,
	"frontend.namespaceCount":              10_000,
	"matching.useNewMatcher":               true, // the one that knows priorities
}

func temporalArgs(o TemporalOptions, port, uiPort int) ([]string, error) {
	args := []string{
		"server", "start-dev", "--disable-config-file", "--disable-config-env",
		"--ip", loopback, "--port", strconv.Itoa(port), "--namespace", o.Namespace,
		"--log-level", "error", "--color", "never",
	}
	if o.UI {
		args = append(args, "--ui-port", strconv.Itoa(uiPort))
	} else {
		args = append(args, "--headless")
	}
	if o.UI && o.UICodecEndpoint != "" {
		args = append(args, "--ui-codec-endpoint", o.UICodecEndpoint)
	}
	if o.DBFile != "" {
		args = append(args, "--db-filename", o.DBFile)
	}
	for _, name := range slices.Sorted(maps.Keys(o.SearchAttributes)) {
		args = append(args, "--search-attribute", name+"="+o.SearchAttributes[name])
	}
	settings := maps.Clone(leanServer)
	maps.Copy(settings, o.DynamicConfig)
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		value, err := json.Marshal(settings[key])
		if err != nil {
			return nil, fmt.Errorf("dynamic config %s: %w", key, err)
		}
		args = append(args, "--dynamic-config-value", key+"="+string(value))
	}
	return args, nil
}
