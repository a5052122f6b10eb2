package e2e

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	"shiming/registration"
)

func withReconciling(every time.Duration) setting {
	return func(s *settings) { s.reconcile = every }
}

// interventions are what somebody can do to a run by hand, in the engine's own page or on its command line.
var interventions = map[string]func(t *testing.T, w *world, workflowID string){
	"terminate": func(t *testing.T, w *world, workflowID string) {
		t.Helper()
		require.NoError(t, w.engine.TerminateWorkflow(t.Context(), workflowID, "", "a slip of the hand"))
	},
	"reset": func(t *testing.T, w *world, workflowID string) {
		t.Helper()
		w.reset(t, workflowID)
	},
}

// reset takes a run back to its beginning. Nothing that it was sent since is sent again.
func (w *world) reset(t *testing.T, workflowID string) {
	t.Helper()
	var first int64
	w.eventually(t, func() bool { first = w.firstTask(t, workflowID); return first > 0 }, func() string { return "no task was ever completed" })
	_, err := w.engine.ResetWorkflowExecution(t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: w.namespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: workflowID}, Reason: "a slip of the hand",
		WorkflowTaskFinishEventId: first, RequestId: registration.NewID("rst"),
		ResetReapplyExcludeTypes: []enumspb.ResetReapplyExcludeType{
			enumspb.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL, enumspb.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE,
		},
	})
	require.NoError(t, err)
}

// firstTask is the event by which a run's first task was completed, 0 if none was yet.
func (w *world) firstTask(t *testing.T, workflowID string) int64 {
	t.Helper()
	events := w.engine.GetWorkflowHistory(t.Context(), workflowID, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		require.NoError(t, err)
		if e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			return e.GetEventId()
		}
	}
	return 0
}

// Whatever somebody does to a registration's run by hand, in whatever state: it goes on where its row stands, or ends as its
// applicant wishes and leaves the account free.
func TestARunThatSomebodyEndsOrResetsGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withReconciling(500*time.Millisecond))
	for kind, states := range reached(w, w) {
		for state, reach := range states {
			if state.Final() {
				continue
			}
			for what, intervene := range interventions {
				t.Run(string(kind)+"/"+string(state)+"/"+what, func(t *testing.T) {
					t.Parallel()
					r := reach(t)
					intervene(t, w, registration.WorkflowID(r.account))
					goesOn(t, r, state)
					again := &reg{world: w, t: t, account: r.account, who: somebody(t)}
					if r.get().Body["state"] == "withdrawn" {
						w.eventually(t, func() bool {
							return w.platform(t).post("/v1/registrations", again.application(string(kind))).Status == 201
						}, func() string { return "the account never became free" })
					}
				})
			}
		}
	}
}

// goesOn takes the registration on by what its state waits for, or withdraws it.
func goesOn(t *testing.T, r *reg, state registration.State) {
	t.Helper()
	act, leadsTo := func() answer { return r.post("/withdraw", nil) }, "withdrawn"
	switch state {
	case registration.UnderReview:
		act, leadsTo = func() answer { return r.decide(map[string]any{"decision": "approve"}) }, "approved"
	case registration.DepositRequired:
		act, leadsTo = func() answer { return r.deposit(r.amount()) }, "details_required"
	}
	if state == registration.PayoutPending {
		require.Len(t, r.statement(), 1)
	}
	require.Contains(t, []int{200, 202}, act().Status, "never refused by a run that is behind")
	r.until(leadsTo)
	if r.company != nil {
		require.Len(t, r.statement(), 1, "one transfer")
		require.Equal(t, 1, r.statement()[0].Presented)
	}
}

