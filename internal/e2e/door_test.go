package e2e

import (
	"context"
	"encoding/base64"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	updatepb "go.temporal.io/api/update/v1"
	"go.temporal.io/api/workflowservice/v1"

	"shiming/internal/codec"
	"shiming/internal/devstack/stacktest"
	"shiming/registration"
)

// Whoever reaches the engine's port speaks to it as these tests do: with Temporal's own command line, or its protocol. They have
// no key.

// temporal runs Temporal's command line against this world's engine.
func (w *world) temporal(t testing.TB, args ...string) (said string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	at := stacktest.TemporalEndpoint(t)
	cmd := exec.CommandContext(ctx, at.CLI, append(args, "--address", at.Address, "--namespace", at.Namespace, "--disable-config-file", "--disable-config-env")...)
	cmd.Env = []string{"HOME=" + w.dir}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// untouched is an account's run as it must be again after an attempt on it.
type untouched struct {
	row    string
	events int
}

// asItStands looks when nothing is under way any more: the run has taken over what was stored, and nobody is about to tell it more.
func (r *reg) asItStands() untouched {
	r.t.Helper()
	r.world.eventually(r.t, func() bool { // a signal that nothing follows from is heard after the row stands
		return r.world.count(r.t, `select (select count(*) from registrations where id = $1 and acknowledged < version)
			+ (select count(*) from outbox where ref = $1) + (select count(*) from payments where registration_id = $1 and accepted_at is null)`, r.id) == 0 && !r.world.waitsToBeHeard(r.t, r)
	}, func() string { return "the run is behind its row" })
	return untouched{row: string(r.get().Raw), events: len(r.acts())}
}

// acts are the events in the run's history that an act or a step leaves.
func (r *reg) acts() []*historypb.HistoryEvent {
	r.t.Helper()
	return slices.DeleteFunc(r.history(r.t, r), func(e *historypb.HistoryEvent) bool {
		switch e.GetEventType() {
		case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED,
			enumspb.EVENT_TYPE_MARKER_RECORDED, enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
			return false
		}
		return true
	})
}

func TestAnActFromTheCommandLineIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		reach func(t testing.TB) *reg
		act   registration.Act
		then  func(r *reg) // what a person does all the same
	}{
		"withdraw": {w.individual, registration.ActWithdraw, func(r *reg) { r.post("/withdraw", nil).inState("withdrawn") }},
		"submit": {func(t testing.TB) *reg {
			r := w.individual(t)
			r.details("id_card_front", "id_card_back")
			return r
		}, registration.ActSubmit, func(r *reg) { r.post("/submit", nil).inState("under_review") }},
		"decide": {w.submitted, registration.ActDecide, func(r *reg) { r.approve() }},
		"payout": {func(t testing.TB) *reg { return w.paid(t, "6789") }, registration.ActWithdraw, func(r *reg) { r.deposit(r.amount()).inState("details_required") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := c.reach(t)
			before := r.asItStands()
			plain := `{"registration_id":"` + r.id + `","actor":"applicant","act":"` + string(c.act) + `"}`
			for manner, input := range map[string][]string{
				"plain":        {"--input", plain},
				"with an id":   {"--input", strings.Replace(plain, "{", `{"act_id":"act_1",`, 1)},
				"said twice":   {"--input", plain, "--input", plain},
				"nothing":      nil,
				"null":         {"--input", "null", "--input-meta", "encoding=binary/null"},
				"bytes":        {"--input", plain, "--input-meta", "encoding=binary/plain"},
				"no encoding":  {"--input", plain, "--input-meta", "encoding="},
				"said to be":   {"--input", plain, "--input-meta", "encoding=binary/encrypted"},
				"made for it":  {"--input", plain, "--input-meta", "encoding=binary/encrypted", "--input-meta", `belongs-to="default" "registration/` + r.account + `" ""`},
				"another type": {"--input", "[1,2]"},
			} {
				said, err := w.temporal(t, append([]string{"workflow", "update", "execute", "--workflow-id", registration.WorkflowID(r.account), "--name", string(c.act)}, input...)...)
				require.Error(t, err, "%s: %s", manner, said)
				assert.Contains(t, said, "codec: ", "%s: who sent it is told why", manner)
			}
			require.Equal(t, before, r.asItStands())
			c.then(r)
		})
	}
}

// A plain signal is passed over; the run is well, and hears the next one that is meant.
func TestASignalFromTheCommandLineIsIgnored(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	w := newWorld(t, withLog(&log))
	r := w.individual(t)
	before := r.asItStands()
	id := registration.WorkflowID(r.account)
	for _, input := range [][]string{{"--input", `{"id":"` + r.id + `"}`}, {"--input", "1"}, nil} {
		said, err := w.temporal(t, append([]string{"workflow", "signal", "--workflow-id", id, "--name", registration.SignalLook}, input...)...)
		require.NoError(t, err, "the engine takes it: %s", said)
	}
	ignored := func() bool { return strings.Count(log.String(), "Corrupted signal") >= 3 }
	w.eventually(t, ignored, func() string { return "the log does not tell of the signals" })
	require.Equal(t, before, r.asItStands())

	require.NoError(t, w.engine.SignalWorkflow(t.Context(), id, "", registration.SignalLook, registration.Look{ID: r.id}))
	w.eventually(t, func() bool { return len(r.acts()) > before.events }, func() string { return "the run no longer looks" })
	r.post("/withdraw", nil).inState("withdrawn")
}

