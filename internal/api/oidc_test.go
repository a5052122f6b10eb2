package api

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"
)

const audience = "shiming"

// issuer is an OpenID Connect issuer with one key at a time.
type issuer struct {
	t      *testing.T
	server *httptest.Server

	mu    sync.Mutex
	key   jose.JSONWebKey
	away  bool // its keys cannot be had
	asked int  // for its keys
}

func newIssuer(t *testing.T) *issuer {
	i := &issuer{t: t}
	i.rotate("key-1")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": i.server.URL, "jwks_uri": i.server.URL + "/keys", "authorization_endpoint": i.server.URL + "/auth",
			"token_endpoint": i.server.URL + "/token", "id_token_signing_alg_values_supported": []string{"ES256", "HS256", "none"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.asked++; i.away {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{i.key.Public()}})
	})
	i.server = httptest.NewServer(mux)
	t.Cleanup(i.server.Close)
	return i
}

func (i *issuer) rotate(id string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(i.t, err)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.key = jose.JSONWebKey{Key: key, KeyID: id, Algorithm: string(jose.ES256), Use: "sig"}
}

type claims struct {
	jwt.Claims
	Roles any `json:"roles,omitempty"`
}

// claims of a reviewer's good token, to be spoilt.
func (i *issuer) claims(now time.Time) claims {
	return claims{
		Claims: jwt.Claims{Issuer: i.server.URL, Subject: "anna", Audience: jwt.Audience{audience}, Expiry: jwt.NewNumericDate(now.Add(time.Hour)), IssuedAt: jwt.NewNumericDate(now)},
		Roles:  []string{"reviewer"},
	}
}

func (i *issuer) sign(c claims) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: i.key}, nil)
	require.NoError(i.t, err)
	token, err := jwt.Signed(signer).Claims(c).Serialize()
	require.NoError(i.t, err)
	return token
}

func find(t *testing.T, cs *callers, token string) (caller, error) {
	t.Helper()
	return cs.of(context.Background(), http.Header{"Authorization": {"Bearer " + token}}, false)
}

func TestOIDCTokensAreCheckedInEveryPart(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	now := time.Now()
	cs, err := newCallers(Auth{OIDCIssuer: i.server.URL, OIDCAudience: audience}, time.Now)
	require.NoError(t, err)

	who, err := find(t, cs, i.sign(i.claims(now)))
	require.NoError(t, err)
	require.Equal(t, i.server.URL+"#anna", who.name)
	require.Equal(t, []role{reviewer}, who.roles)

	late := i.claims(now)
	late.Expiry = jwt.NewNumericDate(now.Add(-30 * time.Second))
	_, err = find(t, cs, i.sign(late))
	require.NoError(t, err, "within the clock skew")

	spoilt := map[string]func(*claims){
		"expired":        func(c *claims) { c.Expiry = jwt.NewNumericDate(now.Add(-2 * time.Minute)) },
		"never expires":  func(c *claims) { c.Expiry = nil },
		"wrong audience": func(c *claims) { c.Audience = jwt.Audience{"other"} },
		"wrong issuer":   func(c *claims) { c.Issuer = "https://evil.example.com" },
		"not yet valid":  func(c *claims) { c.NotBefore = jwt.NewNumericDate(now.Add(time.Hour)) },
		"no subject":     func(c *claims) { c.Subject = "" },
		"odd subject":    func(c *claims) { c.Subject = "anna\nops" },
		"long subject":   func(c *claims) { c.Subject = strings.Repeat("a", 256) },
	}
	for name, spoil := range spoilt {
		c := i.claims(now)
		spoil(&c)
		_, err := find(t, cs, i.sign(c))
		require.ErrorIs(t, err, errUnknownCaller, name)
	}
}

func TestOIDCTokensSignedOtherwiseAreRefused(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	cs, err := newCallers(Auth{OIDCIssuer: i.server.URL, OIDCAudience: audience}, time.Now)
	require.NoError(t, err)
	payload, err := json.Marshal(i.claims(time.Now()))
	require.NoError(t, err)
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload) + "."
	_, err = find(t, cs, none)
	require.ErrorIs(t, err, errUnknownCaller, "alg none")

	// The public key as an HMAC secret: the classic confusion.
	public, err := json.Marshal(i.key.Public())
	require.NoError(t, err)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: public}, nil)
	require.NoError(t, err)
	confused, err := jwt.Signed(signer).Claims(i.claims(time.Now())).Serialize()
	require.NoError(t, err)
	_, err = find(t, cs, confused)
	require.ErrorIs(t, err, errUnknownCaller, "alg HS256")

	_, err = find(t, cs, "a.b.c")
	require.ErrorIs(t, err, errUnknownCaller)
}

func TestARotatedKeyIsFetched(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	cs, err := newCallers(Auth{OIDCIssuer: i.server.URL, OIDCAudience: audience}, time.Now)
	require.NoError(t, err)
	old := i.sign(i.claims(time.Now()))
	_, err = find(t, cs, old)
	require.NoError(t, err)
	i.rotate("key-2")
	_, err = find(t, cs, i.sign(i.claims(time.Now())))
	require.NoError(t, err)
	_, err = find(t, cs, old)
	require.ErrorIs(t, err, errUnknownCaller, "the issuer has withdrawn the old key")
}

func TestAnIssuerThatIsAwayIsNotTheCallersFault(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	token := i.sign(i.claims(time.Now()))
	cs, err := newCallers(Auth{OIDCIssuer: "http://127.0.0.1:1", OIDCAudience: audience}, time.Now)
	require.NoError(t, err)
	_, err = find(t, cs, token)
	require.ErrorIs(t, err, errIssuerAway)
}

func TestKeysThatCannotBeHadAreNotTheCallersFault(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	w := newWorld(t, func(d *Deps) { d.Auth.OIDCIssuer, d.Auth.OIDCAudience = i.server.URL, audience })
	as := call{w: w, header: http.Header{"Authorization": {"Bearer " + i.sign(i.claims(time.Now()))}}}
	i.away = true
	as.get("/v1/reviews").refused(503, "engine_unavailable")
	i.mu.Lock()
	i.away = false
	i.mu.Unlock()
	as.get("/v1/reviews").ok(200)
}

// Tokens that name keys nobody knows do not have the issuer asked for each.
func TestTheIssuerIsSpared(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	cs, err := newCallers(Auth{OIDCIssuer: i.server.URL, OIDCAudience: audience}, time.Now)
	require.NoError(t, err)
	known := i.sign(i.claims(time.Now()))
	_, err = find(t, cs, known)
	require.NoError(t, err)
	stranger := newIssuer(t)
	stranger.rotate("key-of-another")
	for range 30 {
		_, err := find(t, cs, stranger.sign(i.claims(time.Now())))
		require.Error(t, err)
	}
	require.Less(t, i.asked, 15)
	_, err = find(t, cs, known)
	require.NoError(t, err, "a key that is known needs no question")
}

func TestOIDCCallersHaveTheirRoles(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	w := newWorld(t, func(d *Deps) { d.Auth.OIDCIssuer, d.Auth.OIDCAudience = i.server.URL, audience })
	as := func(roles any) call {
		c := i.claims(time.Now())
		c.Roles = roles
		return call{w: w, header: http.Header{"Authorization": {"Bearer " + i.sign(c)}}}
	}
	as([]string{"reviewer"}).get("/v1/reviews").ok(200)
	as([]string{"platform"}).get("/v1/reviews").refused(403, "forbidden")
	as([]string{"admin"}).get("/v1/registrations").refused(403, "forbidden")
	as(nil).get("/v1/registrations").refused(403, "forbidden")
	as("reviewer").get("/v1/reviews").refused(401, "unauthorized")
	w.as("reviewer").get("/v1/reviews").ok(200)
}
