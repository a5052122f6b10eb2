package api

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"shiming/internal/problem"
	"shiming/registration"
)

const (
	bodyLimit   = 2 << 20          // bytes of a JSON body
	reportLimit = 64 << 10         // bytes of a webhook's
	bodyWithin  = 10 * time.Second // for a JSON body to arrive
)

// takeBody reads the body before anything else happens, within its size and time, and hands on a call that has it in
// memory. A file goes to its place, sealed, instead.
func (s *server) takeBody(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	r = r.WithContext(ctx.Context())
	rt := routeOf(ctx)
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil { // what cannot be read would be left out
		write(w, problem.FromFields(registration.FieldError{Location: "query", Code: codeInvalid, Message: "The query cannot be read."}))
		return
	}
	switch {
	case rt.upload:
		s.takeFile(ctx, r, w, next)
		return
	case !rt.mutates():
		r.Body = http.NoBody
		next(humago.NewContext(ctx.Operation(), r, w))
		return
	}
	limit := int64(bodyLimit)
	if rt.signed != "" {
		limit = reportLimit
	}
	body, p := readBody(r, w, limit)
	if p == nil && rt.signed != "" && !s.hooks[rt.signed].verify(body, r.Header) {
		p = problem.New(problem.CodeUnauthorized)
	}
	if p == nil && !utf8.Valid(body) { // no JSON (RFC 8259, section 8.1), whatever a decoder makes of it
		p = problem.New(problem.CodeMalformedRequest)
	}
	if p == nil && ctx.Operation().RequestBody == nil {
		p = bodiless(body)
	}
	if p != nil {
		write(w, p)
		return
	}
	requestOf(r.Context()).nulls = nulls(body)
	r.Header.Set("Content-Type", strings.ToLower(r.Header.Get("Content-Type"))) // any case will do (RFC 9110, section 8.3.1)
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	next(humago.NewContext(ctx.Operation(), r, w))
}

func readBody(r *http.Request, w http.ResponseWriter, limit int64) ([]byte, *problem.Problem) {
	deadline := http.NewResponseController(w)
	// Not every writer has a connection below it (tests have none): then there is nothing to limit.
	_ = deadline.SetReadDeadline(time.Now().Add(bodyWithin))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	_ = deadline.SetReadDeadline(time.Time{})
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, problem.New(problem.CodeDocumentTooLarge, problem.WithDetail("Send a smaller body."))
	case err != nil:
		return nil, problem.New(problem.CodeMalformedRequest)
	}
	return body, nil
}

// bodyOf is the body that takeBody has read.
func bodyOf(r *http.Request) []byte {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil // it is in memory: reading it cannot fail
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body
}
