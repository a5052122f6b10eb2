package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"shiming/internal/codec"
	"shiming/registration"
)

// recordTo names the folder that histories are recorded to; `make histories` sets it.
const recordTo = "SHIMING_RECORD_HISTORIES"

// record writes the histories of this world's runs, decoded, for the replay tests of package workflows.
// They hold nothing personal: TestNothingPersonalReachesEngineOrLogs sees to that.
func (w *world) record(t *testing.T) {
	t.Helper()
	dir := os.Getenv(recordTo)
	if dir == "" || t.Failed() {
		return
	}
	page, err := w.engine.ListWorkflow(context.Background(), &workflowservice.ListWorkflowExecutionsRequest{
		Query: "TaskQueue starts_with '" + w.workerConfig.TaskQueue + "'",
	})
	require.NoError(t, err)
	seen := map[string]int{}
	for _, e := range page.GetExecutions() {
		kind := e.GetType().GetName()
		seen[kind]++
		if kind != registration.IndividualWorkflow && kind != registration.EnterpriseWorkflow && kind != registration.ClearingWorkflow && seen[kind] > 1 {
			continue
		}
		name := fmt.Sprintf("%s-%s-%d.json", strings.TrimPrefix(t.Name(), "Test"), kind, seen[kind])
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil { // what was recorded stays as it was
			continue
		}
		history := w.plainHistory(t, e.GetExecution())
		text, err := protojson.Marshal(history)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, text, 0o600))
	}
}

func (w *world) plainHistory(t *testing.T, run *commonpb.WorkflowExecution) *historypb.History {
	t.Helper()
	history := &historypb.History{}
	it := w.engine.GetWorkflowHistory(context.Background(), run.GetWorkflowId(), run.GetRunId(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for it.HasNext() {
		event, err := it.Next()
		require.NoError(t, err)
		plain := proto.CloneOf(event)
		require.NoError(t, proxy.VisitPayloads(context.Background(), plain, proxy.VisitPayloadsOptions{
			SkipSearchAttributes: true,
			Visitor: func(_ *proxy.VisitPayloadsContext, payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
				return codec.Reader(w.keys).Decode(payloads)
			},
		}))
		history.Events = append(history.Events, plain)
	}
	return history
}
