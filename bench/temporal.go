package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"

	"shiming/internal/devstack"
	"shiming/registration"
)

// The server's programs, of the version that tools/go.mod pins; docker-compose.yml runs the same.
const (
	serverProgram = "go.temporal.io/server/cmd/server"
	schemaProgram = "go.temporal.io/server/cmd/tools/sql"
	sqlPlugin     = "postgres12_pgx"
)

// historyShards suit a small machine; production has 512 and more.
const historyShards = 4

// dynamicConfig fits one machine: one partition a task queue, so that a poll never waits for a task in another, and no limits below
// what the machine can do.
func dynamicConfig() map[string]any {
	return map[string]any{
		"matching.numTaskqueueReadPartitions":  1,
		"matching.numTaskqueueWritePartitions": 1,
		"frontend.namespaceRPS":                20_000,
		"frontend.namespaceRPS.visibility":     1_000,
		"frontend.namespaceCount":              10_000,
		"matching.useNewMatcher":               true, // the one that knows priorities
	}
}

// startTemporal makes Temporal's schema in its two databases and starts its server.
func (s *servers) startTemporal(ctx context.Context, st *stack, database string, progress io.Writer) error {
	sayf(progress, "building Temporal's server (some minutes, once)…\n")
	tools := filepath.Join(st.built.root, "tools")
	server, err := devstack.BuildProgram(ctx, tools, serverProgram)
	if err != nil {
		return err
	}
	schema, err := devstack.BuildProgram(ctx, tools, schemaProgram)
	if err != nil {
		return err
	}
	at, err := url.Parse(database)
	if err != nil {
		return errors.New("the database's address cannot be read")
	}
	if err := makeSchemas(ctx, schema, at); err != nil {
		return err
	}
	config := st.path("temporal")
	if err := os.Mkdir(config, 0o700); err != nil {
		return err
	}
	if s.address, err = writeConfig(ctx, config, at); err != nil {
		return err
	}
	c, err := startChild(st.logs, "temporal", server, settings{}, "--root", config, "--config", ".", "--env", "bench", "--allow-no-auth", "start")
	if err != nil {
		return err
	}
	s.temporal, s.running = c, append(s.running, stopper{c})
	return s.setUp(ctx, c)
}

// stopper ends a child together with its log.
type stopper struct{ c *child }

func (s stopper) Stop(ctx context.Context) error { return s.c.stop(ctx) }

func makeSchemas(ctx context.Context, tool string, at *url.URL) error {
	password, _ := at.User.Password()
	set := settings{
		"SQL_PLUGIN": sqlPlugin, "SQL_HOST": at.Hostname(), "SQL_PORT": at.Port(), "SQL_USER": at.User.Username(), "SQL_PASSWORD": password,
	}
	for database, schema := range map[string]string{temporalDatabase: "temporal", visibilityDatabase: "visibility"} {
		for _, args := range [][]string{
			{"--db", database, "setup-schema", "-v", "0.0"},
			{"--db", database, "update-schema", "--schema-name", "postgresql/v12/" + schema},
		} {
			if err := runOnce(ctx, tool, set, args...); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeConfig writes the server's two files, and returns where it will answer. JSON is YAML.
func writeConfig(ctx context.Context, dir string, at *url.URL) (address string, err error) {
	password, _ := at.User.Password()
	store := func(database string, connections int) map[string]any {
		return map[string]any{"sql": map[string]any{
			"pluginName": sqlPlugin, "databaseName": database, "connectAddr": at.Host, "connectProtocol": "tcp",
			"user": at.User.Username(), "password": password,
			"maxConns": connections, "maxIdleConns": connections, "maxConnLifetime": "1h",
		}}
	}
	services := map[string]any{}
	for _, name := range []string{"frontend", "history", "matching", "worker"} {
		var ports [2]int
		for i := range ports {
			if ports[i], err = freePort(ctx); err != nil {
				return "", err
			}
		}
		services[name] = map[string]any{"rpc": map[string]any{"grpcPort": ports[0], "membershipPort": ports[1], "bindOnLocalHost": true}}
		if name == "frontend" {
			address = net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))
		}
	}
	dynamic := map[string]any{}
	for key, value := range dynamicConfig() {
		dynamic[key] = []any{map[string]any{"value": value}}
	}
	values := filepath.Join(dir, "dynamic.yaml")
	config := map[string]any{
		"log": map[string]any{"stdout": true, "level": "error"},
		"persistence": map[string]any{
			"defaultStore": "default", "visibilityStore": "visibility", "numHistoryShards": historyShards,
			"datastores": map[string]any{"default": store(temporalDatabase, 20), "visibility": store(visibilityDatabase, 10)},
		},
		"global":   map[string]any{"membership": map[string]any{"maxJoinDuration": "30s", "broadcastAddress": "127.0.0.1"}},
		"services": services,
		"clusterMetadata": map[string]any{
			"enableGlobalNamespace": false, "failoverVersionIncrement": 10, "masterClusterName": "active", "currentClusterName": "active",
			"clusterInformation": map[string]any{"active": map[string]any{
				"enabled": true, "initialFailoverVersion": 1, "rpcName": "frontend", "rpcAddress": address,
			}},
		},
		"dcRedirectionPolicy": map[string]any{"policy": "noop"},
		"dynamicConfigClient": map[string]any{"filepath": values, "pollInterval": "60s"},
	}
	return address, errors.Join(writeJSON(values, dynamic), writeJSON(filepath.Join(dir, "bench.yaml"), config))
}

func writeJSON(path string, value any) error {
	raw, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o600)
}

