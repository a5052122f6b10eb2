package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"shiming/internal/bank"
	"shiming/internal/chinaid"
	"shiming/internal/sandbox"
	"shiming/internal/wallet"
)

const webhookSecret = "whsec_c2FuZGJveC10ZXN0LXNlY3JldC0wMDE="

// world is a sandbox on a server, the product's adapters pointed at it, and a product that takes its reports.
type world struct {
	sandbox *sandbox.Server
	url     string
	http    *http.Client
	bank    *bank.Client
	wallet  *wallet.Client
	product *product
}

// inBubble runs a test in a world whose time is synthetic and whose network is in memory.
func inBubble(t *testing.T, cfg sandbox.Config, test func(*testing.T, *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		wires := wires{}
		client := &http.Client{Transport: &http.Transport{DialContext: wires.dial}}
		t.Cleanup(client.CloseIdleConnections)
		p := &product{}
		wires.serve(t, "product.test", p)
		cfg.HTTPClient = client
		w := newWorld(t, cfg, client, p, "http://product.test", func(h http.Handler) string {
			wires.serve(t, "sandbox.test", h)
			return "http://sandbox.test"
		})
		test(t, w)
	})
}

// onNetwork makes a world on real sockets, in real time.
func onNetwork(t *testing.T, cfg sandbox.Config) *world {
	t.Helper()
	p := &product{}
	listening := httptest.NewServer(p)
	t.Cleanup(listening.Close)
	return newWorld(t, cfg, &http.Client{}, p, listening.URL, func(h http.Handler) string {
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		return server.URL
	})
}

func newWorld(t *testing.T, cfg sandbox.Config, client *http.Client, p *product, productURL string, serve func(http.Handler) string) *world {
	t.Helper()
	cfg.WebhookBankURL, cfg.WebhookWalletURL = productURL+"/bank", productURL+"/wallet"
	cfg.WebhookSecret = webhookSecret
	s, err := sandbox.New(cfg)
	require.NoError(t, err)
	w := &world{sandbox: s, url: serve(s), http: client, product: p}
	// Before the server closes, which waits for the answers that the sandbox holds.
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	w.bank, err = bank.New(bank.Config{BaseURL: w.url, APIKey: "key", HTTPClient: client})
	require.NoError(t, err)
	w.wallet, err = wallet.New(wallet.Config{BaseURL: w.url, APIKey: "key", HTTPClient: client})
	require.NoError(t, err)
	return w
}

// call makes a plain HTTP call and reads the JSON answer into out, unless out is nil.
func (w *world) call(t *testing.T, method, path, body string, out any) (status int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, w.url+path, bytes.NewBufferString(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer key")
	resp, err := w.http.Do(req)
	require.NoError(t, err)
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	if out != nil {
		require.NoError(t, json.Unmarshal(raw, out), "%s", raw)
	}
	return resp.StatusCode
}

type message struct{ Channel, To, Subject, Text, HTML, At string }

func (w *world) inbox(t *testing.T, to string) []message {
	t.Helper()
	var messages []message
	require.Equal(t, http.StatusOK, w.call(t, http.MethodGet, "/inbox?to="+to, "", &messages))
	return messages
}

type ledgerEntry struct {
	Key, Amount, State, At string
	Presented              int
}

func (w *world) ledger(t *testing.T, account string) []ledgerEntry {
	t.Helper()
	var entries []ledgerEntry
	require.Equal(t, http.StatusOK, w.call(t, http.MethodGet, "/bank/ledger?account_number="+account, "", &entries))
	return entries
}

var sixDigits = regexp.MustCompile(`\d+`)

// codes returns the SMS codes sent to a phone, oldest first.
func (w *world) codes(t *testing.T, phone string) []string {
	t.Helper()
	var codes []string
	for _, m := range w.inbox(t, phone) {
		numbers := sixDigits.FindAllString(m.Text, -1)
		require.Len(t, numbers, 1, "the code is the only number in the text")
		require.Len(t, numbers[0], 6)
		codes = append([]string{numbers[0]}, codes...)
	}
	return codes
}

// goodCard is a card whose number begins with prefix.
func goodCard(prefix string, serial int) bank.Card {
	return bank.Card{
		Number: chinaid.NewCard(prefix, uint64(serial)).Value(), Holder: "测试人", IDNumber: "11010119900307109X",
		Phone: phone(serial),
	}
}

func phone(serial int) string {
	digits := []byte("13800000000")
	for at := len(digits) - 1; serial > 0; at-- {
		digits[at] += byte(serial % 10)
		serial /= 10
	}
	return string(digits)
}

func order(key, account string) bank.Transfer {
	return bank.Transfer{
		Key: key, AccountName: "测试有限公司", AccountNumber: account, BankName: "测试银行", AmountFen: 37, Remark: "验证",
	}
}

// report is a webhook as the product got it.
type report struct {
	Path, ID   string    `json:"-"`
	At         time.Time `json:"-"`
	Type       string    `json:"type"`
	Key        string    `json:"key"`
	Reason     string    `json:"reason"`
	SessionID  string    `json:"session_id"`
	HolderName string    `json:"holder_name"`
	IDNumber   string    `json:"id_number"`
}

// product takes reports, checks their signatures, and keeps them; while it is down it keeps nothing and answers 503.
type product struct {
	mu      sync.Mutex
	down    bool
	refused int
	got     []report
	bad     error
}

func (p *product) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		p.refused++
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	verifier, newErr := standardwebhooks.NewWebhook(webhookSecret)
	got := report{Path: r.URL.Path, ID: r.Header.Get("webhook-id"), At: time.Now()}
	p.bad = errors.Join(p.bad, err, newErr, verifier.Verify(raw, r.Header), json.Unmarshal(raw, &got))
	p.got = append(p.got, got)
}

func (p *product) setDown(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

// reports returns what came so far, each with a good signature.
func (p *product) reports(t *testing.T) []report {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	require.NoError(t, p.bad)
	return append([]report{}, p.got...)
}

func (p *product) types(t *testing.T) []string {
	t.Helper()
	types := []string{}
	for _, r := range p.reports(t) {
		types = append(types, r.Type)
	}
	return types
}

// wires are the listeners of an in-memory network, by host name.
type wires map[string]wire

type wire chan net.Conn

func (ws wires) serve(t *testing.T, host string, h http.Handler) {
	t.Helper()
	l := make(wire)
	ws[host] = l
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	done := make(chan error, 1)
	stopped := make(chan struct{})
	go func() { done <- server.Serve(listener{l, stopped}) }()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-done, http.ErrServerClosed)
	})
}

func (ws wires) dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	l, ok := ws[host]
	if !ok {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}
	here, there := net.Pipe()
	select {
	case l <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type listener struct {
	wire    wire
	stopped chan struct{}
}

func (l listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.wire:
		return conn, nil
	case <-l.stopped:
		return nil, net.ErrClosed
	}
}

func (l listener) Close() error { close(l.stopped); return nil }

func (l listener) Addr() net.Addr { return &net.TCPAddr{} }