// A request to cancel a registration's run is a withdrawal by ops, wherever the table has one.
func TestCancellingARunWithdrawsItsRegistration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for kind, states := range reached(w, w) {
		for state, reach := range states {
			if state.Final() {
				continue
			}
			t.Run(string(kind)+"/"+string(state), func(t *testing.T) {
				t.Parallel()
				r := reach(t)
				require.NoError(t, w.engine.CancelWorkflow(t.Context(), registration.WorkflowID(r.account), ""))
				r.until("withdrawn")
				line := w.ops(t).get(r.path("/timeline")).ok(200).at("items").([]any)
				last := line[len(line)-1].(map[string]any)
				require.Equal(t, "withdrawn", last["event"])
				require.Equal(t, "ops", last["actor"])
				require.NoError(t, w.engine.GetWorkflow(t.Context(), registration.WorkflowID(r.account), "").Get(t.Context(), nil), "it has completed")
			})
		}
	}
}

// A clearing goes on likewise, and its wallet account is held by nobody in the end.
func TestAClearingThatSomebodyEndsOrResetsGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withReconciling(500*time.Millisecond))
	all := maps.Clone(interventions)
	all["cancel"] = func(t *testing.T, w *world, workflowID string) {
		t.Helper()
		require.NoError(t, w.engine.CancelWorkflow(t.Context(), workflowID, ""))
	}
	for what, intervene := range all {
		for _, state := range []string{"materials_required", "under_review"} {
			t.Run(state+"/"+what, func(t *testing.T) {
				t.Parallel()
				r := w.approved(t, newAccount("acct-"))
				c := r.clear()
				c.materials()
				if state == "under_review" {
					c.submit().ok(200)
				}
				intervene(t, w, registration.ClearingWorkflowID(r.account))
				if what == "cancel" {
					c.until("withdrawn")
					return
				}
				if state == "materials_required" {
					require.Contains(t, []int{200, 202}, c.submit().Status)
					c.until("under_review")
				}
				require.Contains(t, []int{200, 202}, c.approve(w.reviewer(t)).Status)
				c.until("cleared")
				require.False(t, w.held(t, r.account))
			})
		}
	}
}

// A payment's workflow that somebody ends, resets or asks to cancel, before or after the bank was asked: one transfer.
func TestAPayoutThatSomebodyEndsIsPaidOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withReconciling(500*time.Millisecond))
	all := map[string]func(t *testing.T, w *world, workflowID string){
		"terminate": interventions["terminate"], "reset": interventions["reset"],
		"cancel": func(t *testing.T, w *world, workflowID string) {
			t.Helper()
			require.NoError(t, w.engine.CancelWorkflow(t.Context(), workflowID, ""))
		},
	}
	for _, ending := range []string{"0003", "6789"} { // executed and never answered; an ordinary one
		for what, intervene := range all {
			t.Run(ending+"/"+what, func(t *testing.T) {
				t.Parallel()
				r := w.enterprise(t, "legal_representative")
				r.company = someCompany(t, r.who.Name, ending)
				r.put("/company", r.company).ok(200)
				payout := registration.PayoutWorkflowID(w.paymentOf(t, r))
				w.eventually(t, func() bool { return w.started(t, payout) }, func() string { return "the payment was never started" })
				if w.runs(t, payout) {
					intervene(t, w, payout)
				}
				r.until("deposit_required")
				require.Len(t, r.statement(), 1, "one transfer")
				r.deposit(r.amount()).inState("details_required")
			})
		}
	}
}

func (w *world) paymentOf(t *testing.T, r *reg) (id string) {
	t.Helper()
	require.NoError(t, w.store.Pool().QueryRow(t.Context(), `select id from payments where registration_id = $1`, r.id).Scan(&id))
	return id
}

func (w *world) started(t *testing.T, workflowID string) bool {
	t.Helper()
	_, err := w.engine.DescribeWorkflowExecution(t.Context(), workflowID, "")
	return err == nil
}

func (w *world) runs(t *testing.T, workflowID string) bool {
	t.Helper()
	d, err := w.engine.DescribeWorkflowExecution(t.Context(), workflowID, "")
	require.NoError(t, err)
	return d.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
}
