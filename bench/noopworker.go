package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"shiming/bench/noop"
)

// noopCommand is what this program is called with to be a worker of no-op workflows: a process of its own, as the product's is.
const noopCommand = "noop-worker"

// sealedCommand is the same with the product's codec.
const sealedCommand = "sealed-noop-worker"

const (
	noopQueue   = "noop"
	sealedQueue = "sealed-noop"
	scriptsName = "scripts.json"
)

// startNoopWorker starts a worker that plays scripts.
func (s *stack) startNoopWorker(scripts map[string]noop.Script) error {
	if err := writeJSON(s.path(scriptsName), scripts); err != nil {
		return err
	}
	return s.startProcess(noopCommand)
}

// startSelf starts this program in the role of a no-op worker.
func (s *stack) startSelf(command string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return startChild(s.logs, command, self, settings{"GOGC": cmp.Or(s.roles.worker["GOGC"], "100")}, command, s.servers.address, s.servers.namespace, s.path(scriptsName), s.path("keys.json"))
}

// noopWorker is that process. Its settings are the product's, as far as they cost anything.
func noopWorker(ctx context.Context, command string, args []string) error {
	if len(args) != 4 {
		return fmt.Errorf("%s wants an address, a namespace, a file with scripts and one with keys", command)
	}
	raw, err := os.ReadFile(filepath.Clean(args[2])) //nolint:gosec // written by the bench, which has started this process
	if err != nil {
		return err
	}
	var scripts map[string]noop.Script
	if err := json.Unmarshal(raw, &scripts); err != nil {
		return err
	}
	options := client.Options{
		HostPort: args[0], Namespace: args[1], Logger: quiet{},
		ConnectionOptions: client.ConnectionOptions{GrpcCompression: &client.GrpcCompressionNone{}},
	}
	queue := noopQueue
	if command == sealedCommand {
		queue = sealedQueue
		if options.DataConverter, err = sealingWith(args[3]); err != nil {
			return err
		}
	}
	engine, err := client.Dial(options)
	if err != nil {
		return err
	}
	defer engine.Close()
	polling := worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{
		InitialNumberOfPollers: 4, MinimumNumberOfPollers: 2, MaximumNumberOfPollers: 16,
	})
	worker.SetStickyWorkflowCacheSize(30_000)
	w := worker.New(engine, queue, worker.Options{WorkflowTaskPollerBehavior: polling, ActivityTaskPollerBehavior: polling})
	noop.Register(w, scripts)
	stop := make(chan any)
	go func() {
		<-ctx.Done()
		close(stop)
	}()
	return w.Run(stop)
}
