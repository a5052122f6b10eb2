package api

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed docs.html.tmpl
var docsPage string

// docsPolicy allows the page its own style and nothing else: no scripts, nothing from elsewhere.
const docsPolicy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

//go:embed docs.css
var docsStyle []byte

// docs renders the document once, as a page that needs nothing from elsewhere.
func (s *server) docs() error {
	tmpl, err := template.New("docs").Parse(docsPage)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := tmpl.Execute(&out, readable(s.api.OpenAPI())); err != nil {
		return err
	}
	s.mux.HandleFunc("GET /docs", func(w http.ResponseWriter, r *http.Request) {
		named(r, "docs")
		w.Header().Set("Content-Security-Policy", docsPolicy)
		page(w, "text/html; charset=utf-8", out.Bytes())
	})
	s.mux.HandleFunc("GET /docs/style.css", func(w http.ResponseWriter, r *http.Request) {
		named(r, "docs")
		page(w, "text/css; charset=utf-8", docsStyle)
	})
	return nil
}
