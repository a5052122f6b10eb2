package compose

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"shiming/internal/chinaid"
	"shiming/internal/devstack"
	"shiming/internal/devstack/stacktest"
	"shiming/internal/engine"
	"shiming/registration"
)

func TestMain(m *testing.M) {
	stacktest.Main(m) // a bare engine: the file sets it up
}

// TestServicesRunAsTheyAreWritten starts each of our services as a process, by its entry point, command and environment,
// waits until its health check is content, and lets them work together, on an engine that the file itself set up.
func TestServicesRunAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.once(t, "keys")
	h.once(t, "migrate")
	h.once(t, "migrate") // as when the file is started again
	h.once(t, "temporal-namespace")
	h.once(t, "temporal-namespace")
	engineIsReady(t, h.engineOptions())
	for _, name := range []string{"worker", "api", "sandbox"} {
		h.start(t, name)
	}
	for _, name := range []string{"worker", "api", "sandbox"} {
		h.becomesHealthy(t, name)
	}

	// API, engine, worker, database and the bank.
	person := h.call(t, "POST", "/v1/registrations", applicant("compose-1", "individual"))
	require.Equal(t, "identity_required", person["state"])
	person = h.call(t, "POST", "/v1/registrations/"+person["id"].(string)+"/card", map[string]any{
		"card_number": chinaid.NewCard("622202", 1).Value(), "holder_name": "张三", "id_number": "11010519491231002X",
		"phone": "13800138000", "payment_password": "135790",
	})
	assert.Equal(t, "card_code_required", person["state"])

	// The wallet, its report to the API, and the relay.
	company := h.call(t, "POST", "/v1/registrations", applicant("compose-2", "enterprise"))
	path := "/v1/registrations/" + company["id"].(string)
	session := h.call(t, "POST", path+"/admin-session", map[string]any{"role": "legal_representative"})
	h.send(t, "POST", h.sandboxURL+"/wallet/sessions/"+session["session_id"].(string)+"/scan", map[string]any{
		"holder_name": "李四", "id_number": "11010519491231002X", "outcome": "verified",
	})
	scanned := func() bool { return h.call(t, "GET", path, nil)["state"] == "company_required" }
	require.Eventually(t, scanned, 20*time.Second, 100*time.Millisecond)

	// A backup, while all this goes on.
	h.once(t, "backup")
	whole, err := filepath.Glob(filepath.Join(h.backups, "*", "manifest.json"))
	require.NoError(t, err)
	require.Len(t, whole, 1)
	for _, file := range []string{"database.dump", "engine.dump", "engine-visibility.dump"} {
		require.FileExists(t, filepath.Join(filepath.Dir(whole[0]), file))
	}

	// Ops at the engine, which has no port: looks, ends a run, and cannot act in a person's name.
	id := registration.WorkflowID("compose-1")
	said, err := h.ops(t, "workflow", "list", "--query", `WaitingOn = "applicant"`)
	require.NoError(t, err, said)
	require.Contains(t, said, id)
	said, err = h.ops(t, "workflow", "update", "execute", "--workflow-id", id, "--name", "withdraw", "--input", `{"registration_id":"`+person["id"].(string)+`"}`)
	require.Error(t, err, said)
	said, err = h.ops(t, "workflow", "terminate", "--workflow-id", id, "--reason", "a test")
	require.NoError(t, err, said)
}

// ops runs Temporal's command line as `docker compose run --rm temporal-cli` does.
func (h *host) ops(t *testing.T, args ...string) (said string, err error) {
	t.Helper()
	out, err := h.command(t.Context(), "temporal-cli", append(h.argv("temporal-cli"), args...)).CombinedOutput()
	return string(out), err
}

func applicant(account, kind string) map[string]any {
	return map[string]any{
		"account_id": account, "kind": kind, "name": "Harbour Light", "registered_email": "dev@example.com",
		"phone": "13800138000", "locale": "en",
	}
}

// engineOptions are how the file's worker reaches its engine.
func (h *host) engineOptions() client.Options {
	vars := environment(h.project.Services["worker"])
	return client.Options{HostPort: h.places.Replace(vars["TEMPORAL_ADDRESS"]), Namespace: vars["TEMPORAL_NAMESPACE"]}
}

// engineIsReady looks at the namespace as API and worker do when they start.
func engineIsReady(t *testing.T, options client.Options) {
	t.Helper()
	e, err := engine.Dial(t.Context(), options, registration.TaskQueue, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer e.Close()
	require.NoError(t, e.Ready(t.Context()))
}

// host is this machine in place of the file's network and volumes.
type host struct {
	project *types.Project
	places  *strings.Replacer // what is called and kept differently here
	bin     string
	apiURL  string
	token   string

	sandboxURL string
	backups    string
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{project: project(t), token: "a token for this test"}
	dir := t.TempDir()
	for _, folder := range []string{"keys", "blobs", "sandbox", "backups"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, folder), 0o700))
	}
	sum := sha256.Sum256([]byte(h.token))
	tokens := filepath.Join(dir, "api-tokens")
	require.NoError(t, os.WriteFile(tokens, fmt.Appendf(nil, "tester platform %s\n", hex.EncodeToString(sum[:])), 0o600))

	api, sandbox, health := freePort(t), freePort(t), freePort(t)
	h.apiURL, h.sandboxURL = "http://"+api, "http://"+sandbox
	h.backups = filepath.Join(dir, "backups")
	engines := environment(h.project.Services["backup"])
	h.places = strings.NewReplacer(
		// The tests' engine keeps its data in memory; any database stands in for what is dumped of it.
		engines["ENGINE_DATABASE_URL"], stacktest.Database(t, nil), engines["ENGINE_VISIBILITY_URL"], stacktest.Database(t, nil),
		h.databaseURL(t), stacktest.Database(t, nil),
		"temporal:7233", stacktest.TemporalEndpoint(t).Address,
		"/var/lib/shiming", dir,
		"/run/secrets/api_tokens", tokens,
		"api:8080", api, "127.0.0.1:8080", api, ":8080", api,
		"sandbox:8090", sandbox, "127.0.0.1:8090", sandbox, ":8090", sandbox,
		"127.0.0.1:8081", health, ":8081", health,
	)
	h.bin = t.TempDir()
	for _, program := range []string{"starter", "worker"} {
		built, err := devstack.BuildProgram(t.Context(), "../..", "./"+program)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(built, filepath.Join(h.bin, program)))
	}
	require.NoError(t, os.Symlink(stacktest.TemporalEndpoint(t).CLI, filepath.Join(h.bin, "temporal")))
	return h
}

// databaseURL is the address of the product's database, which must be the server, role and database that the file makes.
func (h *host) databaseURL(t *testing.T) string {
	t.Helper()
	vars := environment(h.project.Services["api"])
	u, err := url.Parse(vars["DATABASE_URL"])
	require.NoError(t, err)
	assert.Equal(t, "postgresql:5432", u.Host)
	assert.Equal(t, "/shiming", u.Path)
	password, _ := u.User.Password()
	assert.Equal(t, environment(h.project.Services["databases"])["SHIMING_DB_PASSWORD"], password)
	assert.Equal(t, "shiming", u.User.Username())
	return vars["DATABASE_URL"]
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// command is a program with a service's environment and nothing else.
func (h *host) command(ctx context.Context, service string, argv []string) *exec.Cmd {
	args := make([]string, 0, len(argv))
	for _, a := range argv {
		args = append(args, h.places.Replace(a))
	}
	path := filepath.Join(h.bin, strings.TrimPrefix(args[0], "/bin/"))
	variables := []string{"HOME=/nonexistent"} // there is none in the image
	if args[0] == "sh" {                       // of an image that has more than our programs
		path = "sh"
		variables = []string{"PATH=" + h.bin + string(filepath.ListSeparator) + os.Getenv("PATH")}
	}
	cmd := exec.CommandContext(ctx, path, args[1:]...)
	cmd.Env = variables
	for name, value := range environment(h.project.Services[service]) {
		cmd.Env = append(cmd.Env, name+"="+h.places.Replace(value))
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	return cmd
}

// argv is what an engine would run: the image's entry point unless the service has one.
func (h *host) argv(service string) []string {
	s := h.project.Services[service]
	entrypoint := []string{"/bin/starter"}
	if s.Entrypoint != nil {
		entrypoint = s.Entrypoint
	}
	return append(entrypoint, s.Command...)
}

// once runs a one-shot service to its end.
func (h *host) once(t *testing.T, service string) {
	t.Helper()
	out, err := h.command(t.Context(), service, h.argv(service)).CombinedOutput()
	require.NoError(t, err, "%s: %s", service, out)
}

// start runs a service until the test ends, and then expects it to drain in order.
func (h *host) start(t *testing.T, service string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := h.command(ctx, service, h.argv(service))
	var out buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait() // the exit code is looked at below; an error here says that we stopped it
		assert.Zero(t, cmd.ProcessState.ExitCode(), "%s did not end in order:\n%s", service, out.String())
		if t.Failed() {
			t.Logf("%s said:\n%s", service, out.String())
		}
	})
}

// becomesHealthy runs the service's own health check until it succeeds.
func (h *host) becomesHealthy(t *testing.T, service string) {
	t.Helper()
	check := h.project.Services[service].HealthCheck.Test[1:]
	healthy := func() bool { return h.command(t.Context(), service, check).Run() == nil }
	require.Eventually(t, healthy, time.Minute, 200*time.Millisecond, "%s never became healthy by %v", service, check)
}

// call calls the API, as a platform's backend does.
func (h *host) call(t *testing.T, method, path string, in any) map[string]any {
	t.Helper()
	return h.send(t, method, h.apiURL+path, in)
}

func (h *host) send(t *testing.T, method, address string, in any) map[string]any {
	t.Helper()
	body, err := json.Marshal(in)
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), method, address, bytes.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+h.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Less(t, resp.StatusCode, 300, "%s %s: %s", method, address, raw)
	answer := map[string]any{}
	if len(raw) > 0 {
		require.NoError(t, json.Unmarshal(raw, &answer), "%s", raw)
	}
	return answer
}

// buffer is a bytes.Buffer that a process may write to while the test reads it.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
