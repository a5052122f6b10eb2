//go:build linux

package devstack

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

func temporalWith(t *testing.T, o TemporalOptions) *Temporal {
	t.Helper()
	if testing.Verbose() {
		o.Progress = func(what string) { t.Log(what) }
	}
	server, err := StartTemporal(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Stop(context.Background())) })
	return server
}

func dial(t *testing.T, server *Temporal) client.Client {
	t.Helper()
	c, err := client.DialContext(t.Context(), client.Options{HostPort: server.Address, Namespace: server.Namespace})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

var stateAttribute = temporal.NewSearchAttributeKeyKeyword("State")

// What the product leans on works at once: a namespace, search attributes, an update with start, an upsert.
func TestTemporalIsReadyWhenItSaysSo(t *testing.T) {
	t.Parallel()
	server := temporalWith(t, TemporalOptions{
		Namespace: "shiming", UI: true, SearchAttributes: map[string]string{"State": "Keyword", "Overdue": "Bool", "DueAt": "Datetime"},
	})
	c := dial(t, server)
	w := worker.New(c, "q", worker.Options{})
	w.RegisterWorkflowWithOptions(greet, workflow.RegisterOptions{Name: "greet"})
	require.NoError(t, w.Start())
	defer w.Stop()

	start := c.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID: "w", TaskQueue: "q", WorkflowIDConflictPolicy: 1, // fail
		TypedSearchAttributes: temporal.NewSearchAttributes(stateAttribute.ValueSet("begun")),
	}, "greet")
	update, err := c.UpdateWithStartWorkflow(t.Context(), client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions:          client.UpdateWorkflowOptions{UpdateName: "name", Args: []any{"李"}, WaitForStage: client.WorkflowUpdateStageCompleted},
	})
	require.NoError(t, err)
	var answer string
	require.NoError(t, update.Get(t.Context(), &answer))
	assert.Equal(t, "hello 李", answer)
	run, err := start.Get(t.Context())
	require.NoError(t, err)
	require.NoError(t, run.Get(t.Context(), nil))

	resp, err := http.Get(server.UIURL)
	require.NoError(t, err)
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, resp.StatusCode)
}

// greet waits for one update and answers it.
func greet(ctx workflow.Context) error {
	done := false
	err := workflow.SetUpdateHandler(ctx, "name", func(ctx workflow.Context, name string) (string, error) {
		defer func() { done = true }()
		return "hello " + name, workflow.UpsertTypedSearchAttributes(ctx, stateAttribute.ValueSet("greeted"))
	})
	if err != nil {
		return err
	}
	return workflow.Await(ctx, func() bool { return done })
}

func TestTemporalDeathIsSeen(t *testing.T) {
	t.Parallel()
	server := temporalWith(t, TemporalOptions{})
	assert.Empty(t, server.UIURL)
	require.NoError(t, server.process.cmd.Process.Kill())
	awaitClosed(t, server.Done())
	require.NoError(t, server.Stop(t.Context()))
}

func TestTemporalStopHasAnEnd(t *testing.T) {
	t.Parallel()
	server := temporalWith(t, TemporalOptions{DBFile: filepath.Join(t.TempDir(), "temporal.db")})
	suspend(t, server.process.cmd.Process.Pid)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.NoError(t, server.Stop(ctx))
	assert.True(t, closed(server.Done()))
}

func TestTemporalNamesATakenPort(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	taken := l.Addr().(*net.TCPAddr).Port
	for what, o := range map[string]TemporalOptions{
		"Temporal": {Port: taken}, "Temporal UI": {UI: true, UIPort: taken},
	} {
		_, err := StartTemporal(t.Context(), o)
		var inUse *PortInUseError
		require.ErrorAs(t, err, &inUse)
		assert.Equal(t, PortInUseError{Port: taken, What: what}, *inUse)
	}
}

// A kept database meets attributes that it was not made with, and refuses one whose type has changed.
func TestTemporalKeepsItsDatabase(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "kept", "temporal.db")
	first := temporalWith(t, TemporalOptions{Namespace: "shiming", DBFile: file, SearchAttributes: map[string]string{"State": "Keyword"}})
	_, err := dial(t, first).ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "kept", TaskQueue: "q"}, "greet")
	require.NoError(t, err)
	require.NoError(t, first.Stop(t.Context()))

	second := temporalWith(t, TemporalOptions{
		Namespace: "shiming", DBFile: file, SearchAttributes: map[string]string{"State": "Keyword", "Overdue": "Bool"},
	})
	_, err = dial(t, second).DescribeWorkflowExecution(t.Context(), "kept", "")
	require.NoError(t, err)
	require.NoError(t, second.Stop(t.Context()))

	_, err = StartTemporal(t.Context(), TemporalOptions{Namespace: "shiming", DBFile: file, SearchAttributes: map[string]string{"State": "Bool"}})
	require.ErrorContains(t, err, "search attribute State is Keyword in the kept Temporal database, wanted Bool")
}

func TestTemporalRefusesAnUnknownAttributeType(t *testing.T) {
	t.Parallel()
	_, err := StartTemporal(t.Context(), TemporalOptions{SearchAttributes: map[string]string{"State": "Colour"}})
	require.ErrorContains(t, err, "Colour")
}

func TestTemporalSettings(t *testing.T) {
	t.Parallel()
	args, err := temporalArgs(TemporalOptions{
		Namespace: "n", DynamicConfig: map[string]any{"frontend.namespaceRPS": 7, "limit.blobSize.error": 1 << 20},
	}, 1, 2)
	require.NoError(t, err)
	assert.Contains(t, args, "frontend.namespaceRPS=7", "the caller's value wins")
	assert.Contains(t, args, "limit.blobSize.error=1048576")
	assert.Contains(t, args, "--headless")
	_, err = temporalArgs(TemporalOptions{DynamicConfig: map[string]any{"x": func() {}}}, 1, 2)
	require.Error(t, err)
}