// A workflow that somebody starts by hand fails at its first task, and its id is free for who needs it.
func TestAWorkflowStartedFromTheCommandLineFailsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, kind := range []string{
		registration.IndividualWorkflow, registration.EnterpriseWorkflow, registration.ClearingWorkflow, registration.PayoutWorkflow,
		registration.NoticesWorkflow, registration.WebhookWorkflow,
	} {
		for manner, input := range map[string][]string{
			"plain": {"--input", `{"registration_id":"reg_1","account_id":"acct-1","kind":"individual","locale":"en","delivery_id":"dlv_1"}`},
			"text":  {"--input", `"pay_1"`}, "nothing": nil,
		} {
			t.Run(kind+"/"+manner, func(t *testing.T) {
				t.Parallel()
				account := newAccount("acct-")
				id := registration.WorkflowID(account)
				said, err := w.temporal(t, append([]string{"workflow", "start", "--type", kind, "--workflow-id", id, "--task-queue", w.workerConfig.TaskQueue}, input...)...)
				require.NoError(t, err, said)
				var failed *historypb.WorkflowExecutionFailedEventAttributes
				w.eventually(t, func() bool {
					events := w.history(t, &reg{account: account})
					failed = events[len(events)-1].GetWorkflowExecutionFailedEventAttributes()
					return failed != nil
				}, func() string { return "it runs on" })
				assert.Contains(t, failed.GetFailure().GetMessage(), "codec: ")
				assert.Len(t, w.history(t, &reg{account: account}), 5, "started, one task, failed")
				w.open(t, "individual", account).post("/withdraw", nil).inState("withdrawn")
			})
		}
	}
}

// A query that somebody sends arguments with is answered with an error; one without tells nothing but what is encrypted.
func TestAQueryFromTheCommandLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.individual(t)
	query := []string{"workflow", "query", "--workflow-id", registration.WorkflowID(r.account), "--name", registration.QueryFacts}
	said, err := w.temporal(t, append(query, "--input", `{"any":"thing"}`)...)
	require.Error(t, err, said)
	require.Contains(t, said, "codec: ")
	said, err = w.temporal(t, query...)
	require.NoError(t, err, said)
	require.NotContains(t, said, "details_required")
	r.post("/withdraw", nil).inState("withdrawn")
}

// The codec server lets people read, on the command line too, and lets nobody write.
func TestTheCodecServerOnlyShows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.individual(t)
	shows := httptest.NewServer(codec.Handler(w.keys))
	defer shows.Close()
	id := registration.WorkflowID(r.account)
	said, err := w.temporal(t, "workflow", "query", "--workflow-id", id, "--name", registration.QueryFacts, "--codec-endpoint", shows.URL)
	require.NoError(t, err, said)
	require.Contains(t, said, "details_required")
	said, err = w.temporal(t, "workflow", "show", "--workflow-id", id, "--output", "json", "--codec-endpoint", shows.URL)
	require.NoError(t, err, said)
	require.Contains(t, said, base64.StdEncoding.EncodeToString([]byte(`{"act":"open`)), "an opening, in clear")
	before := r.asItStands()
	said, err = w.temporal(t, "workflow", "update", "execute", "--workflow-id", id, "--name", "withdraw", "--input", `{"registration_id":"`+r.id+`"}`, "--codec-endpoint", shows.URL)
	require.Error(t, err, said)
	require.Contains(t, said, codec.ErrPlain.Error())
	require.Equal(t, before, r.asItStands())
}

// What an activity came to cannot be made up, not even of nothing: no card is proven that the bank has not answered for.
func TestAnActivityCompletedByAnotherProvesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for manner, result := range map[string]*commonpb.Payloads{
		"nothing": nil,
		"empty":   {},
		"plain":   {Payloads: []*commonpb.Payload{{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(`{"binding_id":"b1"}`)}}},
	} {
		t.Run(manner, func(t *testing.T) {
			t.Parallel()
			r := w.open(t, "individual", newAccount("acct-"))
			w.fault(t, "bank", "slow")
			require.Equal(t, 202, r.post("/card", r.who.card("622202")).Status)
			id := registration.WorkflowID(r.account)
			_, err := w.engine.WorkflowService().RespondActivityTaskCompletedById(t.Context(), &workflowservice.RespondActivityTaskCompletedByIdRequest{
				Namespace: w.namespace, WorkflowId: id, ActivityId: w.pending(t, id), Result: result,
			})
			require.NoError(t, err)
			a := r.untilThat("an answer", func(a answer) bool { return a.Body["processing"] == false })
			a.inState("identity_required")
			require.Equal(t, "provider_unavailable", a.at("last_error", "code"))
		})
	}
}

