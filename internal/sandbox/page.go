package sandbox

import (
	"embed"
	"net/http"
)

//go:embed page
var pageFiles embed.FS

// servePage serves a file of the page that shows inbox and ledger. Mails are somebody else's HTML: the page may run its
// own script only, and mails none.
func servePage(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy",
			"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'")
		w.Header().Set("Cache-Control", "no-store")
		http.ServeFileFS(w, r, pageFiles, "page/"+name)
	}
}
