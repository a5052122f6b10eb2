package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"shiming/internal/chinaid"
	"shiming/internal/devstack/stacktest"
	"shiming/internal/postgres"
	"shiming/internal/vault"
	"shiming/internal/web"
	"shiming/internal/workday"
	"shiming/registration"
)

const (
	bankSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	oldBankSecret = "whsec_b2xkIHNlY3JldCBvZiB0aGUgYmFuaw=="
	walletSecret  = "whsec_c2VjcmV0IG9mIHRoZSB3YWxsZXQ="
)

// world is an API over a database of its own, with an engine and a wallet that do as they are told.
type world struct {
	t      testing.TB
	deps   Deps
	store  *postgres.Store
	engine *stubEngine
	wallet *stubWallet
	bank   *stubBank
	server *httptest.Server

	blobDir string
	bounds  web.Config // of every server that is started from now on
	numbers *prometheus.Registry
}

// tokenLines are the callers of every world; each one's token is its name and "-token".
func tokenLines() string {
	lines := "# callers of the tests\n\n"
	for name, role := range map[string]role{"platform": platform, "platform-2": platform, "reviewer": reviewer, "reviewer-2": reviewer, "ops": ops} {
		sum := sha256.Sum256([]byte(name + "-token"))
		lines += fmt.Sprintf("%s %s %s\n", name, role, hex.EncodeToString(sum[:]))
	}
	return lines
}

func newWorld(t testing.TB, change ...func(*Deps)) *world {
	t.Helper()
	return newWorldOn(t, stacktest.Database(t, postgres.Migrate), change...)
}

func newWorldOn(t testing.TB, databaseURL string, change ...func(*Deps)) *world {
	t.Helper()
	dir := t.TempDir()
	keysFile := filepath.Join(dir, "keys.json")
	require.NoError(t, vault.GenerateKeyFile(keysFile))
	keys, err := vault.LoadKeys(keysFile)
	require.NoError(t, err)
	tokens := filepath.Join(dir, "tokens")
	require.NoError(t, os.WriteFile(tokens, []byte(tokenLines()), 0o600))
	cal, err := workday.New()
	require.NoError(t, err)
	store, err := postgres.Open(t.Context(), databaseURL, keys, cal)
	require.NoError(t, err)
	t.Cleanup(store.Close)
	blobs, err := vault.OpenBlobs(t.Context(), keys, filepath.Join(dir, "blobs"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, blobs.Close()) })
	w := &world{t: t, store: store, engine: &stubEngine{store: store}, wallet: &stubWallet{}, bank: &stubBank{}, blobDir: filepath.Join(dir, "blobs"), bounds: web.Defaults()}
	w.deps = Deps{
		Store: store, Engine: w.engine, Runs: w.engine, Wallet: w.wallet, Bank: w.bank, Blobs: blobs, Keys: keys, Auth: Auth{TokensFile: tokens},
		BankSecrets: []string{bankSecret, oldBankSecret}, WalletSecrets: []string{walletSecret},
		RateLimit: 100_000, UnauthorizedPerMinute: 100_000, AnswerWithin: 2 * time.Second, Log: slog.New(slog.DiscardHandler),
	}
	for _, c := range change {
		c(&w.deps)
	}
	w.start()
	return w
}

// start serves the API, or serves it anew as another process would.
func (w *world) start() {
	w.t.Helper()
	d := w.deps
	w.numbers = NewRegistry() // of this process
	d.Metrics = w.numbers
	handler, err := New(d)
	require.NoError(w.t, err)
	w.server = httptest.NewUnstartedServer(nil)
	w.server.Config = web.Server("", held(w.t, handler), w.bounds)
	w.server.Start()
	w.t.Cleanup(w.server.Close)
}

// under is the same world in another test.
func (w *world) under(t testing.TB) *world {
	other := *w
	other.t = t
	return &other
}

// call is one request.
type call struct {
	w      *world
	as     string // a caller of tokenLines; "" for nobody, or for the bearer of header's token
	key    string
	header http.Header
}

func (w *world) as(name string) call { return call{w: w, as: name} }

func (c call) withKey(key string) call { c.key = key; return c }

// answer is what came back.
type answer struct {
	t      testing.TB
	Status int
	Header http.Header
	Raw    []byte
	Body   map[string]any
}

func (c call) get(path string) answer { c.w.t.Helper(); return c.send(http.MethodGet, path, nil) }

func (c call) post(path string, body any) answer {
	c.w.t.Helper()
	return c.send(http.MethodPost, path, body)
}

func (c call) put(path string, body any) answer {
	c.w.t.Helper()
	return c.send(http.MethodPut, path, body)
}

// send sends bytes and strings as they are and anything else as JSON.
func (c call) send(method, path string, body any) answer {
	c.w.t.Helper()
	var raw []byte
	switch b := body.(type) {
	case nil:
	case []byte:
		raw = b
	case string:
		raw = []byte(b)
	default:
		var err error
		raw, err = json.Marshal(b)
		require.NoError(c.w.t, err)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, c.w.server.URL+path, bytes.NewReader(raw))
	require.NoError(c.w.t, err)
	maps.Copy(req.Header, c.header)
	if c.as != "" {
		req.Header.Set("Authorization", "Bearer "+c.as+"-token")
	}
	if c.key != "" {
		req.Header.Set("Idempotency-Key", c.key)
	}
	resp, err := c.w.server.Client().Do(req)
	require.NoError(c.w.t, err)
	defer resp.Body.Close()
	a := answer{t: c.w.t, Status: resp.StatusCode, Header: resp.Header}
	a.Raw, err = io.ReadAll(resp.Body)
	require.NoError(c.w.t, err)
	_ = json.Unmarshal(a.Raw, &a.Body) // a document is no object: Raw has it
	return a
}

func (a answer) ok(status int) answer {
	a.t.Helper()
	require.Equal(a.t, status, a.Status, "%s", a.Raw)
	return a
}

// refused requires a problem with a code.
func (a answer) refused(status int, code string) answer {
	a.t.Helper()
	require.Equal(a.t, status, a.Status, "%s", a.Raw)
	require.Equal(a.t, "application/problem+json", a.Header.Get("Content-Type"), "%s", a.Raw)
	require.Equal(a.t, code, a.Body["code"], "%s", a.Raw)
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		require.NotEmpty(a.t, a.Header.Get("Retry-After"))
	}
	return a
}

// errorAt requires an error at a location.
func (a answer) errorAt(location, code string) answer {
	a.t.Helper()
	list, _ := a.Body["errors"].([]any)
	for _, e := range list {
		if m, ok := e.(map[string]any); ok && m["location"] == location && m["code"] == code {
			return a
		}
	}
	require.Fail(a.t, "no such error", "%s %s in %s", location, code, a.Raw)
	return a
}

func (a answer) state() string { s, _ := a.Body["state"].(string); return s }
func (a answer) id() string    { s, _ := a.Body["id"].(string); return s }

// count runs a query that counts.
func (w *world) count(sql string, args ...any) int {
	w.t.Helper()
	var n int
	require.NoError(w.t, w.store.Pool().QueryRow(context.Background(), sql, args...).Scan(&n))
	return n
}

// one reads a single text.
func (w *world) one(sql string, args ...any) (v string) {
	w.t.Helper()
	require.NoError(w.t, w.store.Pool().QueryRow(context.Background(), sql, args...).Scan(&v))
	return v
}

// rows counts everything that a call could leave behind.
func (w *world) rows() int {
	w.t.Helper()
	counts := []string{}
	for _, table := range []string{
		"registrations", "vault_items", "vault_keys", "acts", "attempts", "documents", "reports", "timeline", "events", "outbox", "notices", "payments",
		"payment_grants", "deposit_entries", "identity_claims", "admin_sessions", "reviews", "accounts", "clearings", "clearing_timeline", "objections",
		"webhook_endpoints", "webhook_deliveries", "webhook_attempts", "idempotency", "findings", "case_callers", "spending", "act_addresses",
		"payout_switches", "statement_days", "statement_sightings", "holds", "lost_transfers", "repairs",
	} {
		counts = append(counts, "(select count(*) from "+table+")")
	}
	return w.count("select " + strings.Join(counts, " + "))
}

// verify has the wallet report a scan, and the run take it up.
func (w *world) verify(id, session string, p somebody) {
	w.t.Helper()
	w.report("wallet", walletSecret, "scan-"+session, time.Now(), fmt.Sprintf(`{"type": "session.verified", "session_id": %q, "holder_name": %q, "id_number": %q}`, session, p.name, p.id)).ok(200)
	_, err := w.store.Steps().Look(context.Background(), registration.Step{Subject: id, Actor: registration.ByWalletHub})
	require.NoError(w.t, err)
}

// organizationCheck finds the check character of a synthetic organisation code.
func organizationCheck(body string) string {
	code, err := chinaid.NewOrganizationCode(body)
	if err != nil {
		return ""
	}
	return code.Value()[len(body):]
}

// somebody is a synthetic person; the same number is the same person.
type somebody struct{ name, id, phone, email string }

func person(t testing.TB, n int) somebody {
	t.Helper()
	id, err := chinaid.NewResidentID("110101", time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n), n%1000)
	require.NoError(t, err)
	return somebody{name: "张三", id: id.Value(), phone: fmt.Sprintf("138%08d", n), email: fmt.Sprintf("person%d@example.com", n)}
}

func (p somebody) application(account, kind string) map[string]any {
	return map[string]any{"account_id": account, "kind": kind, "name": "Harbour Light", "registered_email": p.email, "phone": p.phone}
}

func (p somebody) card(n uint64) map[string]any {
	return map[string]any{
		"card_number": chinaid.NewCard("622202", n).Value(), "holder_name": p.name, "id_number": p.id, "phone": p.phone, "payment_password": "123456",
	}
}

func (p somebody) contact() map[string]any {
	return map[string]any{"email": p.email, "phone": p.phone, "address": "厦门市思明区例示路1号"}
}

// open starts a registration and returns its path. Each account has a phone and a mailbox of its own.
func (w *world) open(account, kind string) string {
	w.t.Helper()
	p := person(w.t, 1)
	p.phone, p.email = fmt.Sprintf("139%08d", crc32.ChecksumIEEE([]byte(account))%100_000_000), account+"@example.com"
	a := w.as("platform").post("/v1/registrations", p.application(account, kind)).ok(http.StatusCreated)
	return "/v1/registrations/" + a.id()
}

// underReview brings an individual's registration to its review and returns its id.
func (w *world) underReview(account string, n int) string {
	w.t.Helper()
	path := w.open(account, "individual")
	p := person(w.t, n)
	w.as("platform").post(path+"/card", p.card(uint64(n))).ok(200)
	w.as("platform").post(path+"/card/code", map[string]any{"code": "123456"}).ok(200)
	w.as("platform").put(path+"/contact", p.contact()).ok(200)
	for _, slot := range []string{"id_card_front", "id_card_back"} {
		w.as("platform").put(path+"/documents/"+slot, png(slot)).ok(200)
	}
	a := w.as("platform").post(path+"/submit", nil).ok(200)
	require.Equal(w.t, string(registration.UnderReview), a.state())
	return a.id()
}

// png is content that is a PNG by its first bytes.
func png(rest string) []byte { return []byte("\x89PNG\x0D\x0A\x1A\x0A" + rest) }
