package storm

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"shiming/internal/config"
	"shiming/internal/engine"
	"shiming/internal/notice"
	"shiming/internal/postgres"
	"shiming/internal/sandbox"
	"shiming/internal/vault"
	"shiming/internal/workday"
	"shiming/registration"
)

const settleDelay = 1500 * time.Millisecond

// world is the whole product as processes, and its outside.
type world struct {
	dir      string
	servers  *servers
	procs    map[string]*process
	book     *callBook
	engine   client.Client
	outside  outside
	apis     []string
	quietLog *slog.Logger

	storage       config.Storage // as it is without anybody listening
	engineAddress string
}

// newWorld brings everything up but the product's own processes. A day outlasts the storm, so that no window closes by itself.
func newWorld(t *testing.T, day time.Duration) *world {
	t.Helper()
	ctx := t.Context()
	w := &world{dir: openDir(t), procs: map[string]*process{}, book: &callBook{writers: map[string][]*life{}}, quietLog: slog.New(slog.DiscardHandler)}
	var address, databaseURL string
	var err error
	w.servers, address, databaseURL, err = startServers(ctx, w.dir, w.quietLog)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.servers.stop(context.WithoutCancel(ctx))) })
	require.NoError(t, postgres.Migrate(ctx, databaseURL))
	keysFile := filepath.Join(w.dir, "keys.json")
	require.NoError(t, vault.GenerateKeyFile(keysFile))
	calendar, secret := workday.NewCompressed(day, time.Now()), newSecret()
	storage := config.Storage{
		DatabaseURL: databaseURL, KeysFile: keysFile, BlobsURL: filepath.Join(w.dir, "blobs"), Calendar: calendar.String(), TaskQueue: registration.TaskQueue,
	}
	w.storage, w.engineAddress = storage, address
	ports := [2]int{}
	for i := range ports {
		ports[i], err = freePort(ctx)
		require.NoError(t, err)
		w.apis = append(w.apis, fmt.Sprintf("http://127.0.0.1:%d", ports[i]))
	}
	w.startSandbox(t, calendar, secret)
	for _, name := range []string{worker1, worker2} {
		w.add(t, name, workerRole, settings{EngineAddress: address, Worker: workerSettings(storage)})
	}
	for i, name := range []string{api1, api2} {
		w.add(t, name, apiRole, settings{EngineAddress: address, API: config.API{
			Storage: storage, Addr: fmt.Sprintf("127.0.0.1:%d", ports[i]), TokensFile: tokensFile(t, w.dir), RateLimit: 10_000,
			BankSecrets: []string{secret}, WalletSecrets: []string{secret}, Wallet: config.Wallet{APIKey: "sandbox", Timeout: 8 * time.Second}, BankAPIKey: "sandbox",
		}})
	}
	w.connect(t, address, keysFile)
	return w
}

// openDir is a folder that PostgreSQL's user may enter. It stays if the storm failed, with every process's log.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "shiming-storm-") //nolint:usetesting // another user must enter it, and it is looked at after a failure
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("the processes' logs are in", dir)
			return
		}
		require.NoError(t, os.RemoveAll(dir))
	})
	return dir
}

func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:])
	return "whsec_" + base64.StdEncoding.EncodeToString(b[:])
}

func tokensFile(t *testing.T, dir string) string {
	t.Helper()
	text := ""
	for _, role := range []string{platform, reviewer, ops} {
		sum := sha256.Sum256([]byte(role))
		text += fmt.Sprintf("%s %s %s\n", role, role, hex.EncodeToString(sum[:]))
	}
	path := filepath.Join(dir, "tokens")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// startSandbox plays the providers. The bank reports to one API, the wallet to the other, and both again until they are heard.
func (w *world) startSandbox(t *testing.T, calendar sandbox.Calendar, secret string) {
	t.Helper()
	box, err := sandbox.New(sandbox.Config{
		WebhookBankURL: w.apis[0] + "/v1/webhooks/bank", WebhookWalletURL: w.apis[1] + "/v1/webhooks/wallet", WebhookSecret: secret,
		SettleDelay: settleDelay, Calendar: calendar, SMSTemplates: notice.SMSTemplates(), Log: w.quietLog,
	})
	require.NoError(t, err)
	server := httptest.NewServer(box)
	w.outside = outside{url: server.URL}
	t.Cleanup(func() {
		require.NoError(t, box.Close())
		server.Close()
	})
}

func workerSettings(storage config.Storage) config.Worker {
	return config.Worker{
		Storage: storage, Wallet: config.Wallet{APIKey: "sandbox", Timeout: 8 * time.Second},
		BankAPIKey: "sandbox", BankTimeout: 6 * time.Second, SMSProtocol: "http", SMSKeyID: "sandbox", SMSKeySecret: "sandbox", SMSSignName: "实名",
		SMSTimeout: 20 * time.Second, EmailTimeout: 20 * time.Second,
		SendGridKey: "sandbox", MailFrom: "noreply@example.com", MailFromName: "开发者平台",
		ReviewersEmail: "reviewers@example.com", OpsEmail: "ops@example.com", HealthAddr: "127.0.0.1:0", DrainWithin: time.Second, ReconcileEvery: 20 * time.Second,
	}
}

// add makes a process whose ways to the database and to the providers are watched.
func (w *world) add(t *testing.T, name, role string, s settings) {
	t.Helper()
	log, err := os.Create(filepath.Join(w.dir, name+".log"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = log.Close() })
	p := &process{name: name, role: role, log: log}
	providers, err := newProviderLine(t.Context(), p, w.outside.url, w.book)
	require.NoError(t, err)
	s.Worker.Wallet.URL, s.Worker.BankURL, s.Worker.SendGridHost = providers.url, providers.url, providers.url
	s.Worker.SMSEndpoint = providers.url[len("http://"):]
	s.API.Wallet.URL, s.API.BankURL = providers.url, providers.url
	for _, url := range []*string{&s.Worker.DatabaseURL, &s.API.DatabaseURL} {
		if *url == "" {
			continue
		}
		line, err := newDatabaseLine(t.Context(), p, w.databaseAddress(t, *url), w.book)
		require.NoError(t, err)
		*url, err = through(*url, line.listener.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = line.listener.Close() })
	}
	p.settings = s
	w.procs[name] = p
}

func (w *world) databaseAddress(t *testing.T, databaseURL string) string {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, databaseURL, nil)
	require.NoError(t, err)
	return req.URL.Host
}

// connect makes the client by which the engine is asked afterwards.
func (w *world) connect(t *testing.T, address, keysFile string) {
	t.Helper()
	keys, err := vault.LoadKeys(keysFile)
	require.NoError(t, err)
	w.engine, err = client.NewLazyClient(engine.Secured(client.Options{HostPort: address}, keys, w.quietLog))
	require.NoError(t, err)
	t.Cleanup(w.engine.Close)
}

// run keeps every process alive until the returned function is called.
func (w *world) run(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, len(w.procs))
	for _, p := range w.procs {
		go func() { ended <- p.run(ctx) }()
	}
	return func() {
		cancel()
		for range w.procs {
			require.NoError(t, <-ended)
		}
	}
}

// ready waits until every process is up.
func (w *world) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for _, p := range w.procs {
		if _, err := p.awaitReady(ctx); err != nil {
			return err
		}
	}
	return nil
}
