package api

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"shiming/internal/chinaid"
	"shiming/internal/problem"
	"shiming/internal/web"
	"shiming/registration"
)

// name tells whoever observes the request which operation it is.
func (s *server) name(ctx huma.Context, next func(huma.Context)) {
	if seen := sightOf(ctx.Context()); seen != nil {
		seen.operation = ctx.Operation().OperationID
	}
	next(huma.WithContext(ctx, withRequest(ctx.Context(), &request{started: s.Now()})))
}

// admit lets a call pass whose caller is known, has a role for it and is within the rate. What is signed, or proves itself by
// what it holds, is admitted when its body has been read.
func (s *server) admit(ctx huma.Context, next func(huma.Context)) {
	if rt := routeOf(ctx); rt.signed != "" || rt.public {
		next(ctx)
		return
	}
	r, w := humago.Unwrap(ctx)
	who, err := s.callers.of(ctx.Context(), r.Header, s.guesses.spent(s.from(r)))
	switch {
	case errors.Is(err, errIssuerAway):
		s.Log.ErrorContext(ctx.Context(), "tokens cannot be checked", "error", err)
		write(w, problem.New(problem.CodeEngineUnavailable))
		return
	case err != nil:
		write(w, s.unauthorized(r))
		return
	}
	web.Known(ctx.Context())
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

// write answers with a problem, outside of huma. It says how long it is, for it may be followed by nothing, not even by the
// end of the connection.
func write(w http.ResponseWriter, p *problem.Problem) {
	body, err := json.Marshal(p)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	maps.Copy(w.Header(), p.GetHeaders())
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // the client is gone; nobody is left to tell
}

// detached is a context that a client's leaving does not end: what was begun is finished, and its answer kept.
func detached(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }
