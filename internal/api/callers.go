package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// caller is who makes a call.
type caller struct {
	id string // the name, with where it is known from: one id, one rate limit, one space of idempotency keys
	// name is who it is, wherever persons are told apart: as reviews, grants and the timeline show it. A static token's is its name
	// in the file; of an issuer's subject see [issuerMark].
	name  string
	roles []role
}

// issuerMark stands between issuer and subject in a caller's name. An issuer has none of its own, and neither has a static
// token's name, so that no two callers share a name, whoever is called how elsewhere.
const issuerMark = "#"

// longestCaller is of a name: two parts and the mark.
const longestCaller = 2*longestSubject + len(issuerMark)

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
	case strings.Contains(a.OIDCIssuer, issuerMark), len(a.OIDCIssuer) > longestSubject:
		return nil, fmt.Errorf("api: OIDC_ISSUER must have no %s, and %d characters at most", issuerMark, longestSubject)
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
