package e2e

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"

	"shiming/internal/bank"
	"shiming/internal/engine"
	"shiming/internal/restore"
	"shiming/registration"
)

// taken is an act that was taken: done, or to be done, for a worker that has just come is slow at first.
func taken(t *testing.T, a answer) {
	t.Helper()
	require.Contains(t, []int{http.StatusOK, http.StatusAccepted}, a.Status, string(a.Raw))
}

// server is a connection to the database server, past the world's own database, and that one's name.
func (w *world) server(t *testing.T) (conn *pgx.Conn, name string) {
	t.Helper()
	u, err := url.Parse(w.workerConfig.DatabaseURL)
	require.NoError(t, err)
	name = u.Path[1:]
	u.Path = "/postgres"
	conn, err = pgx.Connect(context.WithoutCancel(t.Context()), u.String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn, name
}

// alone does something to the world's database while nobody else is connected to it. Whoever was connects again.
func (w *world) alone(t *testing.T, do func(conn *pgx.Conn, name, quoted string)) {
	t.Helper()
	conn, name := w.server(t)
	quoted := pgx.Identifier{name}.Sanitize()
	exec := func(sql string, args ...any) {
		t.Helper()
		_, err := conn.Exec(t.Context(), sql, args...)
		require.NoError(t, err, sql)
	}
	exec(`alter database ` + quoted + ` with allow_connections false`)
	w.eventually(t, func() bool {
		exec(`select pg_terminate_backend(pid) from pg_stat_activity where datname = $1`, name)
		var n int
		require.NoError(t, conn.QueryRow(t.Context(), `select count(*) from pg_stat_activity where datname = $1`, name).Scan(&n))
		return n == 0
	}, func() string { return "somebody stays connected" })
	do(conn, name, quoted)
	exec(`alter database ` + quoted + ` with allow_connections true`)
}

// dump keeps the database as it stands, and notes that it was, as a backup does. The worker stops meanwhile.
func (w *world) dump(t *testing.T) (copied string) {
	t.Helper()
	w.stopWorker()
	w.alone(t, func(conn *pgx.Conn, name, quoted string) {
		copied = name + "_copy"
		_, err := conn.Exec(t.Context(), `create database `+pgx.Identifier{copied}.Sanitize()+` template `+quoted)
		require.NoError(t, err)
	})
	t.Cleanup(func() {
		conn, _ := w.server(t)
		for _, name := range []string{copied, copied + "_gone"} {
			_, err := conn.Exec(context.WithoutCancel(t.Context()), `drop database if exists `+pgx.Identifier{name}.Sanitize()+` with (force)`)
			assert.NoError(t, err)
		}
	})
	w.backAgain(t)
	require.NoError(t, restore.RaiseMark(t.Context(), w.store, w.runsOf(t)))
	w.stopWorker = w.startWorker(t)
	return copied
}

// backAgain waits until the store is connected again.
func (w *world) backAgain(t *testing.T) {
	t.Helper()
	w.eventually(t, func() bool { return w.store.Ping(t.Context()) == nil }, func() string { return "the database stays away" })
}

// putBack has the dumped database take the place of the one that has gone on.
func (w *world) putBack(t *testing.T, copied string) {
	t.Helper()
	w.stopWorker()
	w.alone(t, func(conn *pgx.Conn, _, quoted string) {
		for _, sql := range []string{
			`alter database ` + quoted + ` rename to ` + pgx.Identifier{copied + "_gone"}.Sanitize(),
			`alter database ` + pgx.Identifier{copied}.Sanitize() + ` rename to ` + quoted,
		} {
			_, err := conn.Exec(t.Context(), sql)
			require.NoError(t, err)
		}
	})
	w.backAgain(t)
	w.stopWorker = w.startWorker(t)
}

func (w *world) runsOf(t *testing.T) *engine.Engine {
	t.Helper()
	e, err := engine.Dial(t.Context(), w.options, w.workerConfig.TaskQueue, w.log)
	require.NoError(t, err)
	t.Cleanup(e.Close)
	return e
}

func (w *world) repairer(t *testing.T) *restore.Repairer {
	t.Helper()
	b, err := bank.New(bank.Config{BaseURL: w.sandboxURL, APIKey: "sandbox", Timeout: 8 * time.Second})
	require.NoError(t, err)
	return &restore.Repairer{
		Keeper: restore.Keeper{Book: w.store, Engine: w.runsOf(t), Every: time.Second, Log: w.log},
		Bank:   b, By: "ops:chen", Reason: "the disk had failed", Now: time.Now, Say: func(what string) { t.Log(what) },
	}
}

// isHeld reports whether the database is held.
func (w *world) isHeld(t *testing.T) bool {
	t.Helper()
	hold, err := w.store.HoldNow(t.Context())
	require.NoError(t, err)
	return hold != nil
}

// openFindings are the subjects of the open findings of a kind.
func (w *world) openFindings(t *testing.T, kind registration.FindingKind) (subjects []string) {
	t.Helper()
	var page struct{ Items []struct{ Subject string } }
	a := w.ops(t).get("/v1/findings?open=true&limit=100&kind=" + string(kind)).ok(200)
	require.NoError(t, json.Unmarshal(a.Raw, &page))
	for _, f := range page.Items {
		subjects = append(subjects, f.Subject)
	}
	return subjects
}

// A database that was restored under an engine that has gone on: it is held, nothing is paid a second time, every case can be finished, and
// each disagreement is named.
func TestARestoredDatabaseIsHeldAndRepaired(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withReconciling(500*time.Millisecond))
	paysLater := w.enterprise(t, "legal_representative")
	paysLater.company = someCompany(t, paysLater.who.Name, "7101")
	settled := w.paid(t, "7102")
	reviewed := w.submitted(t)
	asked := w.enterprise(t, "legal_representative")
	asked.company = someCompany(t, asked.who.Name, "7103")
	w.pause(t)                           // asked for before the dump, and ordered after it
	asked.put("/company", asked.company) // 429 while payments are paused
	w.resume(t)
	copied := w.dump(t)

	taken(t, paysLater.put("/company", paysLater.company))
	paysLater.until("deposit_required")
	taken(t, settled.deposit(settled.amount()))
	settled.until("details_required")
	taken(t, reviewed.decide(map[string]any{"decision": "approve"}))
	reviewed.until("approved")
	lost := w.enterprise(t, "legal_representative")
	lost.company = someCompany(t, lost.who.Name, "7101") // the same last digits: the bank must say whose is whose
	taken(t, lost.put("/company", lost.company))
	lost.until("deposit_required")
	w.putBack(t, copied)

	// It is held.
	w.eventually(t, func() bool { return w.isHeld(t) }, func() string { return "nothing was noticed" })
	held := w.platform(t).post("/v1/registrations", (&reg{world: w, t: t, account: newAccount("acct-"), who: somebody(t)}).application("individual"))
	require.Equal(t, http.StatusServiceUnavailable, held.Status)
	require.Equal(t, "held_after_restore", held.Body["code"])
	require.NotEmpty(t, held.Header.Get("Retry-After"))
	require.Equal(t, "held_after_restore", w.platform(t).post("/v1/identity-clearings", w.claim(somebody(t))).Body["code"])
	require.Equal(t, true, w.platform(t).get("/readyz").ok(200).Body["held"])
	require.Equal(t, []string{"database"}, w.openFindings(t, registration.FindingHeld))
	require.Equal(t, "held_after_restore", paysLater.put("/company", paysLater.company).Body["code"], "no payment is asked for")
	require.Equal(t, "held_after_restore", w.ops(t).post(settled.path("/repair"), map[string]any{"reason": "stuck"}).Body["code"])
	require.ErrorIs(t, restore.RaiseMark(t.Context(), w.store, w.runsOf(t)), restore.ErrHeld)

	// A dry run does nothing.
	dry := w.repairer(t)
	dry.DryRun = true
	_, err := dry.All(t.Context())
	require.NoError(t, err)
	require.True(t, w.isHeld(t))
	require.Empty(t, w.openFindings(t, registration.FindingTransferLost))

	// It is repaired, by somebody who is interrupted first.
	broken := w.repairer(t)
	cut, cancel := context.WithCancel(t.Context())
	broken.Say = func(what string) {
		if what == "asking the bank for its statement" {
			cancel()
		}
	}
	_, err = broken.All(cut)
	require.Error(t, err)
	require.True(t, w.isHeld(t), "the hold ends last")
	report, err := w.repairer(t).All(t.Context())
	require.NoError(t, err)
	require.False(t, w.isHeld(t))
	t.Logf("%+v", report)

	// Each disagreement is named.
	require.ElementsMatch(t, []string{paysLater.id, settled.id, reviewed.id}, w.openFindings(t, registration.FindingCaseWentBack))
	require.Contains(t, w.openFindings(t, registration.FindingCaseLost), lost.id)
	require.Len(t, w.openFindings(t, registration.FindingTransferLost), 2)
	require.Empty(t, w.openFindings(t, registration.FindingHeld))

	// Every case can be finished, and nothing is paid a second time.
	again := &reg{world: w, t: t, account: lost.account, who: lost.who, company: lost.company}
	again.id = w.platform(t).post("/v1/registrations", again.application("enterprise")).ok(201).Body["id"].(string)
	again.verifyAdmin("legal_representative")
	again.until("company_required")
	for _, r := range []*reg{again, paysLater} { // the newer first: it is shown the older's transfer first
		taken(t, r.put("/company", r.company))
		r.until("deposit_required")
		require.Len(t, r.statement(), 1, "one transfer")
		taken(t, r.deposit(r.amount()))
		r.until("details_required")
	}
	taken(t, settled.deposit(settled.amount()))
	settled.until("details_required")
	require.Len(t, settled.statement(), 1)
	require.Equal(t, "under_review", reviewed.get().Body["state"])
	taken(t, reviewed.decide(map[string]any{"decision": "approve"}))
	reviewed.until("approved")
	taken(t, asked.put("/company", asked.company))
	asked.until("deposit_required")
	require.Empty(t, w.openFindings(t, registration.FindingTransferLost))
	require.Empty(t, w.openFindings(t, registration.FindingRunAhead))

	// Whoever repeats it finds the two in step.
	report, err = w.repairer(t).All(t.Context())
	require.NoError(t, err)
	require.Equal(t, restore.InStep.String(), report.Verdict)
}

