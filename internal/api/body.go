package api

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"shiming/internal/problem"
	"shiming/internal/web"
	"shiming/registration"
)

const (
	bodyLimit   = 2 << 20  // bytes of a JSON body
	reportLimit = 64 << 10 // bytes of a webhook's
	publicLimit = 4 << 10  // bytes of what anybody may send
)

// takeBody reads the body before anything else happens, within its size, and hands on a call that has it in memory. A file
// goes to its place, sealed, instead. Package web sees to the time it takes.
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
	body, p := readBody(r, w, rt.bodyLimit())
	if p == nil && rt.signed != "" {
		p = s.checkSignature(r, rt.signed, body)
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

func (r route) bodyLimit() int64 {
	switch {
	case r.signed != "":
		return reportLimit
	case r.public:
		return publicLimit
	}
	return bodyLimit
}

// checkSignature lets a report pass that is signed by whom it says it is from.
func (s *server) checkSignature(r *http.Request, by party, body []byte) *problem.Problem {
	if !s.hooks[by].verify(body, r.Header) {
		return s.unauthorized(r)
	}
	web.Known(r.Context())
	return nil
}

func readBody(r *http.Request, w http.ResponseWriter, limit int64) ([]byte, *problem.Problem) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, problem.New(problem.CodeDocumentTooLarge, problem.WithDetail("Send a smaller body."))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, problem.New(problem.CodeMalformedRequest, problem.WithDetail("The body did not come in time. Send it again, without pauses."))
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