// Nor is an answer that the bank gave to an earlier act: a code that was right proves one card.
func TestAnAnswerIsNotGivenTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.individual(t)
	r.details("id_card_front", "id_card_back")
	r.post("/submit", nil).inState("under_review")
	r.reject("identity").ok(200)
	r.until("identity_required")
	right := w.resultOf(t, r, "ConfirmCode")
	r.post("/card", r.who.card("622202")).inState("card_code_required")
	w.fault(t, "bank", "slow")
	require.Equal(t, 202, r.post("/card/code", map[string]any{"code": "000000"}).Status)
	_, err := w.engine.WorkflowService().RespondActivityTaskCompletedById(t.Context(), &workflowservice.RespondActivityTaskCompletedByIdRequest{
		Namespace: w.namespace, WorkflowId: r.run().GetWorkflowId(), ActivityId: w.pending(t, r.run().GetWorkflowId()), Result: right,
	})
	require.NoError(t, err)
	a := r.untilThat("an answer", func(a answer) bool { return a.Body["processing"] == false })
	a.inState("card_code_required")
	require.Equal(t, "provider_unavailable", a.at("last_error", "code"))
}

// resultOf is what the newest local activity of a type came to.
func (w *world) resultOf(t *testing.T, r *reg, activity string) (result *commonpb.Payloads) {
	t.Helper()
	for _, e := range w.history(t, r) {
		if marker := e.GetMarkerRecordedEventAttributes().GetDetails(); marker != nil && strings.Contains(w.decoded(t, e), `"`+activity+`"`) {
			result = marker["result"]
		}
	}
	require.NotNil(t, result)
	return result
}

// pending is the activity that a run waits for.
func (w *world) pending(t *testing.T, workflowID string) (id string) {
	t.Helper()
	w.eventually(t, func() bool {
		d, err := w.engine.DescribeWorkflowExecution(t.Context(), workflowID, "")
		require.NoError(t, err)
		for _, a := range d.GetPendingActivities() {
			id = a.GetActivityId()
		}
		return id != ""
	}, func() string { return "the run waits for no activity" })
	return id
}

// What is encrypted is copied in vain: into another run, or as another act into the same one.
func TestACopiedPayloadIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, other := w.individual(t), w.individual(t)
	before := r.asItStands()
	for name, from := range map[string]*reg{"its own": r, "another's": other} {
		for _, args := range w.handedIn(t, from) {
			answer, err := w.engine.WorkflowService().UpdateWorkflowExecution(t.Context(), &workflowservice.UpdateWorkflowExecutionRequest{
				Namespace: w.namespace, WorkflowExecution: r.run(),
				WaitPolicy: &updatepb.WaitPolicy{LifecycleStage: enumspb.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED},
				Request: &updatepb.Request{
					Meta:  &updatepb.Meta{UpdateId: registration.NewID("act")},
					Input: &updatepb.Input{Name: string(registration.ActWithdraw), Args: args},
				},
			})
			require.NoError(t, err, name)
			require.NotNil(t, answer.GetOutcome().GetFailure(), name)
		}
	}
	require.Equal(t, before, r.asItStands())

	_, err := w.engine.WorkflowService().SignalWorkflowExecution(t.Context(), &workflowservice.SignalWorkflowExecutionRequest{
		Namespace: w.namespace, WorkflowExecution: r.run(), SignalName: registration.SignalLook, Input: w.handedIn(t, other)[0],
	})
	require.NoError(t, err)
	w.eventually(t, func() bool { return !w.waitsToBeHeard(t, r) }, func() string { return "the signal was not taken" })
	require.Equal(t, before, r.asItStands())
	r.post("/withdraw", nil).inState("withdrawn")
}

func (r *reg) run() *commonpb.WorkflowExecution {
	return &commonpb.WorkflowExecution{WorkflowId: registration.WorkflowID(r.account)}
}

// waitsToBeHeard reports whether a signal has come since the run's last task.
func (w *world) waitsToBeHeard(t testing.TB, r *reg) (waits bool) {
	t.Helper()
	for _, e := range w.history(t, r) {
		switch e.GetEventType() {
		case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
			waits = true
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
			waits = false
		}
	}
	return waits
}

// handedIn are the arguments of every act in a run's history.
func (w *world) handedIn(t *testing.T, r *reg) (all []*commonpb.Payloads) {
	t.Helper()
	for _, e := range w.history(t, r) {
		if accepted := e.GetWorkflowExecutionUpdateAcceptedEventAttributes(); accepted != nil {
			all = append(all, accepted.GetAcceptedRequest().GetInput().GetArgs())
		}
	}
	require.NotEmpty(t, all)
	return all
}
