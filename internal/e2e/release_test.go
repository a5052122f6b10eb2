package e2e

import (
	"bytes"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"

	"shiming/internal/devstack/stacktest"
	"shiming/registration"
)

// A release is made current as the operations page says. What runs already goes on with it.
func TestARegistrationGoesOnWithTheReleaseThatIsCurrent(t *testing.T) {
	t.Parallel()
	deployment := stacktest.TaskQueue(t)
	w := newWorld(t, withVersion(deployment, "one"))
	w.makeCurrent(t, "one")
	r := w.open(t, "individual", newAccount("acct-"))
	v := w.versionOf(t, r)
	require.Equal(t, enumspb.VERSIONING_BEHAVIOR_AUTO_UPGRADE, v.GetBehavior())
	require.Equal(t, "one", v.GetDeploymentVersion().GetBuildId())

	stopOne := w.stopWorker
	w.workerConfig.BuildID = "two"
	w.stopWorker = w.startWorker(t)
	w.makeCurrent(t, "two")
	stopOne()
	r.post("/card", r.who.card("622202")).inState("card_code_required")
	require.Equal(t, "two", w.versionOf(t, r).GetDeploymentVersion().GetBuildId())
}

// makeCurrent types the operations page's command until the engine knows of the version, which it does once a worker of it
// polls.
func (w *world) makeCurrent(t *testing.T, buildID string) {
	t.Helper()
	at := stacktest.TemporalEndpoint(t)
	var said []byte
	w.eventually(t, func() bool {
		command := exec.CommandContext(t.Context(), at.CLI, "worker", "deployment", "set-current-version", "--yes",
			"--address", at.Address, "--namespace", at.Namespace, "--deployment-name", w.workerConfig.Deployment, "--build-id", buildID)
		var err error
		said, err = command.CombinedOutput()
		return err == nil
	}, func() string { return "version " + buildID + " is not current: " + string(bytes.TrimSpace(said)) })
}

func (w *world) versionOf(t *testing.T, r *reg) *workflowpb.WorkflowExecutionVersioningInfo {
	t.Helper()
	run, err := w.engine.DescribeWorkflowExecution(t.Context(), registration.WorkflowID(r.account), "")
	require.NoError(t, err)
	return run.GetWorkflowExecutionInfo().GetVersioningInfo()
}