// An engine that has lost everything: each open row has a run again, at once, and each case goes on. Nothing is paid a second time.
func TestAnEngineThatIsBehindIsRebuiltFromRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settled := w.paid(t, "7201")
	reviewed := w.submitted(t)
	over := w.approved(t, newAccount("acct-"))
	require.NoError(t, restore.RaiseMark(t.Context(), w.store, w.runsOf(t)))
	w.stopWorker()
	w.forget(t)
	w.stopWorker = w.startWorker(t)
	w.eventually(t, func() bool {
		a, err := w.store.AnchorNow(t.Context())
		require.NoError(t, err)
		kept, err := w.runsOf(t).Mark(t.Context())
		return err == nil && kept.Number >= a.Acknowledged && w.runs(t, registration.WorkflowID(settled.account)) && w.runs(t, registration.WorkflowID(reviewed.account))
	}, func() string { return "the runs were never rebuilt" })
	require.False(t, w.started(t, registration.WorkflowID(over.account)), "what has ended needs none")
	taken(t, settled.deposit(settled.amount()))
	settled.until("details_required")
	require.Len(t, settled.statement(), 1)
	taken(t, reviewed.decide(map[string]any{"decision": "approve"}))
	reviewed.until("approved")
	require.Equal(t, 1, settled.count("run_resumed"))
	w.eventually(t, func() bool { return len(w.openFindings(t, registration.FindingEngineBehind)) == 0 }, func() string { return "the finding is never resolved" })
	require.Equal(t, 1, w.count(t, `select count(*) from findings where kind = 'engine_behind'`))
	require.False(t, w.isHeld(t))
}

