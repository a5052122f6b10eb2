package api

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"shiming/internal/problem"
	"shiming/internal/web"
)

// lookupsAtOnce is how many tokens that may be anybody's are looked up at a time, so that strangers who send many leave the
// database to others.
const lookupsAtOnce = 2

// knowHolder looks whose the token is that a call without a bearer token brings. The holder of a right one is a caller of
// their own, whom nothing that strangers send can hold up or use up; a wrong one is a guess, which leaves nothing behind.
func (s *server) knowHolder(ctx huma.Context, next func(huma.Context)) {
	if !routeOf(ctx).public {
		next(ctx)
		return
	}
	r, w := humago.Unwrap(ctx)
	token := tokenIn(bodyOf(r))
	known, err := s.knowsToken(r.Context(), token)
	if err != nil {
		write(w, s.problemOf(r.Context(), err))
		return
	}
	req := requestOf(r.Context())
	if known {
		web.Known(r.Context())
		req.caller = caller{id: "objection:" + hex.EncodeToString(s.Keys.Fingerprint("objection caller", token))}
		next(ctx)
		return
	}
	if p := s.unauthorized(r); p.Status == http.StatusTooManyRequests {
		write(w, p)
		return
	}
	req.stranger = true
	next(ctx)
}

// tokenIn is the token in a body, or empty.
func tokenIn(body []byte) string {
	var in objection
	if err := json.Unmarshal(body, &in.Body); err != nil || !visible(in.Body.Token) || len(in.Body.Token) > longestToken {
		return ""
	}
	return in.Body.Token
}

// longestToken is what the document allows.
const longestToken = 200

func (s *server) knowsToken(ctx context.Context, token string) (bool, error) {
	if token == "" {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, plainWithin)
	defer cancel()
	if err := s.lookups.Acquire(ctx, 1); err != nil {
		return false, problem.New(problem.CodeEngineUnavailable)
	}
	defer s.lookups.Release(1)
	return s.Store.KnowsObjection(ctx, token)
}
