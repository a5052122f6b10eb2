package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/time/rate"
)

const (
	clockSkew      = 60 * time.Second // between the issuer and us
	issuerTimeout  = 5 * time.Second
	issuerPause    = 5 * time.Second // between two tries to reach an issuer that is away
	issuerRate     = 1               // questions a second to the issuer
	issuerBurst    = 5
	longestSubject = 255
)

// oidcTokens are callers that an OpenID Connect issuer vouches for. The issuer is asked when it is first needed, and its
// keys again whenever a token names one that is not known yet.
type oidcTokens struct {
	issuer, audience string
	now              func() time.Time
	client           *http.Client

	mu     sync.Mutex
	asking *oidc.IDTokenVerifier // asks the issuer for keys that are not known
	wary   *oidc.IDTokenVerifier // does not
	failed time.Time
}

func newOIDC(issuer, audience string, now func() time.Time) *oidcTokens {
	client := &http.Client{Timeout: issuerTimeout, Transport: &sparing{rate.NewLimiter(issuerRate, issuerBurst), http.DefaultTransport}}
	return &oidcTokens{issuer: issuer, audience: audience, now: now, client: client}
}

// sparing asks the issuer only so often: any token can name a key that nobody knows, and would have us ask for it.
type sparing struct {
	limit *rate.Limiter
	next  http.RoundTripper
}

var errAskedTooOften = errors.New("api: the OIDC issuer was asked often enough")

func (s *sparing) RoundTrip(r *http.Request) (*http.Response, error) {
	if !s.limit.Allow() {
		return nil, errAskedTooOften
	}
	return s.next.RoundTrip(r)
}

// issuerKeys tells keys that could not be fetched from a signature that is wrong, which the verifier does not.
type issuerKeys struct{ remote oidc.KeySet }

type keysAskedKey struct{}

// keysAsked is what came of asking for the issuer's keys for one token.
type keysAsked struct{ failed error }

func (k issuerKeys) VerifySignature(ctx context.Context, raw string) ([]byte, error) {
	payload, err := k.remote.VerifySignature(ctx, raw)
	if err != nil && strings.HasPrefix(err.Error(), "fetching keys ") {
		if asked, ok := ctx.Value(keysAskedKey{}).(*keysAsked); ok {
			asked.failed = err
		}
	}
	return payload, err
}

var errIssuerAway = errors.New("api: the OIDC issuer does not answer")

// ready makes the verifiers when the issuer is first needed.
func (o *oidcTokens) ready() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.asking != nil {
		return nil
	}
	if o.now().Sub(o.failed) < issuerPause {
		return errIssuerAway
	}
	// Not a request's context: the provider keeps it to fetch keys with.
	ctx := oidc.ClientContext(context.Background(), o.client)
	provider, err := oidc.NewProvider(ctx, o.issuer)
	var at struct {
		Keys string `json:"jwks_uri"`
	}
	if err == nil {
		err = provider.Claims(&at)
	}
	if err != nil {
		o.failed = o.now()
		return fmt.Errorf("%w: %w", errIssuerAway, err)
	}
	kept := &keptKeys{now: o.now, next: o.client.Transport}
	o.asking = o.verifier(at.Keys, kept.asking())
	o.wary = o.verifier(at.Keys, kept)
	return nil
}

// verifier checks tokens by the keys that the transport brings.
func (o *oidcTokens) verifier(keysAt string, transport http.RoundTripper) *oidc.IDTokenVerifier {
	ctx := oidc.ClientContext(context.Background(), &http.Client{Timeout: issuerTimeout, Transport: transport})
	return oidc.NewVerifier(o.issuer, issuerKeys{oidc.NewRemoteKeySet(ctx, keysAt)}, &oidc.Config{
		ClientID:             o.audience,
		SupportedSigningAlgs: []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512},
		Now:                  func() time.Time { return o.now().Add(-clockSkew) },
	})
}

func (o *oidcTokens) find(ctx context.Context, raw string, wary bool) (caller, error) {
	if err := o.ready(); err != nil {
		return caller{}, err
	}
	verifier := o.asking
	if wary {
		verifier = o.wary
	}
	var asked keysAsked
	token, err := verifier.Verify(context.WithValue(ctx, keysAskedKey{}, &asked), raw)
	switch {
	case asked.failed != nil:
		return caller{}, fmt.Errorf("%w: %w", errIssuerAway, asked.failed)
	case err != nil:
		return caller{}, errUnknownCaller
	}
	var claims struct {
		Roles []string `json:"roles"`
	}
	if err := token.Claims(&claims); err != nil || !plainName(token.Subject) || len(token.Subject) > longestSubject {
		return caller{}, errUnknownCaller
	}
	name := token.Issuer + issuerMark + token.Subject
	who := caller{id: oidcScheme + name, name: name}
	for _, r := range claims.Roles {
		if knownRole(role(r)) {
			who.roles = append(who.roles, role(r))
		}
	}
	return who, nil
}

// oidcScheme begins the id of every caller that the issuer vouches for.
const oidcScheme = "oidc:"

// plainName reports whether a name can be shown and stored: visible ASCII, not too long.
func plainName(s string) bool {
	return len(s) <= longestCaller && visible(s)
}