// forget has the engine lose every workflow of the world's.
func (w *world) forget(t *testing.T) {
	t.Helper()
	w.eventually(t, func() bool {
		page, err := w.engine.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: "TaskQueue = '" + w.workerConfig.TaskQueue + "'", PageSize: 1000})
		require.NoError(t, err)
		for _, e := range page.GetExecutions() {
			_, err := w.engine.WorkflowService().DeleteWorkflowExecution(t.Context(), &workflowservice.DeleteWorkflowExecutionRequest{
				Namespace: w.namespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: e.GetExecution().GetWorkflowId(), RunId: e.GetExecution().GetRunId()},
			})
			if err != nil {
				t.Log(err)
			}
		}
		return len(page.GetExecutions()) == 0
	}, func() string { return "the engine remembers" })
}

// One case whose run somebody ended is repaired by the API; one whose run knows more than its row is left to the repair of all.
func TestOneCaseIsRepaired(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withReconciling(time.Hour))
	r := w.submitted(t)
	repair := func() answer {
		return w.ops(t).post(r.path("/repair"), map[string]any{"reason": "it does not move"}).ok(200)
	}
	require.Equal(t, "nothing", repair().Body["done"])
	require.NoError(t, w.engine.TerminateWorkflow(t.Context(), registration.WorkflowID(r.account), "", "a slip of the hand"))
	require.Equal(t, "started", repair().Body["done"])
	require.True(t, w.runs(t, registration.WorkflowID(r.account)))
	_, err := w.store.Pool().Exec(t.Context(), `update registrations set held_at = now() where id = $1`, r.id)
	require.NoError(t, err)
	refused := w.ops(t).post(r.path("/repair"), map[string]any{"reason": "it does not move"})
	require.Equal(t, http.StatusConflict, refused.Status)
	require.Equal(t, "wrong_state", refused.Body["code"])
	require.Contains(t, refused.Body["detail"], "starter repair --all --since")
	_, err = w.store.Pool().Exec(t.Context(), `update registrations set held_at = null where id = $1`, r.id)
	require.NoError(t, err)
	taken(t, r.decide(map[string]any{"decision": "approve"}))
	r.until("approved")
	require.Equal(t, []int{1, 1}, []int{r.count("run_repaired:nothing"), r.count("run_repaired:started")})
	require.Equal(t, http.StatusForbidden, w.platform(t).post(r.path("/repair"), map[string]any{"reason": "it does not move"}).Status)
}

// A worker that cannot compare database and engine yet lives, says that it is not ready, and goes on once it can.
func TestAWorkerThatWaitsForItsEngineLives(t *testing.T) {
	t.Parallel()
	probes := listen(t)
	require.NoError(t, probes.Close()) // for the worker
	w := newWorld(t, withHealth(probes.Addr().String()))
	w.stopWorker()
	_, err := w.store.Pool().Exec(t.Context(), `alter table anchor rename to away`)
	require.NoError(t, err)
	w.stopWorker = w.startWorker(t)
	worker := caller{t: t, base: "http://" + probes.Addr().String(), outside: true}
	w.eventually(t, func() bool {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", probes.Addr().String())
		return err == nil && conn.Close() == nil
	}, func() string { return "nobody answers" })
	worker.get("/healthz").ok(200)
	waits := worker.get("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, waits.Status)
	require.Equal(t, "unavailable", waits.Body["engine"])
	_, err = w.store.Pool().Exec(t.Context(), `alter table away rename to anchor`)
	require.NoError(t, err)
	w.eventually(t, func() bool { return worker.get("/readyz").Status == http.StatusOK }, func() string { return "it is never ready" })
}
