package codec

import (
	"net/http"
	"slices"

	"go.temporal.io/sdk/converter"

	"shiming/internal/vault"
)

// Handler is a codec server: Temporal's web interface and CLI send it payloads to read. Pages of the given origins
// ("http://127.0.0.1:8233") may call it from a browser, others not.
//
// It encrypts nothing: asked to, it gives back what it was given. Whoever could have that done would write to workflows as the
// product does.
//
// It asks for no password. Whoever reaches it reads payloads, so it belongs on the loopback or behind a proxy that knows
// its users.
func Handler(keys *vault.Keys, origins ...string) http.Handler {
	codecs := converter.NewPayloadCodecHTTPHandler(Reader(keys))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Origin")
		if origin := r.Header.Get("Origin"); origin != "" {
			if !slices.Contains(origins, origin) {
				http.Error(w, "origin not allowed", http.StatusForbidden)
				return
			}
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Access-Control-Allow-Methods", "POST, OPTIONS")
			w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Namespace")
			w.Header().Set("Access-Control-Allow-Credentials", "true")
		}
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		codecs.ServeHTTP(w, r)
	})
}
