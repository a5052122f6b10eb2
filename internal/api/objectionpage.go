package api

import (
	_ "embed"
	"net/http"
)

// The page that the notice's link leads to.
var (
	//go:embed objection.html
	objectionHTML []byte
	//go:embed objection.css
	objectionCSS []byte
	//go:embed objection.js
	objectionJS []byte
)

// objectionPolicy allows the page its own style and script, and a call to this API.
const objectionPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// objectionPage serves a page for people: the holder of an account who was told of a clearing, and has no token to call with.
func (s *server) objectionPage() {
	for path, file := range map[string]struct {
		contentType string
		content     []byte
	}{
		"/objections":           {"text/html; charset=utf-8", objectionHTML},
		"/objections/style.css": {"text/css; charset=utf-8", objectionCSS},
		"/objections/page.js":   {"text/javascript; charset=utf-8", objectionJS},
	} {
		s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			named(r, "objections")
			w.Header().Set("Content-Security-Policy", objectionPolicy)
			page(w, file.contentType, file.content)
		})
	}
}
