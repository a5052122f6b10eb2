package api

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"shiming/internal/chinaid"
	"shiming/internal/problem"
	"shiming/registration"
)

// name tells whoever observes the request which operation it is.
func (s *server) name(ctx huma.Context, next func(huma.Context)) {
	if seen := sightOf(ctx.Context()); seen != nil {
		seen.operation = ctx.Operation().OperationID
	}
	next(huma.WithContext(ctx, withRequest(ctx.Context(), &request{started: s.Now()})))
}

// admit lets a call pass whose caller is known, has a role for it and is within the rate. Signed calls are admitted when
// their body has been read.
func (s *server) admit(ctx huma.Context, next func(huma.Context)) {
	if routeOf(ctx).signed != "" {
		next(ctx)
		return
	}
	r, w := humago.Unwrap(ctx)
	if routeOf(ctx).public {
		// All of them share one rate, which is more than anybody needs and less than guessing a token takes.
		if wait, ok := s.limits.take(everybody); !ok {
			write(w, problem.New(problem.CodeRateLimited, problem.WithRetryAfter(wait)))
			return
		}
		requestOf(ctx.Context()).caller = caller{id: everybody}
		next(ctx)
		return
	}
	who, err := s.callers.of(ctx.Context(), r.Header)
	switch {
	case errors.Is(err, errIssuerAway):
		s.Log.ErrorContext(ctx.Context(), "tokens cannot be checked", "error", err)
		write(w, problem.New(problem.CodeEngineUnavailable))
		return
	case err != nil:
		write(w, problem.New(problem.CodeUnauthorized))
		return
	}
	if wait, ok := s.limits.take(who.id); !ok {
		write(w, problem.New(problem.CodeRateLimited, problem.WithRetryAfter(wait)))
		return
	}
	if !mayCall(ctx.Operation().OperationID, who.roles) {
		write(w, problem.New(problem.CodeForbidden))
		return
	}
	requestOf(ctx.Context()).caller = who
	next(ctx)
}

// nobody refuses a path that says who somebody is before anything of it is kept: no id of ours does, and no account's.
func (s *server) nobody(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	if slices.ContainsFunc(strings.Split(r.URL.Path, "/"), chinaid.Identifies) {
		write(w, problem.New(registration.CodeNotFound))
		return
	}
	next(ctx)
}

// everybody is the caller of what needs no token. No caller with a token has such an id.
const everybody = ""

// write answers with a problem, outside of huma.
func write(w http.ResponseWriter, p *problem.Problem) {
	maps.Copy(w.Header(), p.GetHeaders())
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client is gone; nobody is left to tell
}

// detached is a context that a client's leaving does not end: what was begun is finished, and its answer kept.
func detached(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }
