package subscriber_test

import (
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"shiming/internal/subscriber"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func send(t testing.TB, c subscriber.Config, url string) subscriber.Result {
	t.Helper()
	r, err := subscriber.New(c).Send(t.Context(), subscriber.Message{URL: url, Secret: secret, ID: "evt_1", Body: []byte(`{"type":"ping"}`)})
	require.NoError(t, err)
	return r
}

func here(t testing.TB) subscriber.Config { return subscriber.Config{Guard: guard(t, "127.0.0.0/8")} }

func serve(t testing.TB, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func TestMessagesAreSigned(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusNoContent)
	})
	r := send(t, here(t), s.URL+"/hook?a=b")
	require.Equal(t, 204, r.Status)
	require.Empty(t, r.Fail)
	verifier, err := standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)
	require.NoError(t, verifier.Verify(body, got.Header))
	require.Error(t, verifier.Verify(append(body, ' '), got.Header))
	assert.Equal(t, "evt_1", got.Header.Get("webhook-id"))
	assert.Equal(t, r.Signature, got.Header.Get("webhook-signature"))
	assert.Equal(t, http.MethodPost, got.Method)
	assert.Equal(t, "application/json", got.Header.Get("Content-Type"))
	assert.Equal(t, "/hook?a=b", got.URL.String())
	assert.JSONEq(t, `{"type":"ping"}`, string(body))
}

func TestAnswersAreClassed(t *testing.T) {
	t.Parallel()
	for status, fail := range map[int]string{200: "", 202: "", 299: "", 304: subscriber.FailRedirect, 400: subscriber.FailStatus, 410: subscriber.FailStatus, 429: subscriber.FailStatus, 500: subscriber.FailStatus} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		r := send(t, here(t), s.URL)
		assert.Equal(t, status, r.Status)
		assert.Equal(t, fail, r.Fail, status)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var followed atomic.Bool
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/inside" {
			followed.Store(true)
			return
		}
		http.Redirect(w, r, "/inside", http.StatusTemporaryRedirect)
	})
	r := send(t, here(t), s.URL)
	assert.Equal(t, subscriber.FailRedirect, r.Fail)
	assert.False(t, followed.Load())
}

func TestNoRequestReachesOurOwnNetwork(t *testing.T) {
	t.Parallel()
	var reached atomic.Bool
	s := serve(t, func(http.ResponseWriter, *http.Request) { reached.Store(true) })
	port := netip.MustParseAddrPort(s.Listener.Addr().String()).Port()
	for _, host := range []string{"127.0.0.1", "[::ffff:127.0.0.1]", "localhost", "127.1", "2130706433", "0x7f000001", "0.0.0.0", "[::1]"} {
		r := send(t, subscriber.Config{Guard: guard(t)}, "http://"+host+":"+itoa(port)+"/")
		assert.Contains(t, []string{subscriber.FailForbidden, subscriber.FailDNS}, r.Fail, host)
		assert.Zero(t, r.Status)
	}
	assert.False(t, reached.Load())
}

// A name server that answers with a public address first, when the subscription is looked at, and with ours later.
func TestRebindingNamesDoNotHelp(t *testing.T) {
	t.Parallel()
	var reached atomic.Bool
	s := serve(t, func(http.ResponseWriter, *http.Request) { reached.Store(true) })
	port := netip.MustParseAddrPort(s.Listener.Addr().String()).Port()
	ns := nameServer(t, func(n int32) [4]byte {
		if n == 1 {
			return [4]byte{192, 0, 2, 1}
		}
		return [4]byte{127, 0, 0, 1}
	})
	g := guard(t)
	require.Empty(t, g.CheckURL("http://rebind.example.com:"+itoa(port)+"/"))
	for range 3 {
		r := send(t, subscriber.Config{Guard: g, Resolver: ns}, "http://rebind.example.com:"+itoa(port)+"/")
		assert.Equal(t, subscriber.FailForbidden, r.Fail)
	}
	assert.False(t, reached.Load())
	// The same name server, and the network allowed: it is the guard that refused.
	r := send(t, subscriber.Config{Guard: guard(t, "127.0.0.0/8"), Resolver: ns}, "http://rebind.example.com:"+itoa(port)+"/")
	assert.Empty(t, r.Fail)
	assert.True(t, reached.Load())
}

