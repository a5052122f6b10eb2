package api

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"
)

// fromAddress calls from an address: the proxy in front of the test is trusted.
func (w *world) fromAddress(address, as string) call {
	return call{w: w, as: as, header: http.Header{"X-Forwarded-For": {address}}}
}

func watchful(d *Deps) {
	d.UnauthorizedPerMinute = 4 // and five times that at once
	d.TrustedProxies = []string{"127.0.0.0/8", "::1/128"}
}

// Wrong tokens use up an address's guesses, and nobody else's: not even those of who is right behind the same address.
func TestWrongTokensAreLimitedByAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, watchful)
	noisy := w.fromAddress("203.0.113.7", "nobody")
	for range 20 {
		noisy.get("/v1/registrations").refused(401, "unauthorized")
	}
	for _, c := range []call{noisy, w.fromAddress("203.0.113.7", "")} {
		a := c.get("/v1/registrations").refused(429, "rate_limited")
		require.Equal(t, "15", a.Header.Get("Retry-After"))
		c.post("/v1/webhooks/bank", "{}").refused(429, "rate_limited")
		c.post("/v1/identity-clearings/objections", `{"token": "guess"}`).refused(429, "rate_limited")
	}
	w.fromAddress("203.0.113.7", "platform").get("/v1/registrations").ok(200)
	w.fromAddress("203.0.113.8", "nobody").get("/v1/registrations").refused(401, "unauthorized")
	w.fromAddress("2001:db8:1:2::1", "nobody").get("/v1/registrations").refused(401, "unauthorized")
	bank := w.report("bank", bankSecret, "msg_1", time.Now(), unknownTransfer)
	require.Less(t, bank.Status, 300, "%s", bank.Raw)
}

func TestAnIPv6SubscriberIsOneAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, watchful)
	for i := range 20 {
		w.fromAddress("2001:db8:1:2::"+string(rune('a'+i%6)), "nobody").get("/v1/registrations").refused(401, "unauthorized")
	}
	w.fromAddress("2001:db8:1:2:ffff::1", "nobody").get("/v1/registrations").refused(429, "rate_limited")
	w.fromAddress("2001:db8:1:3::1", "nobody").get("/v1/registrations").refused(401, "unauthorized")
}

// Without trusted proxies nobody can take another address for each guess.
func TestACallersWordOnItsAddressIsNotBelieved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, watchful, func(d *Deps) { d.TrustedProxies = nil })
	for i := range 20 {
		w.fromAddress("203.0.113."+string(rune('1'+i%9)), "nobody").get("/v1/registrations").refused(401, "unauthorized")
	}
	w.fromAddress("198.51.100.1", "nobody").get("/v1/registrations").refused(429, "rate_limited")
}

// The issuer is not asked on behalf of an address that has guessed too often; its right tokens, old and new, pass all the same.
func TestAWrongClientDoesNotLockOutItsOffice(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	w := newWorld(t, watchful, func(d *Deps) { d.Auth.OIDCIssuer, d.Auth.OIDCAudience = i.server.URL, audience })
	as := func(token string) call {
		return call{w: w, header: http.Header{"X-Forwarded-For": {"203.0.113.7"}, "Authorization": {"Bearer " + token}}}
	}
	old := i.sign(i.claims(time.Now()))
	as(old).get("/v1/reviews").ok(200)
	stranger := newIssuer(t)
	stranger.rotate("key-of-another")
	limited := func() bool { // tokens that name a key nobody knows: the issuer is spared anyway, and answers 503 for a while
		return as("a.b.c").get("/v1/reviews").Status == http.StatusTooManyRequests
	}
	require.Eventually(t, limited, generous, time.Millisecond)
	asked := i.asked
	for range 30 {
		require.Equal(t, http.StatusTooManyRequests, as(stranger.sign(i.claims(time.Now()))).get("/v1/reviews").Status)
	}
	require.Equal(t, asked, i.asked)
	as(old).get("/v1/reviews").ok(200)
	anew := i.claims(time.Now())
	anew.ID = "another"
	anew.Expiry = jwt.NewNumericDate(time.Now().Add(2 * time.Hour))
	as(i.sign(anew)).get("/v1/reviews").ok(200)
}

// A new key of the issuer's is found within a minute, also for an address that is limited; and none is lost while it is away.
func TestKeptKeysAreRenewed(t *testing.T) {
	t.Parallel()
	now, body, status := time.Now(), "1", http.StatusOK
	kept := &keptKeys{now: func() time.Time { return now }, next: roundTrip(func(*http.Request) (*http.Response, error) {
		rec := httptest.NewRecorder()
		rec.WriteHeader(status)
		_, _ = rec.WriteString(body)
		return rec.Result(), nil
	})}
	get := func() string {
		resp, err := kept.RoundTrip(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/keys", nil))
		require.NoError(t, err)
		raw := make([]byte, 1)
		_, err = resp.Body.Read(raw)
		require.NoError(t, err)
		return string(raw)
	}
	require.Equal(t, "1", get())
	body = "2"
	require.Equal(t, "1", get(), "asked just now")
	now = now.Add(2 * keysFresh)
	status = http.StatusServiceUnavailable
	require.Equal(t, "1", get(), "it does not answer")
	status = http.StatusOK
	require.Equal(t, "2", get())
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestDocumentsAreLimitedByAddressAndProbesAreNot(t *testing.T) {
	t.Parallel()
	now := time.Now()
	w := newWorld(t, watchful, func(d *Deps) { d.Now = func() time.Time { return now } })
	noisy := w.fromAddress("203.0.113.7", "")
	for range pagesAtOnce {
		noisy.get("/docs/style.css").ok(200)
	}
	for _, path := range []string{"/docs", "/openapi.json"} {
		noisy.get(path).refused(429, "rate_limited")
		w.fromAddress("203.0.113.8", "").get(path).ok(200)
	}
	for _, path := range []string{"/healthz", "/readyz", "/objections", "/objections/page.js"} {
		noisy.get(path).ok(200)
	}
	noisy.get("/nowhere").refused(404, "not_found")
	w.fromAddress("203.0.113.7", "platform").get("/v1/registrations").ok(200)
}

// Whoever has many addresses makes us remember no more than so many.
func TestFewAddressesAreRemembered(t *testing.T) {
	t.Parallel()
	l := newLimits(1, 1, time.Now)
	for i := range mostLimits + 1000 {
		l.take(time.Unix(int64(i), 0).String())
	}
	require.LessOrEqual(t, len(l.of), mostLimits)
}
