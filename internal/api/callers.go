package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

// caller is who makes a call.
type caller struct {
	id    string // with where it is known from: one id, one rate limit, one space of idempotency keys
	name  string // as reviews and the timeline show it
	roles []role
}

// callers knows callers by their bearer tokens.
type callers struct {
	static staticTokens
	oidc   *oidcTokens // nil: none configured
}

var errNobody = errors.New("api: nobody may call: set API_TOKENS_FILE, or OIDC_ISSUER with OIDC_AUDIENCE")

func newCallers(a Auth, now func() time.Time) (*callers, error) {
	c := &callers{}
	var err error
	if a.TokensFile != "" {
		if c.static, err = readTokens(a.TokensFile); err != nil {
			return nil, err
		}
	}
	switch {
	case a.OIDCIssuer != "" && a.OIDCAudience == "":
		return nil, errors.New("api: OIDC_ISSUER needs OIDC_AUDIENCE")
	case a.OIDCIssuer != "":
		c.oidc = newOIDC(a.OIDCIssuer, a.OIDCAudience, now)
	}
	if len(c.static) == 0 && c.oidc == nil {
		return nil, errNobody
	}
	return c, nil
}

// errUnknownCaller says that a token is nobody's.
var errUnknownCaller = errors.New("api: unknown token")

// of finds the caller of a request. Its error is [errUnknownCaller], or that the issuer cannot be asked. For one who has
// guessed too often (wary) the issuer is not asked: a token counts if it is right by what is known already.
func (c *callers) of(ctx context.Context, h http.Header, wary bool) (caller, error) {
	values := h.Values("Authorization")
	if len(values) != 1 {
		return caller{}, errUnknownCaller
	}
	scheme, token, found := strings.Cut(values[0], " ")
	token = strings.TrimSpace(token)
	if !found || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return caller{}, errUnknownCaller
	}
	if who, known := c.static.find(token); known {
		return who, nil
	}
	if c.oidc != nil && strings.Count(token, ".") == 2 {
		return c.oidc.find(ctx, token, wary)
	}
	return caller{}, errUnknownCaller
}
