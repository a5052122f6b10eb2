package storm

import (
	"context"
	"encoding/json"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// frozen has the process stand still (SIGSTOP), instead of die, where its trap springs.
func (l *life) frozen(at point) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.freeze, l.trap = true, newTrap(at, 0)
}

// calls is a backend for one test, that calls once and takes what it gets.
type calls struct {
	*world
	t *testing.T
	b *backend
}

func (c *calls) ask(method, path string, body any) (status int, answer map[string]any) {
	c.t.Helper()
	status, _, raw, err := c.b.send(c.t.Context(), c.apis[0], method, path, platform, "", body)
	require.NoError(c.t, err)
	_ = json.Unmarshal(raw, &answer)
	return status, answer
}

// companyRequired brings an enterprise to where its company information is awaited.
func (c *calls) companyRequired(n int) (path string, who person) {
	c.t.Helper()
	who = personOf(n)
	status, opened := c.ask(http.MethodPost, "/v1/registrations", map[string]any{
		"account_id": "corp-1", "kind": "enterprise", "name": "港湾灯塔工作室", "registered_email": who.Email, "phone": who.Phone,
	})
	require.Equal(c.t, http.StatusCreated, status, "%v", opened)
	path = "/v1/registrations/" + opened["id"].(string)
	status, session := c.ask(http.MethodPost, path+"/admin-session", map[string]any{"role": "legal_representative"})
	require.Equal(c.t, http.StatusOK, status, "%v", session)
	require.NoError(c.t, c.outside.scans(c.t.Context(), session["session_id"].(string), who))
	require.Eventually(c.t, func() bool {
		_, v := c.ask(http.MethodGet, path, nil)
		return v["state"] == "company_required"
	}, time.Minute, 50*time.Millisecond)
	return path, who
}

// The worker stands still right after it has committed company information; the engine, which has the act in memory alone,
// is killed, and so are the APIs and, at last, the worker. Everything comes up again, nobody calls, and the payment is made:
// once, within a minute.
func TestACommittedStepGoesOnWhateverDies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, time.Hour)
	delete(w.procs, worker2) // whoever takes the act is the one that stands still
	t.Cleanup(w.run(t))
	require.NoError(t, w.ready(t.Context()))
	c := &calls{world: w, t: t, b: &backend{apis: w.apis, http: &http.Client{Timeout: callTimeout}}}
	path, who := c.companyRequired(1)
	account := bankAccount(1, 1, "")

	worker := w.procs[worker1].now()
	worker.frozen(afterStepCommit)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { // its answer is lost with the API
		_, _, _, _ = c.b.send(ctx, w.apis[0], http.MethodPut, path+"/company", platform, "", companyOf(1, who.Name, account))
	}()
	select {
	case <-worker.struck:
	case <-time.After(time.Minute):
		t.Fatal("nothing was committed")
	}
	require.NoError(t, w.servers.engine.killed(t.Context(), time.Second))
	for _, name := range []string{api1, api2} {
		require.NoError(t, w.procs[name].now().kill())
	}
	require.NoError(t, worker.kill())
	require.NoError(t, w.ready(t.Context()))

	var entries []entry
	require.Eventually(t, func() bool {
		var err error
		entries, err = w.outside.statement(t.Context(), account)
		return err == nil && len(entries) > 0
	}, time.Minute, 100*time.Millisecond, "the payment was never ordered")
	require.Eventually(t, func() bool {
		_, v := c.ask(http.MethodGet, path, nil)
		return v["state"] == "deposit_required"
	}, time.Minute, 100*time.Millisecond)
	entries, err := w.outside.statement(t.Context(), account)
	require.NoError(t, err)
	require.Len(t, entries, 1, "one transfer")
}

// stops freezes the process, if that is what its trap is for.
func (l *life) stops() bool {
	l.mu.Lock()
	freeze := l.freeze
	l.mu.Unlock()
	return freeze && l.cmd.Process.Signal(syscall.SIGSTOP) == nil
}
