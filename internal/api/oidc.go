package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

const (
	clockSkew      = 60 * time.Second // between the issuer and us
	issuerTimeout  = 5 * time.Second
	issuerPause    = 5 * time.Second // between two tries to reach an issuer that is away
	longestSubject = 255
)

// oidcTokens are callers that an OpenID Connect issuer vouches for. The issuer is asked when it is first needed, and its
// keys again whenever a token names one that is not known yet.
type oidcTokens struct {
	issuer, audience string
	now              func() time.Time
	client           *http.Client

	mu       sync.Mutex
	verifier *oidc.IDTokenVerifier
	failed   time.Time
}

func newOIDC(issuer, audience string, now func() time.Time) *oidcTokens {
	return &oidcTokens{issuer: issuer, audience: audience, now: now, client: &http.Client{Timeout: issuerTimeout}}
}

var errIssuerAway = errors.New("api: the OIDC issuer does not answer")

func (o *oidcTokens) ready() (*oidc.IDTokenVerifier, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.verifier != nil {
		return o.verifier, nil
	}
	if o.now().Sub(o.failed) < issuerPause {
		return nil, errIssuerAway
	}
	// Not a request's context: the provider keeps it to fetch keys with.
	provider, err := oidc.NewProvider(oidc.ClientContext(context.Background(), o.client), o.issuer)
	if err != nil {
		o.failed = o.now()
		return nil, fmt.Errorf("%w: %w", errIssuerAway, err)
	}
	o.verifier = provider.VerifierContext(oidc.ClientContext(context.Background(), o.client), &oidc.Config{
		ClientID:             o.audience,
		SupportedSigningAlgs: []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512},
		Now:                  func() time.Time { return o.now().Add(-clockSkew) },
	})
	return o.verifier, nil
}

func (o *oidcTokens) find(ctx context.Context, raw string) (caller, error) {
	verifier, err := o.ready()
	if err != nil {
		return caller{}, err
	}
	token, err := verifier.Verify(ctx, raw)
	if err != nil {
		return caller{}, errUnknownCaller
	}
	var claims struct {
		Roles []string `json:"roles"`
	}
	if err := token.Claims(&claims); err != nil || !plainName(token.Subject) {
		return caller{}, errUnknownCaller
	}
	who := caller{id: "oidc:" + token.Subject, name: token.Subject}
	for _, r := range claims.Roles {
		if knownRole(role(r)) {
			who.roles = append(who.roles, role(r))
		}
	}
	return who, nil
}

// plainName reports whether a name can be shown and stored: visible ASCII, not too long.
func plainName(s string) bool {
	return len(s) <= longestSubject && visible(s)
}
