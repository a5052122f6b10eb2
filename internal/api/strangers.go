package api

import (
	"net/http"
	"strconv"
	"strings"

	"shiming/internal/problem"
)

const (
	guessesAtOnce  = 5 // minutes' worth of wrong tokens that an address may send at once
	pagesPerSecond = 20
	pagesAtOnce    = 200
)

// from is the address that a stranger is held to.
func (s *server) from(r *http.Request) string { return s.proxies.Client(r).String() }

// unauthorized refuses who has shown nothing to be known by: a wrong token or signature, or none. An address that sends many
// of them is told to wait. Whoever behind the same address is right never comes here.
func (s *server) unauthorized(r *http.Request) *problem.Problem {
	if wait, ok := s.guesses.take(s.from(r)); !ok {
		return problem.New(problem.CodeRateLimited, problem.WithRetryAfter(wait),
			problem.WithDetail("Too many calls from this address had no valid token or signature. Mend the one you send, then try again."))
	}
	return problem.New(problem.CodeUnauthorized)
}

// sparing holds each address to a rate for the documents that are for everybody, the only large ones. Probes and the page for
// objections come as often as they like.
func (s *server) sparing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/docs") || strings.HasPrefix(r.URL.Path, "/openapi") {
			if wait, ok := s.pages.take(s.from(r)); !ok {
				write(w, problem.New(problem.CodeRateLimited, problem.WithRetryAfter(wait)))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// page serves a file that never changes.
func page(w http.ResponseWriter, contentType string, content []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content) // the client is gone; nobody is left to tell
}
