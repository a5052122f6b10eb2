package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"shiming/internal/api"
	"shiming/internal/bank"
	"shiming/internal/config"
	"shiming/internal/devstack"
	"shiming/internal/devstack/stacktest"
	"shiming/internal/engine"
	"shiming/internal/notice"
	"shiming/internal/postgres"
	"shiming/internal/sandbox"
	"shiming/internal/vault"
	"shiming/internal/wallet"
	"shiming/internal/web"
	"shiming/internal/workday"
	"shiming/internal/workerd"
	"shiming/registration"
)

func TestMain(m *testing.M) {
	stacktest.Main(m, stacktest.WithTemporal(devstack.TemporalOptions{SearchAttributes: registration.SearchAttributes()}), stacktest.WithWaiting())
}

const (
	reviewersMailbox = "reviewers@example.com"
	opsMailbox       = "ops@example.com"
)

// world is one whole product with its outside, for one test.
type world struct {
	apiURL, sandboxURL string
	settle             time.Duration
	namespace          string
	engine             client.Client
	store              *postgres.Store
	dir                string
	workerConfig       config.Worker
	keys               *vault.Keys
	options            client.Options
	log                *slog.Logger
	stopWorker         func()
	secret             string // of bank and wallet
	numbers            *prometheus.Registry
}

// restartWorker ends the worker and starts another.
func (w *world) restartWorker(t *testing.T) {
	t.Helper()
	w.stopWorker()
	w.stopWorker = w.startWorker(t)
}

// setting changes how a world is made.
type setting func(*settings)

type settings struct {
	calendar    string
	settle      time.Duration
	bankTimeout time.Duration
	messages    time.Duration // time-out of SMS and e-mail
	drain       time.Duration
	log         *slog.Logger
	line        *stacktest.Line // to the engine
	reconcile   time.Duration
	deployment  string
	buildID     string
	health      string // where the worker answers probes
	ceilings    registration.Ceilings
	holidays    string // HOLIDAYS_FILE
	pace        config.Pace
}

// withDay compresses working days and calendar days.
func withDay(day time.Duration) setting {
	return func(s *settings) {
		s.calendar = workday.NewCompressed(day, time.Now()).String()
	}
}

// withHolidays has API and worker count real days, amended by a file.
func withHolidays(path string) setting { return func(s *settings) { s.holidays = path } }

func withSettling(d time.Duration) setting { return func(s *settings) { s.settle = d } }
func withLog(to io.Writer) setting {
	return func(s *settings) {
		s.log = slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
}

// withLine has API and worker reach the engine by a line that can be cut.
func withLine(l *stacktest.Line) setting { return func(s *settings) { s.line = l } }

// withVersion makes the worker a version of a deployment.
func withVersion(deployment, buildID string) setting {
	return func(s *settings) { s.deployment, s.buildID = deployment, buildID }
}

// withCeilings bounds what may be spent in a day.
func withCeilings(c registration.Ceilings) setting { return func(s *settings) { s.ceilings = c } }

// withPace bounds how many calls a second go to bank, SMS and e-mail; without it as many go as come.
func withPace(p config.Pace) setting { return func(s *settings) { s.pace = p } }

// withHealth has the worker answer probes at an address.
func withHealth(address string) setting { return func(s *settings) { s.health = address } }

func withDrain(d time.Duration) setting { return func(s *settings) { s.drain = d } }

// withMessageTimeout is for providers of messages that do not answer.
func withMessageTimeout(d time.Duration) setting { return func(s *settings) { s.messages = d } }

func withBankTimeout(d time.Duration) setting { return func(s *settings) { s.bankTimeout = d } }

var quiet = slog.New(slog.NewTextHandler(logWriter(), &slog.HandlerOptions{Level: slog.LevelWarn}))

func logWriter() io.Writer {
	if os.Getenv("SHIMING_TEST_LOG") != "" {
		return os.Stderr
	}
	return io.Discard
}

// newWorld starts a sandbox, a worker and an API on a database and a task queue of their own.
func newWorld(t *testing.T, with ...setting) *world {
	t.Helper()
	s := settings{
		calendar: "real", settle: 150 * time.Millisecond, bankTimeout: 20 * time.Second, messages: 20 * time.Second,
		drain: time.Second, health: "127.0.0.1:0", reconcile: time.Minute, log: quiet,
	}
	for _, set := range with {
		set(&s)
	}
	w := &world{settle: s.settle, dir: t.TempDir(), log: s.log, numbers: api.NewRegistry()}
	w.keys = newKeys(t, w.dir)
	apiListener := listen(t)
	w.apiURL = "http://" + apiListener.Addr().String()
	cal, err := workday.Parse(s.calendar, workday.WithOverride(s.holidays), workday.WithLogger(s.log))
	require.NoError(t, err)
	secret := newSecret()
	w.secret = secret
	w.startSandbox(t, s, cal, secret)
	databaseURL := stacktest.Database(t, postgres.Migrate)
	w.connect(t, s.line)
	w.workerConfig = w.workerSettings(s, databaseURL, stacktest.TaskQueue(t))
	w.stopWorker = w.startWorker(t)
	w.store, err = postgres.Open(t.Context(), databaseURL, w.keys, cal)
	require.NoError(t, err)
	w.store = w.store.WithCeilings(s.ceilings)
	t.Cleanup(w.store.Close)
	w.startAPI(t, apiListener, secret)
	t.Cleanup(func() { w.record(t) })
	return w
}

func newKeys(t *testing.T, dir string) *vault.Keys {
	t.Helper()
	path := filepath.Join(dir, "keys.json")
	require.NoError(t, vault.GenerateKeyFile(path))
	keys, err := vault.LoadKeys(path)
	require.NoError(t, err)
	return keys
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return l
}

func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:])
	return "whsec_" + base64.StdEncoding.EncodeToString(b[:])
}

func (w *world) startSandbox(t *testing.T, s settings, cal workday.Calendar, secret string) {
	t.Helper()
	box, err := sandbox.New(sandbox.Config{
		WebhookBankURL: w.apiURL + "/v1/webhooks/bank", WebhookWalletURL: w.apiURL + "/v1/webhooks/wallet", WebhookSecret: secret,
		SettleDelay: s.settle, Calendar: cal, SMSTemplates: notice.SMSTemplates(), Log: quiet,
	})
	require.NoError(t, err)
	server := httptest.NewServer(box)
	w.sandboxURL = server.URL
	t.Cleanup(func() {
		require.NoError(t, box.Close())
		server.Close()
	})
}

func (w *world) connect(t *testing.T, l *stacktest.Line) {
	t.Helper()
	at := stacktest.TemporalEndpoint(t)
	if l != nil {
		at.Address = l.Address
	}
	w.options = engine.Secured(client.Options{HostPort: at.Address, Namespace: at.Namespace}, w.keys, w.log)
	w.namespace = at.Namespace
	var err error
	w.engine, err = client.Dial(w.options)
	require.NoError(t, err)
	t.Cleanup(w.engine.Close)
}

func (w *world) workerSettings(s settings, databaseURL, taskQueue string) config.Worker {
	host := w.sandboxURL[len("http://"):]
	return config.Worker{
		Storage:  config.Storage{DatabaseURL: databaseURL, BlobsURL: filepath.Join(w.dir, "blobs"), Calendar: s.calendar, Holidays: s.holidays, TaskQueue: taskQueue},
		Spending: config.Spending{PaymentsPerDay: s.ceilings.Payments, SMSPerDay: s.ceilings.SMS, MailsPerDay: s.ceilings.Mails},
		Pace:     s.pace,
		Wallet:   config.Wallet{URL: w.sandboxURL, APIKey: "sandbox", Timeout: 8 * time.Second},
		BankURL:  w.sandboxURL, BankAPIKey: "sandbox", BankTimeout: s.bankTimeout,
		SMSEndpoint: host, SMSProtocol: "http", SMSKeyID: "sandbox", SMSKeySecret: "sandbox", SMSSignName: "实名", SMSTimeout: s.messages, EmailTimeout: s.messages,
		SendGridHost: w.sandboxURL, SendGridKey: "sandbox", MailFrom: "noreply@example.com", MailFromName: "开发者平台",
		ReviewersEmail: reviewersMailbox, OpsEmail: opsMailbox, HealthAddr: s.health, DrainWithin: s.drain,
		PublicURL: w.apiURL, WebhookAllowNets: []string{"127.0.0.0/8"}, ReconcileEvery: s.reconcile, Deployment: s.deployment, BuildID: s.buildID,
	}
}

// startWorker runs a worker until the test ends, or until the returned function is called.
func (w *world) startWorker(t *testing.T) (stop func()) {
	t.Helper()
	e, err := engine.Dial(t.Context(), w.options, w.workerConfig.TaskQueue, w.log)
	require.NoError(t, err)
	p, err := workerd.Assemble(t.Context(), w.workerConfig, w.keys, e, w.log)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		require.NoError(t, <-done)
		p.Close()
	}
	t.Cleanup(stop)
	return stop
}

// The callers. Tokens are their names.
func (w *world) platform(t testing.TB) caller { return caller{t: t, base: w.apiURL, token: "platform"} }

func (w *world) reviewer(t testing.TB) caller { return caller{t: t, base: w.apiURL, token: "reviewer"} }

func (w *world) reviewer2(t testing.TB) caller {
	return caller{t: t, base: w.apiURL, token: "reviewer2"}
}

func (w *world) reviewer3(t testing.TB) caller {
	return caller{t: t, base: w.apiURL, token: "reviewer3"}
}
func (w *world) ops(t testing.TB) caller     { return caller{t: t, base: w.apiURL, token: "ops"} }
func (w *world) sandbox(t testing.TB) caller { return caller{t: t, base: w.sandboxURL, outside: true} }

func tokensFile(t *testing.T, dir string) string {
	t.Helper()
	text := ""
	for name, role := range map[string]string{"platform": "platform", "reviewer": "reviewer", "reviewer2": "reviewer", "reviewer3": "reviewer", "ops": "ops"} {
		sum := sha256.Sum256([]byte(name))
		text += fmt.Sprintf("%s %s %s\n", name, role, hex.EncodeToString(sum[:]))
	}
	path := filepath.Join(dir, "tokens")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// fault breaks an outside party until heal.
func (w *world) fault(t testing.TB, target, mode string) {
	t.Helper()
	w.sandbox(t).post("/faults", map[string]any{"target": target, "mode": mode})
}

func (w *world) heal(t testing.TB) {
	t.Helper()
	w.sandbox(t).send(http.MethodDelete, "/faults", nil, "")
}

// count is how often an event stands on the timeline.
func (r *reg) count(event string) int {
	r.t.Helper()
	n := 0
	for _, v := range r.platform(r.t).get(r.path("/timeline")).ok(200).at("items").([]any) {
		if v.(map[string]any)["event"] == event {
			n++
		}
	}
	return n
}

func (w *world) startAPI(t *testing.T, l net.Listener, secret string) {
	t.Helper()
	eng, err := engine.Dial(t.Context(), w.options, w.workerConfig.TaskQueue, w.log)
	require.NoError(t, err)
	t.Cleanup(eng.Close)
	purse, err := wallet.New(wallet.Config{BaseURL: w.sandboxURL, APIKey: "sandbox", Timeout: 8 * time.Second})
	require.NoError(t, err)
	ledger, err := bank.New(bank.Config{BaseURL: w.sandboxURL, APIKey: "sandbox"})
	require.NoError(t, err)
	blobs, err := vault.OpenBlobs(t.Context(), w.keys, filepath.Join(w.dir, "blobs"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, blobs.Close()) })
	handler, err := api.New(api.Deps{
		Store: w.store, Engine: eng, Wallet: purse, Bank: ledger, Blobs: blobs, Keys: w.keys, Auth: api.Auth{TokensFile: tokensFile(t, w.dir)},
		BankSecrets: []string{secret}, WalletSecrets: []string{secret}, RateLimit: 10_000, Log: w.log,
		WebhookAllowNets: w.workerConfig.WebhookAllowNets, Metrics: w.numbers, Runs: eng,
	})
	require.NoError(t, err)
	server := web.Server(l.Addr().String(), held(t, handler), web.Defaults())
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { require.NoError(t, server.Close()) })
}

// lockedBuffer collects a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