// freePort finds a port that nobody listens on. The server keeps its ports in columns of 16 bits with a sign, and what the system gives
// out by itself is often higher.
func freePort(ctx context.Context) (int, error) {
	const lowest, highest, tries = 10_000, 32_000, 100
	for range tries {
		port := lowest + rand.IntN(highest-lowest) //nolint:gosec // a port is no secret
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("no port is free")
}

// setUp makes the namespace and its search attributes, and returns when a workflow could start.
func (s *servers) setUp(ctx context.Context, c *child) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	engine, err := client.NewLazyClient(client.Options{HostPort: s.address, Namespace: s.namespace, Logger: quiet{}})
	if err != nil {
		return err
	}
	defer engine.Close()
	for _, step := range []func(context.Context, client.Client) error{s.makeNamespace, s.makeAttributes, s.probe} {
		if err := untilDone(ctx, c, func(ctx context.Context) error { return step(ctx, engine) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *servers) makeNamespace(ctx context.Context, engine client.Client) error {
	if _, err := engine.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: s.namespace}); err == nil {
		return nil
	}
	_, err := engine.WorkflowService().RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace: s.namespace, WorkflowExecutionRetentionPeriod: durationpb.New(30 * 24 * time.Hour),
	})
	return err
}

func (s *servers) makeAttributes(ctx context.Context, engine client.Client) error {
	have, err := engine.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: s.namespace})
	if err != nil {
		return err
	}
	missing := map[string]enums.IndexedValueType{}
	for name, kind := range registration.SearchAttributes() {
		if _, ok := have.CustomAttributes[name]; ok {
			continue
		}
		if missing[name], err = enums.IndexedValueTypeFromString(kind); err != nil {
			return err
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = engine.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: s.namespace, SearchAttributes: missing})
	return errors.Join(err, errors.New("search attributes were added just now")) // look again
}

// probe asks for what needs every service, and every search attribute known.
func (s *servers) probe(ctx context.Context, engine client.Client) error {
	for name := range registration.SearchAttributes() {
		if _, err := engine.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: s.namespace, Query: name + " is null"}); err != nil {
			return err
		}
	}
	_, err := engine.DescribeTaskQueue(ctx, "bench-probe", enums.TASK_QUEUE_TYPE_WORKFLOW)
	return err
}

// untilDone does something until it succeeds.
func untilDone(ctx context.Context, c *child, do func(context.Context) error) error {
	for {
		attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := do(attempt)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-c.Done():
			return c.Died()
		case <-ctx.Done():
			return fmt.Errorf("the engine was not ready in time: %w", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// quiet is a logger that says nothing: what matters is in the errors.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