func TestEnvironmentsProxyIsNotUsed(t *testing.T) {
	var proxied atomic.Bool
	proxy := serve(t, func(http.ResponseWriter, *http.Request) { proxied.Store(true) })
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	r := send(t, subscriber.Config{Guard: guard(t), Resolver: nameServer(t, func(int32) [4]byte { return [4]byte{10, 0, 0, 1} })}, "http://inside.example.com/")
	assert.Equal(t, subscriber.FailForbidden, r.Fail)
	assert.False(t, proxied.Load())
}

func TestFailuresAreClassed(t *testing.T) {
	t.Parallel()
	closed, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	secure.Config.ErrorLog = nil
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})
	broken := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	nobody := nameServer(t, nil)

	config := here(t)
	assert.Equal(t, subscriber.FailRefused, send(t, config, "http://"+closed.Addr().String()).Fail)
	assert.Equal(t, subscriber.FailTLS, send(t, config, secure.URL).Fail)
	assert.Equal(t, subscriber.FailTLS, send(t, config, "https"+plain.URL[len("http"):]).Fail)
	assert.Equal(t, subscriber.FailBroken, send(t, config, broken.URL).Fail)
	assert.Equal(t, subscriber.FailInvalid, send(t, config, "http://exa mple/").Fail)
	config.Resolver = nobody
	assert.Equal(t, subscriber.FailDNS, send(t, config, "http://nobody.example.com/").Fail)

	trusting := here(t)
	trusting.RootCAs = x509.NewCertPool()
	trusting.RootCAs.AddCert(secure.Certificate())
	assert.Equal(t, 404, send(t, trusting, secure.URL).Status)
}

func TestSlowAndEndlessAnswersEnd(t *testing.T) {
	t.Parallel()
	silent := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then a server sees that its client has left
		<-r.Context().Done()
	})
	endless := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	})
	config := here(t)
	config.Timeout = 300 * time.Millisecond
	began := time.Now()
	assert.Equal(t, subscriber.FailTimeout, send(t, config, silent.URL).Fail)
	assert.Equal(t, 200, send(t, config, endless.URL).Status)
	assert.Less(t, time.Since(began), 5*time.Second)

	huge := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Huge", string(make([]byte, 1<<20))) })
	assert.NotEmpty(t, send(t, config, huge.URL).Fail)
}

func TestSecretsThatCannotSignAreOurFault(t *testing.T) {
	t.Parallel()
	_, err := subscriber.New(here(t)).Send(t.Context(), subscriber.Message{URL: "http://127.0.0.1/", Secret: "whsec_?", ID: "x"})
	require.ErrorContains(t, err, "secret")
}

// nameServer answers every question for an IPv4 address with answer(n-th question), or that there is none.
func nameServer(t testing.TB, answer func(n int32) [4]byte) *net.Resolver {
	t.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, conn.Close()) })
	var asked atomic.Int32
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if reply := resolve(buf[:n], answer, &asked); reply != nil {
				_, _ = conn.WriteTo(reply, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func resolve(question []byte, answer func(n int32) [4]byte, asked *atomic.Int32) []byte {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) == 0 {
		return nil
	}
	m.Response, m.Additionals = true, nil
	if answer == nil {
		m.RCode = dnsmessage.RCodeNameError
	} else if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 0},
			Body:   &dnsmessage.AResource{A: answer(asked.Add(1))},
		}}
	}
	reply, err := m.Pack()
	if err != nil {
		return nil
	}
	return reply
}

func itoa(port uint16) string {
	return netip.AddrPortFrom(netip.IPv4Unspecified(), port).String()[len("0.0.0.0:"):]
}
